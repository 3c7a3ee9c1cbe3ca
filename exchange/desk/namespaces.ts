import {
  EXCHANGE_OWNER,
  IFA,
  MaxPerPerson,
  NAMESPACE_KIND,
  type Namespace,
  type NamespaceKind,
  NamespaceSchema,
  OWN_NAMESPACES,
  Priority,
  RESERVED_NAMES,
} from '../../audience/namespace.ts'
import { refuse } from '../../audience/refusal.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { CatalogRecord, CatalogStore } from '../../audience/store/store.ts'
import { type EidResolverKind, EidResolvers } from '../../audience/tokens/eid-resolver-kinds.ts'
import { closed, OperatorId } from '../fields.ts'
import {
  type Actor,
  type DeskDeps,
  isExchange,
  mustWriteFor,
  type Shown,
  sees,
  type WriteOptions,
  type Written,
} from './desk.ts'
import {
  listRecords,
  type Page,
  type PageOptions,
  type Reading,
  readRecord,
} from './read-records.ts'
import { checkedBody, writeRecord } from './write-record.ts'

/**
 * Body of `PUT /api/namespaces/{name}`. Eid sources are declared by themselves, those of sources may be, or are made with
 * the source; a partner's namespace is made with the partner, `ifa` is always there.
 */
export const NamespaceBody = closed({
  kind: Type.Enum(['eid', 'source', 'crm']),
  /** Partner id; absent: the exchange. Fixed when it is made. */
  owner: Type.Optional(OperatorId),
  /** How what a request sends becomes an id; absent: `raw`. */
  resolver: Type.Optional(Type.Enum(Object.keys(EidResolvers) as EidResolverKind[])),
  /** Ids of it that one person may have. Of kind `crm` 1 where it is absent. */
  maxPerPerson: Type.Optional(MaxPerPerson),
  /** Of two claims that cannot both hold, the one between ids of higher priority does. */
  priority: Type.Optional(Priority),
})
export type NamespaceBody = Static<typeof NamespaceBody>

/** A namespace as the desk shows it. */
export type NamespaceShown = Omit<Namespace, 'number'>

const checkBody = checker(NamespaceBody)
const checkName = checker(NamespaceSchema.properties.name)

/** Declares an eid source. Refuses `conflict` where the name has another owner or kind. */
export async function putNamespace(
  deps: DeskDeps,
  actor: Actor,
  { name, body, ifMatch }: { name: string; body: unknown } & WriteOptions,
): Promise<Written<NamespaceShown>> {
  const [wrong] = checkName(name)
  if (wrong) throw refuse('invalid', 'name', wrong.reason)
  const given = checkedBody<NamespaceBody>(body, checkBody, ['name'])
  if (given.resolver !== undefined && given.kind !== 'eid')
    throw refuse('unprocessable', 'resolver', 'only namespaces of kind eid have one')
  const owner = given.owner ?? actor.partner ?? EXCHANGE_OWNER
  mustWriteFor(actor, owner)
  const written = await writeRecord<Namespace>(
    deps,
    { kind: NAMESPACE_KIND, id: name },
    {
      ifMatch,
      decide: async (existing, snapshot) => {
        refuseForeign(existing, given.kind, owner)
        const { owner: _owner, ...settings } = given
        const kept = { ...(given.kind === 'crm' ? { maxPerPerson: 1 } : {}), ...settings }
        if (existing) {
          const { number } = existing.value as Namespace
          return { value: { name, number, owner, ...kept } }
        }
        refuseUnknownOwner(snapshot, owner)
        if (RESERVED_NAMES.has(name) || snapshot.kind('partner').has(name))
          throw refuse('conflict', 'name', `${name} is taken`)
        const number = await nextNamespaceNumber(deps.catalog)
        return { value: { name, number, owner, ...kept } }
      },
    },
  )
  return { ...written, value: show(name, written.value!) }
}

export function getNamespace(deps: DeskDeps, actor: Actor, name: string): Shown<NamespaceShown> {
  const own = isExchange(actor) ? OWN_NAMESPACES.get(name) : undefined
  if (own !== undefined) return { value: show(name, own), version: 0 }
  return readRecord(deps, name, reading(actor))
}

export function listNamespaces(
  deps: DeskDeps,
  actor: Actor,
  page: PageOptions,
): Page<NamespaceShown> {
  return listRecords(deps, page, reading(actor))
}

/** The number of a new namespace: never that of `ifa`, which is there from the beginning. */
export async function nextNamespaceNumber(catalog: CatalogStore): Promise<number> {
  for (;;) {
    const number = await catalog.nextNumber('namespace')
    if (number > IFA.number) return number
  }
}

function refuseForeign(
  existing: CatalogRecord | undefined,
  kind: NamespaceKind,
  owner: string,
): void {
  if (!existing) return
  const namespace = existing.value as Namespace
  if (namespace.kind !== kind)
    throw refuse('conflict', 'kind', `the name is taken by a namespace of kind ${namespace.kind}`)
  if (namespace.owner !== owner)
    throw refuse('conflict', 'owner', 'the name is taken by another owner')
}

function refuseUnknownOwner(snapshot: CatalogSnapshot, owner: string): void {
  if (owner !== EXCHANGE_OWNER && !snapshot.kind('partner').has(owner))
    throw refuse('unprocessable', 'owner', `there is no partner ${owner}`)
}

function reading(actor: Actor): Reading<Namespace, NamespaceShown> {
  return { kind: NAMESPACE_KIND, visible: ({ owner }) => sees(actor, owner), show }
}

function show(_name: string, record: Namespace): NamespaceShown {
  const { number: _number, ...fields } = record
  return fields
}
