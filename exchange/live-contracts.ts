import type { CatalogSnapshot } from '../audience/store/catalog-snapshot.ts'
import type { ContractRecord } from './contract.ts'
import { momentOf } from './moment.ts'
import type { PartnerRecord } from './partner.ts'

/** Why a contract gives nothing now. */
export const DormantReasons = {
  contract_not_active: 'Its status is not active.',
  contract_not_begun: 'It has not begun.',
  contract_over: 'It is over.',
  cap_reached: 'It has reached a cap: of the day, until the next begins, or its own.',
  cap_uncounted:
    'Its usage cannot be compared with its caps, so it stops until it can: health says why.',
  seller_paused: 'Its seller is paused.',
  buyer_paused: 'Its buyer is paused.',
} as const
export type DormantReason = keyof typeof DormantReasons

/**
 * Everything that keeps a contract from giving anything at a moment (ms); empty where it is in force. Of
 * one record, for the desk: the bid path's own compiled form is compile-rights.ts.
 */
export function whyDormant(
  snapshot: CatalogSnapshot,
  contract: ContractRecord,
  nowMs: number,
): DormantReason[] {
  const { seller, buyer, startsAt, endsAt, timeZone, status } = contract
  const reasons: DormantReason[] = []
  if (status !== 'active') reasons.push('contract_not_active')
  if (nowMs < momentOf(startsAt, timeZone)) reasons.push('contract_not_begun')
  if (nowMs >= momentOf(endsAt, timeZone)) reasons.push('contract_over')
  if (!isActive(snapshot, seller)) reasons.push('seller_paused')
  if (!isActive(snapshot, buyer)) reasons.push('buyer_paused')
  return reasons
}

function isActive(snapshot: CatalogSnapshot, partner: string): boolean {
  const record = snapshot.kind('partner').get(partner)?.value as PartnerRecord | undefined
  return record?.status === 'active'
}
