import type { DealRecord } from '../deal.ts'
import { momentOf } from '../moment.ts'
import type { DealState, SellerStatus } from './reasons.ts'

const STATE_OF: Readonly<Record<SellerStatus, DealState | undefined>> = {
  active: undefined,
  paused: 'paused',
  pending: 'pending',
  complete: 'complete',
  archived: 'complete',
}

/** How a deal stands here now, as far as statuses and dates go. */
export function dealState(deal: DealRecord, nowMs: number): DealState {
  const { source, startsAt, endsAt, timeZone } = deal
  const bySeller = source && STATE_OF[source.status]
  if (bySeller) return bySeller
  if (endsAt !== undefined && momentOf(endsAt, timeZone) <= nowMs) return 'complete'
  if (deal.status !== 'active') return 'paused'
  return startsAt !== undefined && nowMs < momentOf(startsAt, timeZone) ? 'approved' : 'ready'
}

/** BuyerStatus.status of the Deal Sync API; 4 (is being served) would need a count of impressions, 2 (rejected) is a refusal. */
export const BUYER_STATUS: Readonly<Record<DealState, number>> = {
  pending: 0,
  approved: 1,
  ready: 3,
  paused: 5,
  complete: 6,
}

/** What the seller agent reads as `status`. */
export const AGENT_STATUS: Readonly<Record<DealState, string>> = {
  pending: 'pending',
  approved: 'approved',
  ready: 'active',
  paused: 'paused',
  complete: 'completed',
}
