/** Bounds of fetching keys from the operators of UID2 and EUID. */
export const UID2_LIMITS = {
  /** How often keys are asked for once there are some (the operators recommend an hour). */
  refreshMs: 3_600_000,
  /** How often it is looked whether that is due; so often, too, it is tried again where it failed. */
  roundMs: 60_000,
  /** An operator that takes longer has failed. */
  answerMsMax: 10_000,
  /** Bytes of an answer; a longer one has failed. */
  answerBytesMax: 16 * 1024 * 1024,
} as const
