/** Catalog kind under which it stands that a contract has reached a cap, by the contract's id. */
export const CAP_KIND = 'cap'

/**
 * The longest from an answer until no process serves a contract any more whose cap it reached: what was
 * served meanwhile is overshoot. Counting it takes a flush (250 ms), the desk's next look at the ledger and at
 * caps, and the catalog's way to every process.
 */
export const CAP_OVERSHOOT_MS = 1_000

/** A cap that was reached: written and taken back by the desk alone (usage/watch-caps.ts). */
export interface CapRecord {
  buyer: string
  per: 'day' | 'contract'
  /** Which of the cap's limits. */
  limit: 'units' | 'spendMicros'
  /** Version of the contract's terms whose cap it is. */
  version: number
  reachedAt: string
  /** Where it is reached for a day only: that day in the contract's time zone, and its moments [fromMs, untilMs). */
  day?: { date: string; fromMs: number; untilMs: number }
}
