/** Bounds of the notice endpoints. */
export const NOTICE_LIMITS = {
  /** Form body; beyond it 413. Room for the longest token, twice over. */
  bodyBytesMax: 16 * 1024,
  /** What 503 asks for, in whole seconds. */
  retryAfterS: 1,
} as const
