/** Bounds of reach, and what happens where one is met. */
export const REACH_LIMITS = {
  /**
   * Ids counted, at up to 44 bytes each beside the bitmaps (1.5 GB): with more, no reach is told at all,
   * since it would be a wrong one (finding `reach`).
   */
  idsMax: 1 << 25,
  /** Records taken in one turn of the event loop (~10 ms), while everybody is read. */
  takenPerTurn: 2_000,
  /** With too many ids, how long until they are counted again: some may have gone. */
  tooManyForMs: 600_000,
  /** How often the change log is read; whoever asks for reach has it read at once. */
  followMs: 250,
  /** While everybody is read, how often a read of what changed meanwhile is tried, and how long apart. */
  readAttemptsMax: 10,
  readAgainMs: 100,
  /** Days for which a person counts as seen by a partner. */
  seenDays: 7,
} as const
