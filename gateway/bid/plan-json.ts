import { Kind } from '../../proto/bid-facts.ts'
import type { ImpPlace, JsonPlaces } from '../../proto/json-places.ts'
import type { Bid } from './bid.ts'
import { type DealPiece, personPiece, plainPiece } from './deal-pieces.ts'
import { empty } from './empty.ts'
import { fragmentsOf } from './fragments.ts'
import { type IdsPiece, makeIds } from './ids-piece.ts'
import { type DataFragment, makeFragment } from './make-fragment.ts'
import type { NestedJson } from './nested-json.ts'
import { isFree } from './place-json.ts'
import { dataThere, dealsThere } from './read-there.ts'
import { planTransparency } from './transparency.ts'

/**
 * What will be added to one JSON request, after leaving out what it holds already and what it cannot
 * take: placed between its bytes (place-json.ts) or answered alone (additions-json.ts). Reused.
 */
export class JsonPlan {
  fragment: DataFragment | undefined
  /** Ids of the person. */
  ids: IdsPiece | undefined
  /** Deals that may be placed, those for anybody first. */
  readonly deals: DealPiece[] = []
  /** Some deal rests on contracts of its seller. */
  hasBilledDeals = false
  /** Parallel: the imps that get deals, and which. */
  readonly imps: ImpPlace[] = []
  readonly impDeals: (readonly DealPiece[])[] = []
  /** Those of `deals` that some imp gets, each once. */
  readonly placed: DealPiece[] = []
  /** Entries for `regs.ext.dsa.transparency`. */
  transparency: NestedJson | undefined

  get isEmpty(): boolean {
    return this.fragment === undefined && this.imps.length === 0 && this.ids === undefined
  }

  reset(): void {
    this.fragment = undefined
    this.ids = undefined
    this.transparency = undefined
    this.hasBilledDeals = false
    empty(this.deals)
    empty(this.imps)
    empty(this.impDeals)
    empty(this.placed)
  }
}

/** Fills the bid's plan; where something was chosen and nothing can be added, its reason says why. */
export function planJson(bid: Bid): void {
  const { plan, selection, places } = bid
  const isAboutPerson = selection.count + selection.personDeals.length > 0 || selection.hasIds
  const mayTell = !isAboutPerson || canTakePerson(places)
  if (mayTell && selection.count > 0) plan.fragment = fragmentFor(bid)
  if (mayTell && selection.hasIds) plan.ids = makeIds(bid)
  for (const deal of selection.openDeals) plan.deals.push(plainPiece(deal))
  if (mayTell) addPersonDeals(bid)
  planDeals(bid)
  if (plan.isEmpty) {
    if (bid.reason === '') bid.reason = whyNothing(bid, mayTell)
  } else if (isAboutPerson) planTransparency(bid)
}

/** Additions about the person need `user.data`, or room for it. */
export function canTakePerson({ user, data }: JsonPlaces): boolean {
  return isFree(user, Kind.object) && isFree(data, Kind.array)
}

/** Data objects for the chosen segments that the request does not hold yet; undefined where none is left. */
function fragmentFor(bid: Bid): DataFragment | undefined {
  const view = bid.view!
  const mint = bid.rooms.usage.mint()
  const isThere = dataThere(bid.bytes, bid.places.data)
  const fragment = isThere
    ? makeFragment(view, bid.selection, { mint, isThere })
    : fragmentsOf(view).get(bid.selection, mint)
  bid.selection.leftOut.token_full = fragment.tokenFull
  return fragment.segments.length === 0 ? undefined : fragment
}

function addPersonDeals(bid: Bid): void {
  const { plan, selection } = bid
  for (const deal of selection.personDeals) {
    const piece = personPiece(bid, deal)
    if (piece === undefined) continue
    plan.deals.push(piece)
    if (piece.cell !== undefined || piece.token !== undefined) plan.hasBilledDeals = true
  }
}

function planDeals({ plan, places, bytes }: Bid): void {
  const { deals } = plan
  if (deals.length === 0 || places.imp.count !== 1) return
  for (let i = 0; i < places.impCount; i++) {
    const imp = places.imps[i]!
    if (!canTakeDeals(imp)) continue
    const there = dealsThere(bytes, imp.deals, deals)
    const added = there ? deals.filter(({ deal }) => !there.has(deal.wireId)) : deals
    if (added.length === 0) continue
    plan.imps.push(imp)
    plan.impDeals.push(added)
    for (const piece of added) if (!plan.placed.includes(piece)) plan.placed.push(piece)
  }
}

export function canTakeDeals({ self, pmp, deals }: ImpPlace): boolean {
  return self.kind === Kind.object && isFree(pmp, Kind.object) && isFree(deals, Kind.array)
}

function whyNothing({ selection }: Bid, mayTell: boolean): string {
  if (!mayTell) return 'not_writable'
  const chosen = selection.count + selection.openDeals.length + selection.personDeals.length
  return chosen > 0 || selection.hasIds ? 'nothing_new' : 'nothing_entitled'
}
