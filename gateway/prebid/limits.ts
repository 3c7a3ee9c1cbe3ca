/** Bounds of what pages with Prebid.js are served. */
export const PAGE_LIMITS = {
  /** Body of `/prebid/rtd`; beyond it 413. Two long consent strings and some eids fit. */
  askBytesMax: 16 * 1024,
  /** Ids that a page may name its visitor by; what stands behind them is not looked at. */
  uidsMax: 16,
  /** Page keys whose pace is remembered; beyond it all begin anew. */
  pacesMax: 4_096,
} as const
