import type { ContractRecord } from '../contract.ts'
import type { Counts } from './price/counts.ts'

/** What there is to know of a line beside its numbers. */
export const UsageNotes = {
  terms_unknown: 'The terms of this version are not known, so its units are in no amount.',
  price_not_told:
    'Notices of some units named no price: they cost the least there is to pay, or nothing.',
  other_currency:
    'The price was told in another currency than the contract’s: its least and most do not apply.',
  paid_by_month: 'Paid by the month, whatever is used: the fee is a line of the statement.',
  by_volume: 'Its part, by units, of what the month has cost so far.',
} as const
export type UsageNote = keyof typeof UsageNotes

export function usageNotes(
  line: Counts & { currency: string },
  terms: ContractRecord | undefined,
): UsageNote[] {
  if (!terms) return ['terms_unknown']
  const { kind, currency, floorMicros, capMicros } = terms.price
  const isBounded = floorMicros !== undefined || capMicros !== undefined
  const notes: UsageNote[] = []
  if (kind === 'percent_media' && line.unpriced > 0n) notes.push('price_not_told')
  if (isBounded && line.currency !== currency) notes.push('other_currency')
  if (kind === 'flat_month') notes.push('paid_by_month')
  if (kind === 'tiered_cpm') notes.push('by_volume')
  return notes
}
