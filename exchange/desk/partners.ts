import { isTimeZone } from '../../audience/calendar.ts'
import { isRegion } from '../../audience/countries.ts'
import { NAMESPACE_KIND, type Namespace, RESERVED_NAMES } from '../../audience/namespace.ts'
import { type Problem, refuse } from '../../audience/refusal.ts'
import { checker } from '../../audience/schema.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { CatalogWrite } from '../../audience/store/store.ts'
import { FORMER_PARTNER_KIND, type FormerPartner, wasAnothers } from '../former-partner.ts'
import { PartnerBody, type PartnerRecord, syncUrlFaults, type WireSettings } from '../partner.ts'
import { MATCH_SECRET_KIND } from '../sync/match-secret.ts'
import { refuseUnseating } from './check-seats.ts'
import {
  type Actor,
  type DeskDeps,
  mustBeExchange,
  notFound,
  type Shown,
  sees,
  type WriteOptions,
  type Written,
} from './desk.ts'
import { nextNamespaceNumber } from './namespaces.ts'
import {
  listRecords,
  type Page,
  type PageOptions,
  type Reading,
  readRecord,
} from './read-records.ts'
import { holdersOfPartner, refuseWhileHeld } from './references.ts'
import { unknownPartners } from './sync-settings.ts'
import { checkedBody, checkId, refuseAll, writeRecord } from './write-record.ts'

/** A partner as the desk shows it. */
export type PartnerShown = PartnerBody & { id: string; status: 'active' | 'paused' }

const checkPartner = checker(PartnerBody)

/**
 * Makes or replaces a partner. Its namespace is made with it; its keys are never touched. Refuses:
 * `invalid`, `unprocessable` (exchange or route name no partner), `conflict` (name taken, or once another's).
 */
export async function putPartner(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body: unknown } & WriteOptions,
): Promise<Written<PartnerShown>> {
  mustBeExchange(actor)
  checkId(id)
  const given = checkedBody<PartnerBody>(body, checkPartner)
  const written = await writeRecord<PartnerRecord>(
    deps,
    { kind: 'partner', id },
    {
      ifMatch,
      decide: async (existing, snapshot) => {
        refuseAll('unprocessable', problemsOf(id, given, snapshot))
        const fields = { ...given, status: given.status ?? 'active' } as const
        if (existing) {
          const { number, namespace, roles } = existing.value as PartnerRecord
          if (given.roles.includes('dsp') && !roles.includes('dsp')) {
            const change = { kind: 'partner', id, value: fields }
            refuseUnseating(snapshot, change, { field: 'roles', nowMs: deps.clock.now() })
          }
          return { value: { ...fields, number, namespace } }
        }
        refuseTakenName(id, snapshot)
        refuseAnothersName({ id, domain: given.domain }, snapshot)
        const number = await deps.catalog.nextNumber('partner')
        const namespace: Namespace = {
          name: id,
          number: await nextNamespaceNumber(deps.catalog),
          kind: 'partner',
          owner: id,
        }
        return {
          value: { ...fields, number, namespace: namespace.number },
          also: [{ kind: NAMESPACE_KIND, id, value: namespace, expect: 0 }],
        }
      },
    },
  )
  return { ...written, value: show(id, written.value!) }
}

/**
 * Deletes a partner with its keys and its namespace. Refuses with `conflict` while objects of others
 * rest on it, and names them.
 */
export async function deletePartner(
  deps: DeskDeps,
  actor: Actor,
  { id, ifMatch }: { id: string } & WriteOptions,
): Promise<void> {
  mustBeExchange(actor)
  await writeRecord(
    deps,
    { kind: 'partner', id },
    {
      ifMatch,
      decide: (existing, snapshot) => {
        if (!existing) throw notFound()
        refuseWhileHeld(holdersOfPartner(snapshot, id, deps.clock.now()))
        const keys = [...snapshot.kind('key').values()].filter(
          ({ value }) => (value as { partner: string }).partner === id,
        )
        return {
          value: null,
          also: [
            { kind: NAMESPACE_KIND, id, value: null },
            ...keys.map((key) => ({ kind: 'key', id: key.id, value: null })),
            { kind: MATCH_SECRET_KIND, id, value: null },
            formerPartner(id, existing.value as PartnerRecord),
          ],
        }
      },
    },
  )
}

export function getPartner(deps: DeskDeps, actor: Actor, id: string): Shown<PartnerShown> {
  return readRecord(deps, id, reading(actor))
}

export function listPartners(deps: DeskDeps, actor: Actor, page: PageOptions): Page<PartnerShown> {
  return listRecords(deps, page, reading(actor))
}

function reading(actor: Actor): Reading<PartnerRecord, PartnerShown> {
  return { kind: 'partner', visible: (_, id) => sees(actor, id), show }
}

function show(id: string, record: PartnerRecord): PartnerShown {
  const { number: _number, namespace: _namespace, ...fields } = record
  return { id, ...fields }
}

function refuseTakenName(id: string, snapshot: CatalogSnapshot): void {
  const taken = snapshot.kind(NAMESPACE_KIND).has(id)
  if (taken || RESERVED_NAMES.has(id))
    throw refuse('conflict', 'id', `the name ${id} is taken by a namespace of another owner`)
}

/** One of another domain is another company: it must not find itself in the former one's contracts and usage. */
function refuseAnothersName(given: FormerPartner, snapshot: CatalogSnapshot): void {
  if (wasAnothers(snapshot, given))
    throw refuse(
      'conflict',
      'id',
      `${given.id} was a partner of another domain: its contracts and usage still name it, so choose another id`,
    )
}

function formerPartner(id: string, { number, domain }: PartnerRecord): CatalogWrite {
  const value: FormerPartner = { id, domain }
  return { kind: FORMER_PARTNER_KIND, id: String(number), value }
}

function problemsOf(id: string, given: PartnerBody, snapshot: CatalogSnapshot): Problem[] {
  const problems: Problem[] = []
  const known = snapshot.kind('partner')
  const mustExist = (field: string, partner: string | undefined) => {
    if (partner !== undefined && partner !== id && !known.has(partner))
      problems.push({ field, reason: `there is no partner ${partner}` })
  }
  // It decides whether the GDPR is taken to apply: a slip of the pen must not take it away.
  if (!isRegion(given.region))
    problems.push({ field: 'region', reason: `${given.region} is no country, nor EU or EEA` })
  mustExist('exchange', given.exchange)
  for (const [i, partner] of (given.sync?.route ?? []).entries())
    mustExist(`sync.route.${i}`, partner)
  for (const way of ['redirect', 'iframe'] as const)
    for (const reason of syncUrlFaults(given.sync?.[way]?.url ?? ''))
      problems.push({ field: `sync.${way}.url`, reason })
  const { timeZone, piiRegions = [], cookieSync: settings } = given.settings ?? {}
  for (const region of piiRegions)
    if (!isRegion(region))
      problems.push({ field: 'settings.piiRegions', reason: `${region} is no country, EU or EEA` })
  if (timeZone !== undefined && !isTimeZone(timeZone))
    problems.push({ field: 'settings.timeZone', reason: `${timeZone} is no time zone` })
  if (settings) problems.push(...unknownPartners(settings, snapshot, 'settings.cookieSync.'))
  problems.push(...sharedFields(given.settings?.wires?.protobuf ?? {}))
  return problems
}

/** One number is one field: of two on one, a reader of the answer would find the wrong type, or both under one name. */
function sharedFields(fields: NonNullable<WireSettings['protobuf']>): Problem[] {
  const named = Object.entries(fields)
  return named.flatMap(([name, number], i) => {
    const [other] = named.slice(0, i).find(([, taken]) => taken === number) ?? []
    const reason = `${number} is the number of ${other} already`
    return other === undefined ? [] : [{ field: `settings.wires.protobuf.${name}`, reason }]
  })
}
