import type { RequestPlaces } from '../../proto/request-places.ts'
import type { Edits } from './edits.ts'
import type { JsonIds } from './ids-piece.ts'
import type { Plan } from './plan-additions.ts'

/** Places ids into `user`, and with them the segments: what has no list of its own yet becomes members beside each other. */
export function placeUser(plan: Plan, places: RequestPlaces, edits: Edits): void {
  const { root, user, data } = places
  const members: Buffer[] = []
  const { fragment } = plan
  const ids = plan.ids as JsonIds
  if (fragment !== undefined && data.count > 0)
    edits.add(data.close, !data.empty, fragment.json.objects)
  else if (fragment !== undefined) members.push(fragment.json.array)
  if (!isPlacedInside(edits, ids)) members.push(...eidMember(ids))
  if (ids.buyeruid !== undefined) members.push(ids.buyeruid)
  if (user.count === 0) edits.add(root.close, !root.empty, userOf(members))
  else for (const [i, one] of members.entries()) edits.add(user.close, i > 0 || !user.empty, one)
}

/** `"user":{…}` with all that a plan adds to it, for an answer of additions alone. */
export function userJson({ fragment, ids: given }: Plan): string {
  if (given === undefined) return fragment!.json.whole.toString()
  const ids = given as JsonIds
  const members = [
    ...(fragment === undefined ? [] : [fragment.json.array]),
    ...eidMember(ids),
    ...(ids.buyeruid === undefined ? [] : [ids.buyeruid]),
  ]
  return userOf(members).toString()
}

/** Into a list that is there, or into `ext` where that is; false where it takes a member of `user`. */
function isPlacedInside(edits: Edits, { eids, home, places }: JsonIds): boolean {
  if (eids === undefined) return true
  const list = home === 'user' ? places.eids : places.extEids
  if (list.count > 0) edits.add(list.close, !list.empty, eids.objects)
  else if (home === 'ext' && places.ext.count > 0)
    edits.add(places.ext.close, !places.ext.empty, eids.array)
  else return false
  return true
}

function eidMember({ eids, home }: JsonIds): Buffer[] {
  if (eids === undefined) return []
  return [home === 'user' ? eids.array : eids.whole]
}

function userOf(members: readonly Buffer[]): Buffer {
  return Buffer.from(`"user":{${members.join(',')}}`)
}
