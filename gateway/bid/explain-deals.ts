import type { CompiledDeal } from '../../exchange/buyer-view.ts'
import type { Bid } from './bid.ts'
import { dealLeftOut, isIn } from './entitle.ts'
import { canTakeDeals, canTakePerson } from './plan-additions.ts'
import type { DealLeftOut, SegmentLeftOut, Unenriched } from './reasons.ts'

/** What became of one deal in a rehearsed request. */
export interface DealExplained {
  deal: CompiledDeal
  /** Into how many imps it would be placed. */
  imps: number
  /** Why into none: a word of WithheldReasons, DealLeftOut, SegmentLeftOut, Unenriched or ConsentReasons; '' where it is. */
  reason: string
  /** Of an audience that does not hold: segments the person is not in, and ones it should not be in. */
  missing: number[]
  unwanted: number[]
}

/**
 * Every deal of the buyer, on whatever exchange, with what became of it: asked of the same functions that
 * chose and placed the deals. Before `placeAdditions`, and in the same turn of the event loop as `choose`.
 */
export function explainDeals(bid: Bid): DealExplained[] {
  const verdicts = bid.view?.deals(bid.exchange)?.verdicts() ?? []
  return [...verdicts].map(({ deal, reason }) => {
    const imps = bid.plan.impDeals.filter((pieces) =>
      pieces.some((one) => one.deal === deal),
    ).length
    const why = imps > 0 ? '' : (reason ?? whyNowhere(bid, deal))
    const isPersonal = why === 'audience_does_not_hold'
    return {
      deal,
      imps,
      reason: why,
      missing: isPersonal ? missingFor(bid, deal) : [],
      unwanted: isPersonal ? deal.none.filter((segment) => isIn(bid, segment)) : [],
    }
  })
}

/** A live deal that is in no imp: nobody to give it for, left out, or not to be placed. */
function whyNowhere(bid: Bid, deal: CompiledDeal): string {
  const { selection, plan, places } = bid
  const isForAnybody = selection.openDeals.includes(deal)
  if (!isForAnybody && !selection.personDeals.includes(deal)) return whyNotChosen(bid, deal)
  if (!isForAnybody && !canTakePerson(places)) return 'not_writable' satisfies Unenriched
  if (!plan.deals.some((piece) => piece.deal === deal)) return 'token_full' satisfies SegmentLeftOut
  if (places.imp.count !== 1 || places.impCount === 0) return 'no_imp' satisfies DealLeftOut
  const imps = places.imps.slice(0, places.impCount)
  if (!imps.some(canTakeDeals)) return 'imp_not_writable' satisfies DealLeftOut
  return 'deal_already_there' satisfies DealLeftOut
}

function whyNotChosen(bid: Bid, deal: CompiledDeal): string {
  const isPersonal = deal.any.length + deal.all.length + deal.none.length > 0
  if (isPersonal && personReason(bid) !== '') return personReason(bid)
  return dealLeftOut(bid, deal) ?? ('too_many_deals' satisfies DealLeftOut)
}

/** Why nothing of the person was looked at; what was decided only in planning says nothing of that. */
function personReason({ reason, person }: Bid): string {
  return person.nodes > 0 ? '' : reason
}

function missingFor(bid: Bid, { any, all }: CompiledDeal): number[] {
  const holdsAny = any.some((segment) => isIn(bid, segment))
  return [...(holdsAny ? [] : any), ...all.filter((segment) => !isIn(bid, segment))]
}
