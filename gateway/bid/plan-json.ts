import type { CompiledDeal } from '../../exchange/buyer-view.ts'
import { Kind } from '../../proto/bid-facts.ts'
import type { ImpPlace, JsonPlaces, Place } from '../../proto/json-places.ts'
import type { Bid } from './bid.ts'
import { type DataFragment, fragmentsOf, makeFragment } from './fragments.ts'
import { dataThere, dealsThere } from './read-there.ts'

/**
 * What will be added to one JSON request, after leaving out what it holds already and what it cannot
 * take: placed between its bytes (place-json.ts) or answered alone (additions-json.ts). Reused.
 */
export class JsonPlan {
  fragment: DataFragment | undefined
  /** Parallel: the imps that get deals, and which. */
  readonly imps: ImpPlace[] = []
  readonly impDeals: (readonly CompiledDeal[])[] = []

  get isEmpty(): boolean {
    return this.fragment === undefined && this.imps.length === 0
  }

  reset(): void {
    this.fragment = undefined
    if (this.imps.length > 0) {
      this.imps.length = 0
      this.impDeals.length = 0
    }
  }
}

const NONE: readonly never[] = []

/** Fills the bid's plan; where something was chosen and nothing can be added, its reason says why. */
export function planJson(bid: Bid): void {
  const { plan, selection, places } = bid
  const isAboutPerson = selection.count + selection.personDeals.length > 0
  const mayTell = !isAboutPerson || canTakePerson(places)
  const personDeals = mayTell ? selection.personDeals : NONE
  if (mayTell && selection.count > 0) plan.fragment = fragmentFor(bid)
  planDeals(bid, joined(selection.openDeals, personDeals))
  if (plan.isEmpty && bid.reason === '') bid.reason = whyNothing(bid, mayTell)
}

/** Additions about the person need `user.data`, or room for it. */
function canTakePerson({ user, data }: JsonPlaces): boolean {
  return isFree(user, Kind.object) && isFree(data, Kind.array)
}

/** Data objects for the chosen segments that the request does not hold yet; undefined where none is left. */
function fragmentFor(bid: Bid): DataFragment | undefined {
  const view = bid.view!
  const isThere = dataThere(bid.bytes, bid.places.data)
  const fragment = isThere
    ? makeFragment(view, bid.selection, isThere)
    : fragmentsOf(view).get(bid.selection)
  return fragment.segments === 0 ? undefined : fragment
}

function joined(open: readonly CompiledDeal[], person: readonly CompiledDeal[]) {
  if (person.length === 0) return open
  return open.length === 0 ? person : [...open, ...person]
}

function planDeals({ plan, places, bytes }: Bid, deals: readonly CompiledDeal[]): void {
  if (deals.length === 0 || places.imp.count !== 1) return
  for (let i = 0; i < places.impCount; i++) {
    const imp = places.imps[i]!
    if (!canTakeDeals(imp)) continue
    const there = dealsThere(bytes, imp.deals, deals)
    const added = there ? deals.filter((deal) => !there.has(deal.wireId)) : deals
    if (added.length === 0) continue
    plan.imps.push(imp)
    plan.impDeals.push(added)
  }
}

function canTakeDeals({ self, pmp, deals }: ImpPlace): boolean {
  return self.kind === Kind.object && isFree(pmp, Kind.object) && isFree(deals, Kind.array)
}

function whyNothing({ selection }: Bid, mayTell: boolean): string {
  if (!mayTell) return 'not_writable'
  const chosen = selection.count + selection.openDeals.length + selection.personDeals.length
  return chosen > 0 ? 'nothing_new' : 'nothing_entitled'
}

/** Absent, or there exactly once and of the type that can take additions. */
function isFree(place: Place, kind: number): boolean {
  return place.count === 0 || (place.count === 1 && place.kind === kind)
}
