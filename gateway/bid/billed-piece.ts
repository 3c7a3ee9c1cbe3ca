import type { MeterCell } from '../../exchange/usage/meter.ts'
import type { SealedFor, Stamp, TokenMint } from '../../exchange/usage/token-mint.ts'
import { SEAL_CHARS } from '../../exchange/usage/token-seal.ts'

/** What an answer owes for a ready-made piece in it: deliveries to count, and a token to carry. */
export interface BilledPiece {
  /** Counts it where a contract bills on `delivered`. */
  readonly cell: MeterCell | undefined
  /** Its token, where a contract bills on notice. */
  readonly token: TokenPlace | undefined
}

/** Where in the bytes the token's seal is written for each answer anew. */
export interface TokenPlace {
  readonly stamp: Stamp
  readonly bytes: Buffer
  readonly holes: readonly number[]
}

/** Writes the seal as it was written last before `end`, for a form that has a copy of the piece. */
export function copySeal({ bytes, holes }: TokenPlace, into: Uint8Array, end: number): void {
  const from = holes[0]!
  const to = end - SEAL_CHARS
  // So few bytes are quicker copied one by one than the view made that `set` asks for.
  for (let i = 0; i < SEAL_CHARS; i++) into[to + i] = bytes[from + i]!
}

/** A token whose seal is still to be written. */
export function unsealed({ descriptor }: Stamp): string {
  return `${descriptor}.${'-'.repeat(SEAL_CHARS)}`
}

/** `"t":"<token>"}}` ends a piece's object: so far before that end its seal begins. */
export const HOLE_FROM_END = SEAL_CHARS + '"}}'.length

/** Seals a piece for one answer. It is copied out before the next answer is made. */
export function sealPiece(
  { stamp, bytes, holes }: TokenPlace,
  mint: TokenMint,
  to: SealedFor,
): void {
  const first = holes[0]!
  mint.seal(stamp, to, bytes, first)
  for (let i = 1; i < holes.length; i++) bytes.copyWithin(holes[i]!, first, first + SEAL_CHARS)
}
