import type { CompiledDeal } from '../../exchange/buyer-view.ts'
import type { ImpPlace, JsonPlaces } from '../../proto/json-places.ts'
import type { Edits } from './edits.ts'
import type { JsonPlan } from './plan-json.ts'

/** Turns a plan into edits: the request's own bytes stay, additions go between them. */
export function placeJson(plan: JsonPlan, places: JsonPlaces, edits: Edits): void {
  if (plan.fragment !== undefined) placeData(plan, places, edits)
  for (let i = 0; i < plan.imps.length; i++)
    placeDeals(plan.imps[i]!, dealFragment(plan.impDeals[i]!), edits)
}

/** After the last object of `user.data`; makes `data`, or `user`, where absent. */
function placeData({ fragment }: JsonPlan, { root, user, data }: JsonPlaces, edits: Edits): void {
  if (user.count === 0) edits.add(root.close, !root.empty, fragment!.user)
  else if (data.count === 0) edits.add(user.close, !user.empty, fragment!.data)
  else edits.add(data.close, !data.empty, fragment!.objects)
}

function placeDeals({ self, pmp, deals }: ImpPlace, fragment: DealFragment, edits: Edits): void {
  if (pmp.count === 0) edits.add(self.close, !self.empty, fragment.pmp)
  else if (deals.count === 0) edits.add(pmp.close, !pmp.empty, fragment.deals)
  else edits.add(deals.close, !deals.empty, fragment.objects)
}

/** Deals as JSON, ready for each of the three places they may go. */
interface DealFragment {
  /** `{…},{…}`: to follow what is in `deals`. */
  readonly objects: Buffer
  /** `"deals":[…]` */
  readonly deals: Buffer
  /** `"pmp":{"deals":[…]}` */
  readonly pmp: Buffer
}

/** One deal is the usual case: its JSON lives as long as the deal. */
const single = new WeakMap<CompiledDeal, DealFragment>()

function dealFragment(deals: readonly CompiledDeal[]): DealFragment {
  const only = deals.length === 1 ? deals[0] : undefined
  const known = only && single.get(only)
  if (known) return known
  const objects = deals.map((deal) => deal.json).join(',')
  const fragment = {
    objects: Buffer.from(objects),
    deals: Buffer.from(`"deals":[${objects}]`),
    pmp: Buffer.from(`"pmp":{"deals":[${objects}]}`),
  }
  if (only) single.set(only, fragment)
  return fragment
}
