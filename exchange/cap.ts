/** Catalog kind under which it stands that a contract has reached a cap, by the contract's id. */
export const CAP_KIND = 'cap'

/**
 * The longest from an answer until no process serves a contract any more whose cap it reached: what was
 * served meanwhile is overshoot. Counting it takes a flush (250 ms), the desk's next look at the ledger and at
 * caps, and the catalog's way to every process.
 */
export const CAP_OVERSHOOT_MS = 1_000

/** Why a contract has no units left: written and taken back by the desk alone (usage/watch-caps.ts). */
export type CapRecord = ReachedCap | UncountedCap

/** A cap that was reached. */
export interface ReachedCap extends CapBase {
  per: 'day' | 'contract'
  /** Which of the cap's limits. */
  limit: 'units' | 'spendMicros'
  /** Where it is reached for a day only: that day in the contract's time zone, and its moments [fromMs, untilMs). */
  day?: { date: string; fromMs: number; untilMs: number }
}

/** Usage that cannot be compared with the caps: until it can, the contract gives nothing. */
export interface UncountedCap extends CapBase {
  per: 'contract'
  limit: UncountedWord
  day?: never
}

interface CapBase {
  buyer: string
  /** Version of the contract's terms whose cap it is. */
  version: number
  reachedAt: string
}

/** Why a contract's usage is not compared with its caps, and what to do; health shows `degraded: caps_<word>`. */
export const UncountedReasons = {
  too_much:
    'More combinations of segments are used in a day than can be compared with caps: take the caps off the contract, set its attribution to used_all, or sell fewer segments under it.',
  unread:
    'Its usage cannot be read from the store: see the error in the log, check the store, and that the ledger is counted.',
} as const
export type UncountedWord = keyof typeof UncountedReasons

export function isUncounted(cap: CapRecord): cap is UncountedCap {
  return Object.hasOwn(UncountedReasons, cap.limit)
}
