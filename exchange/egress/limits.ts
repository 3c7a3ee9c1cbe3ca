/** Bounds of the egress ledger: each with the reason for its size, and what happens there. */
export const EGRESS_LIMITS = {
  /**
   * What was noted today is remembered in so many places (16 bytes each) of a process: what was noted there
   * is not written again until tomorrow. Three that fall on one pair of places are written more often.
   */
  seenPlaces: 1 << 18,
  /** Rows gathered before they are written ahead of the flush. */
  batchRowsMax: 16_384,
  /** Batches that wait to be written; beyond it nothing about people is given until one was. */
  batchesMax: 16,
  /** How often rows are written: what a killed process loses, at most. */
  flushMs: 1_000,
  /** How often the desk looks for what the bid processes wrote. */
  applyMs: 1_000,
  /** Keys written to the store at once. */
  applyKeysMax: 1_000,
  /** How often what is older than the retention is swept. */
  sweepEveryMs: 24 * 3_600_000,
} as const
