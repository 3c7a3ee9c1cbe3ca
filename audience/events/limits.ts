/** Bounds of what is collected; each with what happens when it is reached. */
export const EVENT_LIMITS = {
  /** Bytes of one message as JSON; a larger one is refused (`message_too_large`), its batch is not. */
  messageBytesMax: 32 * 1024,
  /** Bytes of one request, also after inflating: 413. */
  batchBytesMax: 500 * 1024,
  /** Messages in one request; more are refused with the whole request (`too_many_messages`). */
  batchMessagesMax: 2_500,
  /** Characters of a `messageId`; a longer one is known by its hash. */
  messageIdCharsMax: 256,
  /** Containers inside each other in one message; what lies deeper is not seen by traits. */
  depthMax: 16,
  /** Values of one message that traits see; those behind are not seen. */
  valuesMax: 1_000,
  /** Property switches of one source. */
  switchesMax: 1_000,
  /** Write keys of one source. */
  sourceKeysMax: 64,
  /** Days a match holds that a source's messages make; each message that says it again renews it. */
  edgeDays: 395,
  /** Days back to which events count: what is older than any window may ask is left out (`too_old`). */
  ageDaysMax: 400,

  /** Events the desk takes at once. */
  readMax: 500,
  /** How often the desk looks for events: what comes meanwhile goes together, which is cheaper than one by one. */
  pollMs: 50,
  /** How often it looks for ids whose time has come, and at what others changed. */
  wheelMs: 200,
  /** How often it looks whether a day has begun, and what is parked is to be settled. */
  settlePollMs: 1_000,
  /** Ids of which rules are asked anew in one slice of a backfill (about 10 ms of the desk). */
  sliceIds: 250,
  /** How often it looks whether there is anything to fill. */
  sliceLookMs: 200,
  /** A slice begins so long after the one before at the earliest, and rests as long as that one took. */
  sliceEveryMs: 20,
  /** People an estimate looks at, and how long it takes at most: beyond either it says what it has seen by then. */
  estimatePeople: 10_000,
  estimateMs: 1_000,
  /** How long a funnel is counted at most: beyond it the counts are estimates, of whom it has seen by then. */
  funnelMs: 5_000,
  /** How often it is kept how far backfills are: so much is asked once more after a crash. */
  saveJobsMs: 1_000,
  /** Ids that others changed and that wait to be looked at; beyond it everybody is. */
  changedMax: 100_000,
  /** Matches remembered as made, so that each event that says so again costs nothing. */
  linksRememberedMax: 100_000,
  /** Attempts at one event before it goes to the quarantine. */
  attemptsMax: 3,
  /** Requests whose events are being written at one moment, per process; beyond it 429. */
  appendsInFlightMax: 2_000,
  /** How long the collector tells a sender to wait when the queue is full or the store away. */
  retryAfterS: 2,

  /** Moments kept of one trait at one id; of more, the oldest of one day become one, then the oldest go. */
  momentsMax: 128,
  /** Traits kept at one id; those shown longest ago go. */
  traitsPerIdMax: 500,
  /** Ids with something due that are looked at in one round. */
  dueMax: 500,
} as const
