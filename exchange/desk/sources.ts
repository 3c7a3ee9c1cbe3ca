import { checkSource, SOURCE_KIND, type Source } from '../../audience/events/source.ts'
import { NAMESPACE_KIND, type Namespace, RESERVED_NAMES } from '../../audience/namespace.ts'
import { refuse } from '../../audience/refusal.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { CatalogWrite } from '../../audience/store/store.ts'
import { SOURCE_KEY_KIND, type SourceKeyRecord } from '../key.ts'
import { whyNoPii } from '../may-keep-pii.ts'
import type { PartnerRecord } from '../partner.ts'
import { refuseUnlicensedSource } from './check-provenance.ts'
import {
  type Actor,
  type DeskDeps,
  mustWriteFor,
  type Shown,
  sees,
  type WriteOptions,
  type Written,
} from './desk.ts'
import { nextNamespaceNumber } from './namespaces.ts'
import { deleteOwned, refuseForeign, refuseUnknownOwner } from './owned.ts'
import {
  listRecords,
  type Page,
  type PageOptions,
  type Reading,
  readRecord,
} from './read-records.ts'
import { holdersOfSource, refuseWhileHeld } from './references.ts'
import { checkedBody, checkId, writeRecord } from './write-record.ts'

/** A source as the desk shows it. */
export type SourceShown = Source & { id: string }

/**
 * Makes or replaces a source, and the namespaces it names: `anonymousId`'s holds visitors (kind `source`),
 * `userId`'s customers (kind `crm`, one to a person). Refuses `conflict` where a name is another's.
 */
export async function putSource(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body: unknown } & WriteOptions,
): Promise<Written<SourceShown>> {
  checkId(id)
  const given = checkedBody<Source>(body, checkSource)
  mustWriteFor(actor, given.owner)
  const written = await writeRecord<Source>(
    deps,
    { kind: SOURCE_KIND, id },
    {
      ifMatch,
      decide: async (existing, snapshot) => {
        const before = existing?.value as Source | undefined
        refuseForeign(actor, { kind: 'source', before, owner: given.owner })
        refuseUnknownOwner(snapshot, given.owner)
        refuseUnlicensedSource(given, before, { snapshot, nowMs: deps.clock.now() })
        refuseVault(deps, given, snapshot)
        const also = await newNamespaces(deps, given, snapshot)
        return { value: given, ...(also.length > 0 ? { also } : {}) }
      },
    },
  )
  return { ...written, value: { id, ...written.value! } }
}

/** Nothing is promised to be kept that this instance cannot, or may not. */
function refuseVault({ vault }: DeskDeps, given: Source, snapshot: CatalogSnapshot): void {
  if (given.vault === undefined) return
  const owner = snapshot.kind('partner').get(given.owner)!.value as PartnerRecord
  const why = whyNoPii(vault, owner)
  if (why) throw refuse('unprocessable', 'vault', why)
}

/** Deletes a source that no tracking plan and no trait names, and its keys. Its namespaces stay: people are known by what is in them. */
export function deleteSource(
  deps: DeskDeps,
  actor: Actor,
  named: { id: string } & WriteOptions,
): Promise<void> {
  const keysIn = (snapshot: CatalogSnapshot) => {
    refuseWhileHeld(holdersOfSource(snapshot, named.id))
    return [...snapshot.kind(SOURCE_KEY_KIND).values()]
      .filter(({ value }) => (value as SourceKeyRecord).source === named.id)
      .map(({ id }) => ({ kind: SOURCE_KEY_KIND, id }))
  }
  return deleteOwned(deps, actor, { kind: SOURCE_KIND, ...named, alongside: keysIn })
}

export function getSource(deps: DeskDeps, actor: Actor, id: string): Shown<SourceShown> {
  return readRecord(deps, id, reading(actor))
}

export function listSources(deps: DeskDeps, actor: Actor, page: PageOptions): Page<SourceShown> {
  return listRecords(deps, page, reading(actor))
}

function reading(actor: Actor): Reading<Source, SourceShown> {
  const show = (id: string, fields: Source) => ({ id, ...fields })
  return { kind: SOURCE_KIND, visible: ({ owner }) => sees(actor, owner), show }
}

const KINDS = { anonymousId: 'source', userId: 'crm' } as const

/** Writes of the namespaces a source names that are not there yet. */
async function newNamespaces(
  deps: DeskDeps,
  { owner, namespaces }: Source,
  snapshot: CatalogSnapshot,
): Promise<CatalogWrite[]> {
  const writes: CatalogWrite[] = []
  for (const field of ['anonymousId', 'userId'] as const) {
    const name = namespaces[field]
    if (name === undefined) continue
    const kind = KINDS[field]
    const held = snapshot.kind(NAMESPACE_KIND).get(name)?.value as Namespace | undefined
    if (held?.owner === owner && held.kind === kind) continue
    if (held || RESERVED_NAMES.has(name) || snapshot.kind('partner').has(name))
      throw refuse('conflict', `namespaces.${field}`, `${name} is taken`)
    if (field === 'userId' && name === namespaces.anonymousId)
      throw refuse('conflict', 'namespaces.userId', 'visitors and customers need a name each')
    const number = await nextNamespaceNumber(deps.catalog)
    const single = kind === 'crm' ? ({ maxPerPerson: 1 } as const) : {}
    const value: Namespace = { name, number, kind, owner, ...single }
    writes.push({ kind: NAMESPACE_KIND, id: name, value, expect: 0 })
  }
  return writes
}
