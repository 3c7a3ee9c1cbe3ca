/** Bounds of this room. Counts of spans live beside what they bound: `bid-facts.ts`, `request-places.ts`. */
export const LIMITS = {
  /** Containers within containers in a JSON body; the root object is the first. */
  jsonDepthMax: 64,
  /** Longest JSON body the scanner takes, as the doors do; it sizes the memory of wasm/scan.ts. */
  jsonBytesMax: 256 * 1024,
  /** Last day that a packed expiry can name (24 bits: the year 47,900); later ones are kept as this one. */
  expiryDayMax: 0xff_ffff,
} as const
