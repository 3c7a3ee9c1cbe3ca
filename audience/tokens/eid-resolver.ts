import type { UserKeys } from '../people/user-key.ts'

/** An id as a request has it. */
export interface SentId {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  /** Domain of the site and bundle of the app it was sent from. */
  readonly sentFrom: () => readonly string[]
}

/** Gives the ids of one namespace that is not `raw`. */
export interface EidResolver {
  /** Writes the key of the person's id into `out[0 … 3]`; false where what was sent gives no id. Never throws. */
  resolve(sent: SentId, keys: UserKeys, out: Uint32Array): boolean
  /** The id itself; undefined where the text gives none. Without `sentFrom` it is not asked where it came from. */
  open(text: string, sentFrom?: readonly string[]): string | undefined
}

/** Nobody is looked up. */
export const NOBODY: EidResolver = {
  resolve: () => false,
  open: () => undefined,
}
