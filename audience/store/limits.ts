/** Bounds of the store, its change log and the catalog feed. */
export const LIMITS = {
  /** Keys one `recall` may ask for: the ids of a request and one ring of their neighbours. */
  recallKeysMax: 256,
  /**
   * Changes the log keeps; a reader further behind starts clean. A million is ten million people
   * changed over the few minutes a feed may be away, at ~30 bytes each: ~30 MB.
   */
  logEntriesMax: 1_000_000,
  /** Changes written in one transaction: what a desk's event loop is held up for (~15 ms). */
  transactionChangesMax: 1_000,
  /** Profiles looked at in one step of `holders`, between which other work goes on. */
  holdersScanMax: 2_000,
  /** How often a catalog feed asks the store for its version. */
  catalogPollMs: 50,
  /** How long the last confirmed catalog version is good for (HOUSE.md decision 5: fails closed). */
  catalogConfirmWithinMs: 5_000,
  /** Largest catalog snapshot file that is read at start; a larger one is ignored with a finding. */
  snapshotBytesMax: 512 * 1024 * 1024,
} as const
