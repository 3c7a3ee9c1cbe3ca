import type { PriceKind } from '../contract.ts'
import type { Witness } from '../usage/ledger-record.ts'
import type { UsageNote } from '../usage/usage-notes.ts'

/** What is billed for one segment, on one deal or on none, under one version of a contract in a month. */
export interface StatementLine {
  seller: string
  buyer: string
  contract: string
  /** Of the contract's terms. */
  version: number
  /** '' where the line is the contract's fee for the month. */
  segment: string
  /** '' where the segment was used for the request itself. */
  deal: string
  /** The last day of the month. */
  day: string
  priceKind: PriceKind
  /** The price's own amount before the buyer's discount, where the contract comes of an offer; and as agreed. */
  listMicros: number
  priceMicros: number
  units: number
  /** The units, by who told of them. */
  witnesses: Partial<Record<Witness, number>>
  /** Of a fee by the month: days paid, of so many. */
  days?: number
  daysInMonth?: number
  /** What the buyer pays, what the exchange keeps of it (in basis points), and what the seller gets. */
  amountMicros: number
  feeBps: number
  feeMicros: number
  payoutMicros: number
  currency: string
  notes: UsageNote[]
}

const VERSION_DIGITS = 6

/** Lines in the order of these texts are in the order of their statements and contracts. */
export function lineKey(
  line: Pick<
    StatementLine,
    'seller' | 'buyer' | 'contract' | 'version' | 'segment' | 'deal' | 'currency'
  >,
): string {
  const { seller, buyer, contract, version, segment, deal, currency } = line
  const number = String(version).padStart(VERSION_DIGITS, '0')
  return [seller, buyer, contract, number, segment, deal, currency].join('.')
}
