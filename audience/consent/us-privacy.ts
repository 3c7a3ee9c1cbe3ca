/**
 * The US Privacy string: version `1`, then notice, opt-out of sale and LSPA coverage, each Y, N or -.
 * Source: IAB Tech Lab, "CCPA US Privacy String" (deprecated in 2024, still sent).
 */
export const UsPrivacy = { optedOut: 1, notOptedOut: 2, unreadable: 3 } as const
export type UsPrivacy = (typeof UsPrivacy)[keyof typeof UsPrivacy]

const CHARS = 4
const ONE = 0x31
const DASH = 0x2d
const UPPER_Y = 0x59
const LOWER_Y = 0x79
const UPPER_N = 0x4e

/**
 * Reads the string in its span. A third letter `Y` or `y` is an opt-out in whatever stands around it:
 * a malformed string must not cost anybody their opt-out. Any other malformed one is unreadable.
 */
export function readUsPrivacy(bytes: Uint8Array, start: number, end: number): UsPrivacy {
  const optOut = end - start > 2 ? bytes[start + 2] : 0
  if (optOut === UPPER_Y || optOut === LOWER_Y) return UsPrivacy.optedOut
  if (end - start !== CHARS || bytes[start] !== ONE) return UsPrivacy.unreadable
  for (let i = start + 1; i < end; i++) if (!isAnswer(bytes[i]!)) return UsPrivacy.unreadable
  return UsPrivacy.notOptedOut
}

function isAnswer(byte: number): boolean {
  return byte === UPPER_Y || byte === UPPER_N || byte === DASH
}
