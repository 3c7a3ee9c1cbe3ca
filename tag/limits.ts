/** Bounds of the tag in a page; each with what happens there. */
export const LIMITS = {
  /**
   * How long a page's consent tools are looked for, where without one the GDPR does not apply, and where it does: then
   * what the address of the script says holds (`gdpr`).
   */
  lookMs: [2_000, 10_000],
  /** How often they are looked for meanwhile. */
  lookEveryMs: 100,
  /** Messages that wait for the visitor's choice; of more the oldest go. */
  heldMax: 100,
  /** How long they may wait: what happened before is not told any more. */
  heldMs: 1_800_000,
  /** Commands a tag that loads later is still told of. */
  pastMax: 100,
  /** Messages that wait to be sent; of more the oldest go. */
  queueMax: 200,
  /** How long a message waits for others to go with it. */
  gatherMs: 300,
  /** Messages and characters of one request: browsers let 64 KiB outlive a page. */
  batchMax: 25,
  batchCharsMax: 50_000,
  /** Bytes of a request that may outlive the page; of more the browser would refuse all. */
  keepaliveBytesMax: 60_000,
  /** Characters of one message; a longer one would be refused, and is not sent. */
  messageCharsMax: 30_000,
  /** Times in a row a request is tried; then its messages go. */
  triesMax: 8,
  /** The wait after the first try that failed, doubled with each, and the longest. */
  retryMs: 1_000,
  retryMsMax: 60_000,
  /** Characters of a page's address, title and the like in a message. */
  textCharsMax: 1_024,
  /** Characters of a visitor's or customer's id. */
  idCharsMax: 256,
  /** How long the visitor's id is kept: 13 months. */
  idDays: 395,
} as const
