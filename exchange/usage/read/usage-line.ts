import type { Witness } from '../ledger-record.ts'
import type { Counts } from '../price/counts.ts'

/** What a line of usage is about. */
export interface UsageKey {
  /** In the contract's time zone. */
  day: string
  contract: string
  version: number
  segment: string
  /** The deal whose audience the segment made true; '' where it was for the request itself. */
  deal: string
  witness: Witness
  /** Of its amount; '' where nobody knows the terms. */
  currency: string
}

/** A contract version's segment on a day, as one witness told of it. */
export interface UsageLine extends UsageKey, Counts {
  /** Impressions that were told lost. */
  lost: bigint
  /** Prices that contradict another one told for the same impression. */
  conflicts: bigint
  /** Units of the buyer's own report on what we count ourselves. */
  reported: bigint
  /** Units under terms that are still not known: in no amount. */
  unknown: bigint
}

/** Spelled out: a month has hundreds of thousands of them, and spreading costs ten times as much. */
export function emptyLine(key: UsageKey): UsageLine {
  const { day, contract, version, segment, deal, witness, currency } = key
  return {
    day,
    contract,
    version,
    segment,
    deal,
    witness,
    currency,
    units: 0n,
    shared: 0n,
    media: 0n,
    floored: 0n,
    capped: 0n,
    unpriced: 0n,
    lost: 0n,
    conflicts: 0n,
    reported: 0n,
    unknown: 0n,
  }
}

const VERSION_DIGITS = 6

/** Lines in the order of these texts are in the order of their days, contracts and versions. */
export function keyText(key: UsageKey): string {
  const { day, contract, version, segment, deal, witness, currency } = key
  const number = String(version).padStart(VERSION_DIGITS, '0')
  return [day, contract, number, segment, deal, witness, currency].join('.')
}
