/** Bounds of the bid path; each with its default and what happens when it is reached. */
export const BID_LIMITS = {
  /** Body, also after inflating: beyond it 413. The size Prebid Server takes. */
  bodyBytesMax: 256 * 1024,
  /** The same of an ARTF request, which is a bid request and what stands around it. */
  artfBytesMax: 264 * 1024,
  /** How long a near-cache miss may wait for the store; beyond it the request goes out unenriched (`late`). */
  storeWaitMsMax: 20,
  /** Share of the request's own tmax that waiting may take: the rest belongs to the buyer. */
  tmaxShare: 0.5,
  /** Requests waiting for the store at once, per process; beyond it they go out unenriched (`late`). */
  waitingMax: 2_000,
  /** Smoothed lateness of the event loop beyond which requests are answered 429. */
  lagMsMax: 150,
  /** What 429 asks for, in whole seconds. */
  retryAfterS: 1,
  /** Segments written into one answer; surplus ones are left out, in order of segment number. */
  segmentsMax: 1_000,
  /** Deals added to one request; surplus ones are left out, in catalog order. */
  dealsMax: 100,
  /** Bytes added to one answer; beyond it nothing is added (`too_much`). */
  additionsBytesMax: 128 * 1024,
  /** Answers at least this long are compressed when the caller asked for gzip. */
  gzipBytesMin: 1_024,
  /** Segment sets whose ready-made JSON is kept per buyer view, in each of two generations. */
  fragmentsMax: 10_000,
  /** Ready-made forms of one deal, by which of its alternative segments hold; beyond it they are made anew. */
  dealPiecesMax: 64,
  /** Contexts of requests under way that are kept for reuse. */
  contextsKeptMax: 256,
  /** One request in so many is timed step by step. */
  stepSampleEvery: 64,
} as const
