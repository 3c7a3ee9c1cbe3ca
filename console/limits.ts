import { DAY_MS } from '../audience/clock.ts'

/** Bounds of the console: each with its default and what happens when it is reached. */
export const LIMITS = {
  /** Body of a JSON request; longer: 413. */
  jsonBytesMax: 1024 * 1024,
  /** Levels of objects and lists in it, as in a bid request: checks and messages walk them by recursion; deeper: 400. */
  jsonDepthMax: 64,
  /** Body of a whole catalog: some 100,000 objects. One at a time. */
  catalogBytesMax: 64 * 1024 * 1024,
  /** Keys of an eid source, with the domains of its sites. */
  tokenKeysBytesMax: 8 * 1024 * 1024,
  /** Silence of a client that owes body bytes: an import may be fed from a slow query. */
  slowBodyMsMax: 60_000,

  /** One line of an import; a longer one is a bad line. */
  lineBytesMax: 64 * 1024,
  /** Lines read before what is good of them is written; the next are read meanwhile, and no more. */
  batchLines: 2_000,
  /** Bad lines an import names; further ones are counted. */
  importErrorsMax: 1_000,
  /** Body of matches in bulk (protobuf), which is held whole, inflated; more: 413. Lines have no such bound. */
  bulkBytesMax: 4 * 1024 * 1024,
  /** Imports under way at once; one more is asked to come again (429). */
  importsMax: 8,
  /** How often it is kept how far they are: what was taken in since is not told of one that ends with its process. */
  importKeptEveryMs: 1_000,
  /** Columns of a file of events; a file with more is refused. */
  importColumnsMax: 1_000,
  /** Characters of `?map=`. */
  importMapCharsMax: 16 * 1024,
  /** Events that wait to be processed while a file of them is held up, so that live ones come through. */
  importQueueEventsMax: 20_000,
  /** How long it is held up at most before it is broken off (429), and how often is looked. */
  importQueueWaitMsMax: 60_000,
  importQueuePollMs: 25,
  /** Names an import remembers: a file of made-up names must not fill the memory. */
  importNamesMax: 10_000,
  /** Deletion lists whose statuses are kept; of older ones the audit log keeps the counts. */
  deletionListsMax: 100,
  /** How far ahead of our clock the `at` of a line may be: a day, as dates come without a time zone. */
  aheadMsMax: DAY_MS,
  /** Characters of `?basis=`. */
  basisCharsMax: 255,
  /** Sensitive segments an import's entry names; it may add people to more. */
  sensitiveNamedMax: 50,

  /** Estimates of rules under way at once; one more is asked to come again (429). */
  estimatesMax: 4,
  /** Funnels counted at once; one more is asked to come again (429). */
  funnelsMax: 2,
  /** Deals one dry run explains, those that would be added first; further ones are counted. */
  dryRunDealsMax: 1_000,
  /** Documents in one import of deals; each is a write of its own. More: 422, nothing done. */
  dealDocumentsMax: 1_000,

  /** Parts into which `mode=replace` divides people, by their keys; one part is in memory at a time. */
  spoolPartitions: 256,
  /** Bytes of a part kept in memory before they go to its file. */
  spoolBufferBytes: 8 * 1024,

  /** Answers remembered for Idempotency-Key; beyond it the oldest is forgotten. */
  idempotentRepliesMax: 10_000,
  /** How long they are remembered. */
  idempotentMsMax: DAY_MS,
  /** Characters of an Idempotency-Key. */
  idempotencyKeyCharsMax: 255,

  /** How long a revocation waits for every process to say that it has taken it over. */
  ackWaitMsMax: 1_000,
  /** How often it looks who has. */
  ackPollMs: 20,

  /** Entries one search of the audit log looks through; the caller goes on from there. */
  auditSearchLines: 20_000,
  /** Bytes of the audit log read in one step. */
  auditReadBytes: 64 * 1024,
} as const
