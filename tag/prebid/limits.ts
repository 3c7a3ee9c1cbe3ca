/** Bounds of the module in a page. */
export const LIMITS = {
  /** How long an auction waits for an answer where `params.timeout` does not say. Never longer than `auctionDelay`. */
  waitMs: 300,
  /** Characters of a request's body: the other end takes 16 KiB. Beyond them eids are left out. */
  askCharsMax: 14_000,
} as const
