import type { Soon } from '../soon.ts'
import type { KeptPart, UserKey } from './store.ts'

/** Sealed values beside the records of ids: bytes that say nothing without a key that is in no store. */
export interface VaultStore {
  /** What is kept under some keys, in the order asked; empty where nothing is. */
  read(keys: readonly UserKey[]): Soon<Uint8Array[]>
  /**
   * Puts something in place of what is held, each of one key atomically; keys are distinct. Nothing is put under a suppressed
   * key, and a suppression or `forget` of a key takes what there is.
   */
  rewrite(batch: readonly VaultRewrite[]): Promise<void>
  /** All there is, in batches and in no order. */
  all(): AsyncIterable<KeptPart[]>
}

export interface VaultRewrite {
  key: UserKey
  /** Empty: nothing is kept any more. */
  next: (held: Uint8Array) => Uint8Array
}
