/** Bounds of match rates: each with what happens there. */
export const RATE_LIMITS = {
  /**
   * Combinations of partner, browser class and namespace one process counts between two writes: thousands of
   * partners. What belongs to further ones is not counted, and that is (`passerelle_match_uncounted_total`).
   */
  cellsMax: 4_096,
  /** How often counts are written: what a killed process loses, at most. */
  writeMs: 1_000,
  /** Days one question may be about. */
  daysMax: 400,
  /** Days it is about where it does not say. */
  daysDefault: 30,
} as const
