import { VarintReader, writeVarint } from './varint.ts'

/**
 * What stands in the place of an id's memberships, and of its edges, once the person behind it is to be
 * left alone for good:
 *
 *   SUPPRESSED (1 byte) · kinds (bits) · first UTC day on which it was said
 *
 * The first byte is no version of either blob, so that whoever reads memberships or edges finds none.
 */
export interface Suppression {
  /** Bits of SuppressionKinds; at least one. */
  kinds: number
  /** UTC day (days since the epoch) of the first word. */
  sinceDay: number
}

/** Who said so; each a bit, only ever appended to. */
export const SuppressionBits = { opt_out: 1, erased: 2, list: 4 } as const
export type SuppressionKind = keyof typeof SuppressionBits

const SUPPRESSED = 255

/** Whether `bytes[start … end)` is such a mark: one comparison. */
export function isSuppressed(bytes: Uint8Array, start: number, end: number): boolean {
  return bytes[start] === SUPPRESSED && start < end
}

/** The mark as it is once one more kind was said, over whatever was held. */
export function markSuppressed(held: Uint8Array, kind: SuppressionKind, day: number): Uint8Array {
  const before = readSuppression(held)
  const bytes = [SUPPRESSED]
  writeVarint(bytes, (before?.kinds ?? 0) | SuppressionBits[kind])
  writeVarint(bytes, Math.min(before?.sinceDay ?? day, day))
  return Uint8Array.from(bytes)
}

/** Undefined for anything else. A mark that is cut off is one of unknown kind: it holds nevertheless. */
export function readSuppression(bytes: Uint8Array): Suppression | undefined {
  if (!isSuppressed(bytes, 0, bytes.length)) return undefined
  reader.begin(bytes, 1, bytes.length)
  const kinds = reader.next()
  const sinceDay = reader.next()
  return reader.failed ? { kinds: 0, sinceDay: 0 } : { kinds, sinceDay }
}

export function kindsOf({ kinds }: Suppression): SuppressionKind[] {
  const all = Object.keys(SuppressionBits) as SuppressionKind[]
  return all.filter((kind) => (kinds & SuppressionBits[kind]) !== 0)
}

const reader = new VarintReader()
