/** Bounds of the Redis store. Each has a default that suits one Redis on the same network. */
export const LIMITS = {
  /** Recalls waiting for Redis at one moment; one more is refused and opens the breaker. */
  recallsInFlightMax: 256,
  /** How long a recall may wait. The bid path waits less: this bounds what nobody waits for any more. */
  recallDeadlineMs: 50,
  /** A socket on which an answer is due and nothing comes for this long is given up, by client. */
  lookupSilenceMs: 500,
  followerSilenceMs: 1000,
  writerSilenceMs: 2000,
  bellSilenceMs: 1000,
  /** How long one blocking read of the change logs waits: shorter than the silence for which it would be given up. */
  bellWaitMs: 500,
  /** Entries of each log that the bell hears of at once; who rings for more is asked for the rest. */
  bellCount: 16,
  /** Between two rings: what comes meanwhile is told of together. */
  bellRestMs: 20,
  /** The same of events that wait: in a batch of some fifty one costs half of what it does alone. */
  queueRestMs: 25,
  /** How often at least they are asked for where Redis would have told of them by itself. */
  queueAskMs: 500,
  connectTimeoutMs: 500,
  /** Longest pause before the next try to connect. */
  reconnectPauseMaxMs: 1000,
  /**
   * How long opening waits for a Redis that neither answers nor refuses, before it hands out a store
   * that is down. One that refuses is not waited for.
   */
  openWaitMs: 3000,
  /** How long a write that lost its connection waits for the next one, and how often. */
  writeReconnectWaitMs: 2000,
  writeAttemptsMax: 3,
  /** Writing verbs under way at one moment; one more is refused. */
  writesInFlightMax: 1024,
  /** Records read and swapped in one round trip. */
  swapChunk: 2048,
  /** Ids learned in one run of the script, which holds up everybody else by some 12 µs each. */
  learnChunk: 64,
  /** Rounds in which a record may be changed by others before a write gives up. */
  swapRoundsMax: 2000,
  /** Buckets read in one round trip when all people are visited. */
  visitChunk: 128,
  /** Buckets asked in one round trip for whose time has come, and how many of a partition are known at once. */
  dueChunk: 8,
  dueBuckets: 32,
  /** How long the next turn of the wheel is believed, which a desk of another instance may have set earlier: it looks itself. */
  turnBelievedMs: 2_000,
  /** People partitions: one hash tag each, so at most this many cluster shards. Never changes. */
  partitions: 64,
  /**
   * Buckets of a new world, unless the URL says `?buckets=`; a power of two. These hold a million
   * people at 120 each; fewer people to a bucket cost bytes, more of them microseconds.
   */
  bucketsDefault: 8_192,
  bucketsMax: 1 << 24,
  /**
   * Change-log entries kept over all partitions, about. One of 30 segments takes 110 bytes, so 30 MB at
   * most, which is a quarter of a minute of the fastest import.
   */
  logEntriesMax: 262_144,
  /**
   * How long the change log reaches back, where its bound in entries is not reached
   * before: longer than a desk's restart, and not for ever, since it tells of people since forgotten.
   */
  logAgeMaxMs: 600_000,
  logTrimEveryMs: 60_000,
  /**
   * Hashes over which a day's once-entries are spread, so that each stays a listpack (half the bytes of a
   * hash table) up to some million impressions a day.
   */
  onceBuckets: 8_192,
  /**
   * Days before today for which a message counted stays remembered at the id it was counted at, once nothing is in hand any
   * more: acknowledged, it is known for all ids. Where a desk is away in between, for as long as any message is (`seenDays`).
   */
  seenInHandDays: 1,
  /** Counters read in one step. */
  tallyScanCount: 1_000,
  /** Entries of the log of changed counters read at once, each of a part of a stream: its own bound comes first where they are large. */
  tallyLogCount: 32,
  /** What hash-max-listpack-entries and -value must allow, or a bucket takes thrice the memory. */
  listpackEntries: 512,
  listpackValueBytes: 4096,
} as const

/** The breaker of the lookup client. */
export const BREAKER = {
  windowMs: 500,
  callsMin: 20,
  failureShare: 0.5,
  /** First time it stays open; doubles with each failed probe. */
  openMs: 250,
  /** Short enough that bids are enriched again within 2 s of Redis running on. */
  openMaxMs: 1000,
  probeEveryMs: 100,
} as const
