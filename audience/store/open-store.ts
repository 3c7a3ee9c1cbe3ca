import { resolve } from 'node:path'
import type { Clock } from '../clock.ts'
import type { Store } from './store.ts'

export interface StoreOptions {
  clock: Clock
  /** Directory of this installation's own files (PASSERELLE_DATA). */
  dataDir: string
}

/** A setting of PASSERELLE_STORE, taken apart. */
export type StoreAddress = { kind: 'embedded'; dir: string } | { kind: 'redis'; url: string }

/**
 * Opens the store that `address` names: `embedded:<dir>` or `redis://host:port/db`. Rejects with a
 * sentence where the address makes no sense. Redis out of reach is no error here, but a finding.
 */
export async function openStore(address: string, options: StoreOptions): Promise<Store> {
  const parsed = parseStoreAddress(address)
  if (parsed.kind === 'embedded') {
    const { openEmbeddedStore } = await import('./embedded/embedded-store.ts')
    return openEmbeddedStore(resolve(parsed.dir), options)
  }
  const { openRedisStore } = await import('./redis/open-redis-store.ts')
  return openRedisStore(parsed.url, options)
}

/** Checks a store address without opening anything; throws a sentence that names the setting. */
export function parseStoreAddress(address: string): StoreAddress {
  if (address.startsWith('embedded:')) {
    const dir = address.slice('embedded:'.length)
    if (dir === '') throw new Error('PASSERELLE_STORE: embedded:<dir> needs a directory')
    return { kind: 'embedded', dir }
  }
  if (address.startsWith('redis+cluster:')) {
    throw new Error(
      'PASSERELLE_STORE: Redis Cluster is not supported yet; use redis://host:port/db',
    )
  }
  if (isRedisUrl(address)) return { kind: 'redis', url: address }
  throw new Error(
    'PASSERELLE_STORE: must be embedded:<dir> or redis://host:port/db, ' +
      `not ${JSON.stringify(schemeOf(address))}`,
  )
}

function isRedisUrl(address: string): boolean {
  return /^rediss?:\/\//.test(address) && URL.canParse(address)
}

/** What stands before the first colon: the rest may hold a password, and is not repeated. */
function schemeOf(address: string): string {
  return address.split(':', 1)[0] ?? ''
}
