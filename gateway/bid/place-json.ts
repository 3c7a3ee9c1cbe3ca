import type { Place, RequestPlaces } from '../../proto/request-places.ts'
import type { DealPiece } from './deal-pieces.ts'
import type { Edits } from './edits.ts'
import { type NestedJson, nestedJson } from './nested-json.ts'
import { placeUser } from './place-user.ts'
import type { Plan } from './plan-additions.ts'
import { transparencyJson } from './transparency-json.ts'

/** Turns a plan into edits: the request's own bytes stay, additions go between them. */
export function placeJson(plan: Plan, places: RequestPlaces, edits: Edits): void {
  const { root, user, data, regsExt, dsa, transparency } = places
  if (plan.ids !== undefined) placeUser(plan, places, edits)
  else if (plan.fragment !== undefined) place(edits, plan.fragment.json, root, user, data)
  for (let i = 0; i < plan.imps.length; i++) {
    const { self, pmp, deals } = plan.imps[i]!
    place(edits, dealsJson(plan.impDeals[i]!), self, pmp, deals)
  }
  if (plan.transparency !== undefined)
    place(edits, transparencyJson(plan.transparency), regsExt, dsa, transparency)
}

/** After the last object of `array`; makes the array, or `object` that holds it, where absent in `around`. */
function place(edits: Edits, json: NestedJson, around: Place, object: Place, array: Place): void {
  if (object.count === 0) edits.add(around.close, !around.empty, json.whole)
  else if (array.count === 0) edits.add(object.close, !object.empty, json.array)
  else edits.add(array.close, !array.empty, json.objects)
}

/** One deal is the usual case: its bytes are ready. */
function dealsJson(pieces: readonly DealPiece[]): NestedJson {
  if (pieces.length === 1) return pieces[0]!.json
  return nestedJson('pmp', 'deals', objectsOf(pieces))
}

/** `{…},{…}` of several deals. */
export function objectsOf(pieces: readonly DealPiece[]): string {
  return pieces.map(({ json }) => json.objects.toString()).join(',')
}

/** Absent, or there exactly once and of the type that can take additions. */
export function isFree(place: Place, kind: number): boolean {
  return place.count === 0 || (place.count === 1 && place.kind === kind)
}
