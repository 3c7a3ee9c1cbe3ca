import { isDeepStrictEqual } from 'node:util'
import { NAMESPACE_KIND, type Namespace } from '../../audience/namespace.ts'
import { refuse } from '../../audience/refusal.ts'
import { checker } from '../../audience/schema.ts'
import { type TokenKeys, TokenKeysSchema } from '../../audience/tokens/key-ring.ts'
import {
  openTokenKeys,
  sealTokenKeys,
  TOKEN_KEYS_KIND,
  type TokenKeysRecord,
} from '../eids/token-keys-record.ts'
import type { Derive } from '../sync/sync-keys.ts'
import {
  type Actor,
  type DeskDeps,
  mustWriteFor,
  notFound,
  type Shown,
  sees,
  snapshotOf,
  type Written,
} from './desk.ts'
import { checkedBody, writeRecord } from './write-record.ts'

const checkBody = checker(TokenKeysSchema)

/** What may be shown of a source's keys. */
export interface TokenKeysShown {
  /** How many keys there are. */
  count: number
  /** When they last changed. */
  changedAt: string
}

/**
 * Takes the keys that tokens of an eid source are opened with, in place of those before. They are kept sealed, and
 * never shown. The same keys again are no change.
 */
export async function putTokenKeys(
  deps: DeskDeps,
  actor: Actor,
  { name, body, derive }: { name: string; body: unknown; derive: Derive | undefined },
): Promise<Written<TokenKeysShown>> {
  const keys = checkedBody<TokenKeys>(body, checkBody, [])
  if (derive === undefined) throw refuse('conflict', '', 'the store has not been reached yet')
  const written = await writeRecord<TokenKeysRecord>(
    deps,
    { kind: TOKEN_KEYS_KIND, id: name },
    {
      decide: (existing, snapshot) => {
        mustBeSource(actor, snapshot.kind(NAMESPACE_KIND).get(name)?.value as Namespace | undefined)
        const before = existing?.value as TokenKeysRecord | undefined
        if (before && isDeepStrictEqual(openTokenKeys(derive, before), keys))
          return { value: before }
        const changedAt = new Date(deps.clock.now()).toISOString()
        const sealed = sealTokenKeys(derive, keys)
        return { value: { sealed, count: keys.keys.length, changedAt } }
      },
    },
  )
  return { ...written, value: shown(written.value!) }
}

export function getTokenKeys(deps: DeskDeps, actor: Actor, name: string): Shown<TokenKeysShown> {
  const snapshot = snapshotOf(deps)
  const namespace = snapshot.kind(NAMESPACE_KIND).get(name)?.value as Namespace | undefined
  const record = snapshot.kind(TOKEN_KEYS_KIND).get(name)
  if (namespace === undefined || record === undefined || !sees(actor, namespace.owner))
    throw notFound()
  return { value: shown(record.value as TokenKeysRecord), version: record.version }
}

function mustBeSource(actor: Actor, namespace: Namespace | undefined): void {
  if (namespace === undefined || !sees(actor, namespace.owner)) throw notFound()
  mustWriteFor(actor, namespace.owner)
  if (namespace.kind !== 'eid')
    throw refuse('unprocessable', 'id', 'only namespaces of kind eid have tokens')
}

function shown({ count, changedAt }: TokenKeysRecord): TokenKeysShown {
  return { count, changedAt }
}
