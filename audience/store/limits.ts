import { DAY_MS } from '../clock.ts'

/** Bounds of the store, its change log and the catalog feed. */
export const LIMITS = {
  /**
   * Changes the log keeps; a reader further behind starts clean. A million is half a minute of the
   * fastest import, or days of ordinary traffic, at ~35 bytes each: ~35 MB.
   */
  logEntriesMax: 1_000_000,
  /** Changes written in one transaction: what a desk's event loop is held up for (~15 ms). */
  transactionChangesMax: 1_000,
  /** Days for which it is kept who was given what about whom: 13 months. */
  egressDays: 397,
  /** Of one id; beyond it single deliveries are added up by recipient and channel. */
  egressEntriesMax: 4_096,
  /** Of one id; beyond it those that ended longest ago go. As many as an id has live ones (LIMITS.edgesPerIdMax). */
  pastMatchesMax: 256,
  /** Names of counters a reader is asked about in one step (a few ms). */
  namesAskedMax: 10_000,
  /** Profiles looked at in one step of `holders`, between which other work goes on. */
  holdersScanMax: 2_000,
  /** Bytes of what a claim stands for. */
  claimWordBytesMax: 64,
  /** Ended claims removed with each new one: more than one, so that they never pile up. */
  claimsEndedPerClaim: 8,
  /** Events that wait to be processed; beyond it an append is refused, and the collector answers 429. */
  queueEventsMax: 1_000_000,
  /** Events written to the queue in one step, in which others wait (~10 ms); one append has them all the same. */
  appendedAtOnceMax: 2_500,
  /** Events of one process that wait to be written to the queue: with more a store is as good as away (503). */
  appendsHeldMax: 100_000,
  /** Events put aside; beyond it the oldest go. */
  quarantineMax: 10_000,
  /** Events of which it is remembered that they were counted (about 100 bytes each), and for how long; and how many are read at once. */
  countedMax: 65_536,
  countedMs: DAY_MS,
  countedReadMax: 2_000,
  /** Names kept of what was seen of one source; further ones are left out, and that is counted. */
  sightingsMax: 5_000,
  /** Bytes of such a name. */
  sightingNameBytesMax: 512,
  /** How long after it was last seen a name is shown. */
  sightingDays: 90,
  /** Messages of one source that its tracking plan holds back; beyond it the oldest go. */
  heldMax: 1_000,
  /** How long they are held. */
  heldDays: 14,
  /** Days for which a message is remembered as counted, beside the day it was. */
  seenDays: 7,
  /** Of those forgotten since, removed with each write of the embedded store. */
  seenEndedPerWrite: 64,
  /** How often a catalog feed asks the store for its version. */
  catalogPollMs: 50,
  /** How often at least, where the store would have told of a new one by itself. */
  catalogAskMs: 250,
  /** How long the last confirmed catalog version is good for; after that what is shared is served no more. */
  catalogConfirmWithinMs: 5_000,
  /** How often a process says that it is at work, beside every new catalog version. */
  presenceEveryMs: 1_000,
  /**
   * How long a silent process counts as there: a second longer than it may go on serving what is shared,
   * so that whoever waits for its word is told of it as long as it matters.
   */
  presenceTtlMs: 6_000,
  /** The snapshot file is rewritten at most this often, however fast the catalog changes. */
  snapshotWriteEveryMs: 1_000,
  /** Largest catalog snapshot file that is read at start; a larger one is ignored with a finding. */
  snapshotBytesMax: 512 * 1024 * 1024,
  /** Counter changes in one batch of tallies: what a store is held up for (~50 ms at most). */
  tallyAddsMax: 65_536,
  /** Bytes of a counter's name: a key of the embedded store has to hold it. */
  tallyFieldBytesMax: 1_024,
  /** How long it is known which counters changed: whoever follows them and was away for longer reads them all. */
  tallyChangesMs: 60_000,
  /** Changed counters told in one answer, about; there is at least one part of a stream in it. */
  tallyChangedMax: 65_536,
  /** How long after its day it is remembered which entry about one thing counts. */
  onceDays: 8,
  /** How long at least after the entry was applied, for days long past that are applied anew. */
  onceKeptMs: 2 * DAY_MS,
} as const
