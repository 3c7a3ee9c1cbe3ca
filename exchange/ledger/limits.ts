/** Bounds of the ledger: each with the reason for its size, and what happens there. */
export const LIMITS = {
  /** Records written and synced at once; further ones wait for the next sync. */
  batchRecordsMax: 256,
  /** Records that wait for their sync; one more is refused (`full`). */
  waitingRecordsMax: 16_384,
  /** Bytes of one line; a longer record is refused (`too_long`). */
  lineBytesMax: 1024 * 1024,
  /** Bytes read in one step when a file is walked; a line fits twice. */
  readBytes: 2 * 1024 * 1024,
  /** A stream that grew to this goes on in a new file; so does one on which a day (UTC) began. */
  streamBytesMax: 64 * 1024 * 1024,
  /** How long the ledger may fail to write before what is contracted stops being served. */
  behindMs: 5_000,
  /** How long what was written may not be counted before contracts with caps stop: a desk that starts again is back by then. */
  uncountedMs: 60_000,
  /** How often a process looks whether what it wrote is counted. */
  countedEveryMs: 5_000,
  /** How often a ledger that failed tries again by itself. */
  retryEveryMs: 1_000,
  /** How often the desk looks for new records in the streams. */
  shipPollMs: 100,
  /** Streams read and applied at one moment. */
  shipStreamsAtOnce: 8,
  /** Counter changes given to the store at once, about: Redis answers nobody else meanwhile (some ms). */
  shipAddsMax: 512,
  /** How often positions are compared with the store's, also where nothing is new. */
  compareEveryMs: 2_000,
  /** How often a stream that is damaged, or two days old, is looked at again. */
  restMs: 10_000,
  /** Days a stream is kept; longer than a year's statements are argued about. */
  retentionDays: 400,
  retireEveryMs: 3_600_000,
} as const
