/** Bounds of match rates: each with what happens there. */
export const RATE_LIMITS = {
  /**
   * Combinations of partner, browser class and namespace one process counts between two writes: thousands of
   * partners. What belongs to further ones is not counted, and that is (`passerelle_match_uncounted_total`).
   */
  cellsMax: 4_096,
} as const
