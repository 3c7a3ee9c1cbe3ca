import type { DeliveredUse, MeterCell } from '../../exchange/usage/meter.ts'
import type { Bid } from './bid.ts'
import { sealPiece } from './billed-piece.ts'
import type { DealPiece } from './deal-pieces.ts'

/** Writes this answer's tokens into the pieces that are about to be placed. */
export function sealTokens(bid: Bid): void {
  const { plan, rooms } = bid
  const token = plan.fragment?.token
  if (token !== undefined) sealPiece(token, rooms.usage.mint()!, bid)
  if (plan.hasBilledDeals)
    for (const piece of dealsPlaced(bid))
      if (piece.token !== undefined) sealPiece(piece.token, rooms.usage.mint()!, bid)
}

/** Counts what an answer delivered, once it was handed to the socket. A test is never counted. */
export function countDelivered(bid: Bid): void {
  if (bid.isTest) return
  const { plan, rooms } = bid
  const cell = plan.fragment?.cell
  if (cell !== undefined) rooms.usage.meter.count(cell)
  if (plan.hasBilledDeals) {
    const cells = dealsPlaced(bid).flatMap((piece) => piece.cell ?? [])
    if (cells.length > 0) rooms.usage.meter.count(cells.length === 1 ? cells[0]! : unionOf(cells))
  }
}

function dealsPlaced({ plan }: Bid): DealPiece[] {
  return plan.deals.filter((piece) => plan.impDeals.some((pieces) => pieces.includes(piece)))
}

/** Several deals of one answer may use the same segment under the same contract: that is one unit. */
function unionOf(cells: readonly MeterCell[]): MeterCell {
  const uses: DeliveredUse[] = []
  for (const use of cells.flatMap((cell) => cell.uses))
    if (!uses.some(({ of }) => of.segment === use.of.segment && of.contract === use.of.contract))
      uses.push(use)
  return { count: 0, uses }
}
