import { KEY_WORDS } from '../../audience/people/user-key.ts'
import type { CompiledDeal } from '../../exchange/buyer-view.ts'
import { covers, type EgressMark, egressMark } from '../../exchange/egress/egress-meter.ts'
import type { DeliveredUse, MeterCell } from '../../exchange/usage/meter.ts'
import type { Bid } from './bid.ts'
import { sealPiece } from './billed-piece.ts'
import { Step } from './step-clock.ts'

/**
 * Answers, and accounts for what the answer gave: tokens are sealed before it, and once it is handed to the socket it
 * is noted who was told what, and counted what was delivered.
 */
export function replyAndAccount(bid: Bid): void {
  const { plan, answer, wire, rooms } = bid
  const isWaitedFor = !answer.done
  if (!plan.isEmpty) sealTokens(bid)
  wire.reply(bid)
  bid.steps.end(Step.reply)
  if (isWaitedFor && !plan.isEmpty) {
    noteEgress(bid)
    countDelivered(bid)
  }
  rooms.metrics.answered(bid)
}

/** Writes this answer's tokens into the pieces that are about to be placed. */
function sealTokens(bid: Bid): void {
  const { plan, rooms } = bid
  const token = plan.fragment?.token
  if (token !== undefined) sealPiece(token, rooms.usage.mint()!, bid)
  if (plan.ids !== undefined)
    for (const one of plan.ids.tokens) sealPiece(one, rooms.usage.mint()!, bid)
  if (plan.hasBilledDeals)
    for (const piece of plan.placed)
      if (piece.token !== undefined) sealPiece(piece.token, rooms.usage.mint()!, bid)
}

/** Notes what about the person an answer told its buyer: of a test too, since it was told. */
function noteEgress(bid: Bid): void {
  const { plan, person, candidates, rooms, view, selection } = bid
  if (person.foundBy < 0) return
  const at = person.foundBy * KEY_WORDS
  const given = plan.fragment?.egress
  if (given !== undefined) rooms.egress.note(candidates.keys, at, view!.buyer, given)
  else if (plan.ids !== undefined) rooms.egress.note(candidates.keys, at, view!.buyer, IDS_TOLD)
  for (const { deal } of plan.placed) {
    if (!selection.personDeals.includes(deal)) continue
    const mark = toldBy(deal)
    if (given !== undefined && covers(given, mark)) continue
    rooms.egress.note(candidates.keys, at, view!.buyer, mark)
  }
}

/** Ids are no segments: that they were told, to whom and when, is what an erasure is passed on by. */
const IDS_TOLD = egressMark([])

/** A deal tells that its audience holds: of each segment in it that the person may be in it. */
const told = new WeakMap<CompiledDeal, EgressMark>()

function toldBy(deal: CompiledDeal): EgressMark {
  let mark = told.get(deal)
  if (!mark) told.set(deal, (mark = egressMark([...deal.any, ...deal.all, ...deal.none])))
  return mark
}

/** Counts what an answer delivered, once it was handed to the socket. A test is never counted. */
function countDelivered(bid: Bid): void {
  if (bid.isTest) return
  const { plan, rooms } = bid
  const cell = plan.fragment?.cell
  if (cell !== undefined) rooms.usage.meter.count(cell)
  if (plan.ids !== undefined) for (const one of plan.ids.cells) rooms.usage.meter.count(one)
  if (plan.hasBilledDeals) {
    const cells = plan.placed.flatMap((piece) => piece.cell ?? [])
    if (cells.length > 0) rooms.usage.meter.count(cells.length === 1 ? cells[0]! : unionOf(cells))
  }
}

/** Several deals of one answer may use the same segment under the same contract: that is one unit. */
function unionOf(cells: readonly MeterCell[]): MeterCell {
  const uses: DeliveredUse[] = []
  for (const use of cells.flatMap((cell) => cell.uses))
    if (!uses.some(({ of }) => of.segment === use.of.segment && of.contract === use.of.contract))
      uses.push(use)
  return { count: 0, uses }
}
