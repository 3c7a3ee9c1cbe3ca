/** Bounds of rules; each with what happens when it is reached. */
export const LIMITS = {
  /** Characters of a rule's text; a longer one is refused. */
  textCharsMax: 16_384,
  /** AND, OR and NOT inside each other; deeper is refused. */
  depthMax: 8,
  /** Conditions in one rule; more are refused. */
  leavesMax: 500,
  /** Traits in one FREQUENCY or SCORE, steps in one SEQUENCE. */
  partsMax: 50,
  /** Values of one `in`. */
  valuesMax: 1_000,
  /** Characters of one text compared with. */
  valueCharsMax: 512,
  /** Characters of one property's path. */
  pathCharsMax: 256,
  /** Longest window, by unit: what is kept of a person's events reaches so far back. */
  daysMax: 400,
  hoursMax: 24 * 14,
  minutesMax: 60 * 24 * 14,
  /** Smallest threshold of a SCORE besides 0: below it decay would be a matter of rounding. */
  scoreMin: 1e-6,
  /** Largest weight of a trait in a SCORE, on either side of 0: sums stay numbers that decay. */
  scoreWeightMax: 1e9,
  /** Steps a pattern may come to (RE2 instructions); a larger one is refused. */
  patternStepsMax: 1_000,
  /** Steps of a pattern times characters of a text (about 0.3 s): a longer text is found nowhere. */
  patternWorkMax: 4_000_000,
  /** Largest count a FREQUENCY asks for. */
  timesMax: 1_000_000,
  /** Conjunctions one rule may come to in the counting index; beyond it the rule is evaluated as it is written. */
  conjunctionsMax: 64,
  /** Durations (`5D`) remembered as numbers, of all rules; with one more they are read anew. */
  durationsKeptMax: 4_096,
} as const
