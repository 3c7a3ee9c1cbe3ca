/** Bounds of what processes count and bring to the store once a second: each with what happens there. */
export const COUNT_LIMITS = {
  /** How often counts are written: what a killed process loses, at most. */
  writeMs: 1_000,
  /** Days one question may be about; more are refused. */
  daysMax: 400,
  /** Days it is about where it does not say. */
  daysDefault: 30,
} as const
