import { Kind } from '../../proto/bid-facts.ts'
import type { ImpPlace, RequestPlaces } from '../../proto/request-places.ts'
import type { Bid } from './bid.ts'
import { type DealPiece, personPiece, plainPiece } from './deal-pieces.ts'
import { empty } from './empty.ts'
import { fragmentsOf } from './fragments.ts'
import type { IdsPiece } from './ids-given.ts'
import { type DataFragment, makeFragment } from './make-fragment.ts'
import { isFree } from './place-json.ts'
import { planTransparency } from './transparency.ts'

/**
 * What will be given with one answer, after leaving out what the request holds already, what it cannot
 * take and what the wire cannot carry: for a wire to place or to list. Reused.
 */
export class Plan {
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
  /** Domains that `regs.ext.dsa.transparency` owes an entry. */
  transparency: readonly string[] | undefined

  get isEmpty(): boolean {
    return this.fragment === undefined && this.imps.length === 0 && this.ids === undefined
  }

  /** Takes out imps, and the deals that then no imp gets. */
  keepImps(isKept: (imp: ImpPlace) => boolean): void {
    if (this.imps.every(isKept)) return
    const kept = this.imps.flatMap((imp, i) =>
      isKept(imp) ? [{ imp, deals: this.impDeals[i]! }] : [],
    )
    this.imps.splice(0, Number.POSITIVE_INFINITY, ...kept.map(({ imp }) => imp))
    this.impDeals.splice(0, Number.POSITIVE_INFINITY, ...kept.map(({ deals }) => deals))
    const placed = new Set(this.impDeals.flat())
    this.placed.splice(0, Number.POSITIVE_INFINITY, ...placed)
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
export function planAdditions(bid: Bid): void {
  const { plan, selection, places, gives, wire } = bid
  const isAboutPerson = selection.count + selection.personDeals.length > 0 || selection.hasIds
  const mayTell = !isAboutPerson || canTakePerson(places)
  if (mayTell && gives.segments && selection.count > 0) plan.fragment = fragmentFor(bid)
  if (mayTell && gives.ids && selection.hasIds) plan.ids = wire.form.makeIds(bid)
  if (gives.deals) planDeals(bid, mayTell)
  if (plan.isEmpty) {
    if (bid.reason === '') bid.reason = whyNothing(bid, mayTell)
  } else if (isAboutPerson) planTransparency(bid)
}

/** Additions about the person need `user.data`, or room for it. */
export function canTakePerson({ user, data }: RequestPlaces): boolean {
  return isFree(user, Kind.object) && isFree(data, Kind.array)
}

/** Data objects for the chosen segments that the request does not hold yet; undefined where none is left. */
function fragmentFor(bid: Bid): DataFragment | undefined {
  const view = bid.view!
  const mint = bid.gives.tokens ? bid.rooms.usage.mint() : undefined
  const isThere = bid.wire.form.dataThere(bid)
  const fragment = isThere
    ? makeFragment(view, bid.selection, { mint, isThere })
    : fragmentsOf(view, bid.gives.tokens).get(bid.selection, mint)
  bid.selection.leftOut.token_full = fragment.tokenFull
  return fragment.segments.length === 0 ? undefined : fragment
}

function addPersonDeals(bid: Bid): void {
  const { plan, selection, gives } = bid
  for (const deal of selection.personDeals) {
    const piece = personPiece(bid, deal)
    if (piece === undefined || (piece.token !== undefined && !gives.tokens)) continue
    plan.deals.push(piece)
    if (piece.cell !== undefined || piece.token !== undefined) plan.hasBilledDeals = true
  }
}

function planDeals(bid: Bid, mayTell: boolean): void {
  const { plan, places, selection, wire } = bid
  const { deals } = plan
  for (const deal of selection.openDeals) deals.push(plainPiece(deal))
  if (mayTell) addPersonDeals(bid)
  if (deals.length === 0 || places.imp.count !== 1) return
  for (let i = 0; i < places.impCount; i++) {
    const imp = places.imps[i]!
    if (!canTakeDeals(imp)) continue
    const there = wire.form.dealsThere(bid, imp, deals)
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

function whyNothing({ selection, gives }: Bid, mayTell: boolean): string {
  if (!mayTell) return 'not_writable'
  if (!gives.tokens && selection.leftOut.token_full > 0) return 'no_token'
  const chosen = selection.count + selection.openDeals.length + selection.personDeals.length
  return chosen > 0 || selection.hasIds ? 'nothing_new' : 'nothing_entitled'
}
