/** How a scan ended. Everything but `ok` is answered 400; which one is for metrics and tests. */
export const ScanOutcome = {
  ok: 0,
  /** Not JSON as of RFC 8259: syntax, UTF-8, BOM, or anything after the value; or no protobuf. */
  malformed: 1,
  /** JSON, but not an object. */
  notObject: 2,
  /** An object whose `id` is absent, null or "". */
  noId: 3,
  /** Nested deeper than `LIMITS.jsonDepthMax`. */
  tooDeep: 4,
  /** Longer than `LIMITS.jsonBytesMax`. */
  tooLong: 5,
} as const
export type ScanOutcome = (typeof ScanOutcome)[keyof typeof ScanOutcome]
