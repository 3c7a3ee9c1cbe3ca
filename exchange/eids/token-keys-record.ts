import type { TokenKeys } from '../../audience/tokens/key-ring.ts'
import { openText, sealText } from '../sealed-text.ts'
import type { Derive } from '../sync/sync-keys.ts'

/** Catalog kind of the keys that tokens of an eid source are opened with; a record's id is the namespace's name. */
export const TOKEN_KEYS_KIND = 'token-keys'

export interface TokenKeysRecord {
  /** TokenKeys, sealed under the root secret. */
  sealed: string
  /** What may be shown of them. */
  count: number
  changedAt: string
}

const LABEL = 'token-keys v1'

export function sealTokenKeys(derive: Derive, keys: TokenKeys): string {
  return sealText(derive, LABEL, JSON.stringify(keys))
}

/** Undefined where they were sealed in another installation. */
export function openTokenKeys(derive: Derive, { sealed }: TokenKeysRecord): TokenKeys | undefined {
  const text = openText(derive, LABEL, sealed)
  return text === undefined ? undefined : (JSON.parse(text) as TokenKeys)
}
