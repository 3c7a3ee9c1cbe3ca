import { refuse } from '../../audience/refusal.ts'
import { checker } from '../../audience/schema.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { DEFAULT_SCOPES, hashKey, KeyBody, type KeyRecord, makeKey, PAGE_SCOPE } from '../key.ts'
import { LIMITS } from '../limits.ts'
import type { PartnerRecord } from '../partner.ts'
import { type Actor, type DeskDeps, mustWriteFor, notFound, sees } from './desk.ts'
import { listRecords, type Page, type PageOptions } from './read-records.ts'
import { checkedBody, writeRecord } from './write-record.ts'

/** A key as the desk shows it: never the key itself, nor its hash. */
export type KeyShown = Omit<KeyRecord, 'hash'> & { id: string }

const checkKey = checker(KeyBody)

/** Makes a key for a partner. The answer is the only place the key is ever shown. */
export async function createKey(
  deps: DeskDeps,
  actor: Actor,
  { partner, body }: { partner: string; body: unknown },
): Promise<{ id: string; key: string }> {
  mustWriteFor(actor, partner)
  const given = checkedBody<KeyBody>(body ?? {}, checkKey, [])
  const made = makeKey()
  await keepKey(deps, { ...made, partner, given })
  return made
}

/** Keeps the hash of a key. Refuses `not_found` (partner), `unprocessable` (exchange), `conflict` (too many). */
export async function keepKey(
  deps: DeskDeps,
  { id, key, partner, given }: { id: string; key: string; partner: string; given: KeyBody },
): Promise<void> {
  const record: KeyRecord = {
    partner,
    hash: hashKey(key).toString('base64url'),
    scopes: given.scopes ?? [...DEFAULT_SCOPES],
    trace: given.trace ?? false,
    ...(given.exchange === undefined ? {} : { exchange: given.exchange }),
    ...(given.page === undefined ? {} : { page: given.page }),
    createdAt: new Date(deps.clock.now()).toISOString(),
  }
  await writeRecord<KeyRecord>(
    deps,
    { kind: 'key', id },
    {
      decide: (_, snapshot) => {
        refuseUnfit(record, snapshot)
        return { value: record }
      },
    },
  )
}

/** Revokes a key: no process honours it any more within a second. */
export async function deleteKey(
  deps: DeskDeps,
  actor: Actor,
  { partner, id }: { partner: string; id: string },
): Promise<void> {
  mustWriteFor(actor, partner)
  await writeRecord(
    deps,
    { kind: 'key', id },
    {
      decide: (existing) => {
        if ((existing?.value as KeyRecord | undefined)?.partner !== partner) throw notFound()
        return { value: null }
      },
    },
  )
}

export function listKeys(
  deps: DeskDeps,
  actor: Actor,
  { partner, ...page }: { partner: string } & PageOptions,
): Page<KeyShown> {
  if (!sees(actor, partner)) throw notFound()
  return listRecords(deps, page, {
    kind: 'key',
    visible: (key: KeyRecord) => key.partner === partner,
    show: (id, { hash: _hash, ...fields }) => ({ id, ...fields }),
  })
}

function refuseUnfit(key: KeyRecord, snapshot: CatalogSnapshot): void {
  if (!snapshot.kind('partner').has(key.partner)) throw notFound()
  if (key.exchange !== undefined && !snapshot.kind('partner').has(key.exchange))
    throw refuse('unprocessable', 'exchange', `there is no partner ${key.exchange}`)
  refuseUnfitPage(key, snapshot.kind('partner').get(key.partner)!.value as PartnerRecord)
  let keys = 0
  for (const { value } of snapshot.kind('key').values())
    if ((value as KeyRecord).partner === key.partner) keys++
  if (keys >= LIMITS.partnerKeysMax)
    throw refuse('conflict', '', `a partner has at most ${LIMITS.partnerKeysMax} keys: delete one`)
}

/** What stands in a page everybody reads: it opens one path, for pages and bidders that are named. */
function refuseUnfitPage({ page, scopes, trace }: KeyRecord, { roles }: PartnerRecord): void {
  const isForPages = scopes.includes(PAGE_SCOPE)
  if (!isForPages && page === undefined) return
  if (page === undefined)
    throw refuse('unprocessable', 'page', `a key of scope ${PAGE_SCOPE} names its pages' origins`)
  if (!isForPages || scopes.length > 1)
    throw refuse('unprocessable', 'scopes', `a key for pages has scope ${PAGE_SCOPE} and no other`)
  if (trace) throw refuse('unprocessable', 'trace', 'a page may not ask for traces')
  if (page.bidders === undefined && !roles.includes('publisher'))
    throw refuse(
      'unprocessable',
      'page.bidders',
      'who is no publisher names its own bidders: what it is given is not for the others of a page',
    )
}
