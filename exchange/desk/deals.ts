import { isDeepStrictEqual } from 'node:util'
import { refuse } from '../../audience/refusal.ts'
import { checker, Type } from '../../audience/schema.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { DealBody, type DealRecord } from '../deal.ts'
import { DealSource } from '../deal-import/deal-source.ts'
import { closed } from '../fields.ts'
import { malformedDeal, refuseTakenWireId, senselessDeal } from './check-deal.ts'
import { refuseUnseating } from './check-seats.ts'
import type { Shown, WriteOptions, Written } from './desk.ts'
import { type Actor, type DeskDeps, mustWriteFor, notFound, sees } from './desk.ts'
import {
  listRecords,
  type Page,
  type PageOptions,
  type Reading,
  readRecord,
} from './read-records.ts'
import { checkedBody, checkId, refuseAll, writeRecord } from './write-record.ts'

/** A deal as the desk shows it. */
export type DealShown = DealRecord & { id: string }

export const checkDeal = checker(DealBody)
const READ_ONLY = ['id', 'source']

/** A deal as its file has it: an imported one takes along what its seller said of it. */
const checkDealFile = checker(closed({ ...DealBody.properties, source: Type.Optional(DealSource) }))

/** Makes or replaces a deal; the seller's side or an operator of the exchange may. */
export async function putDeal(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body: unknown } & WriteOptions,
): Promise<Written<DealShown>> {
  checkId(id)
  const given = checkedBody<DealBody>(body, checkDeal, READ_ONLY)
  return writeDeal(deps, actor, {
    id,
    ifMatch,
    make: (before) => withSource(given, before?.source),
  })
}

/** Makes or replaces a deal as its file in the catalog's files says. */
export async function putDealFile(
  deps: DeskDeps,
  actor: Actor,
  { id, body }: { id: string; body: unknown },
): Promise<Written<DealShown>> {
  checkId(id)
  const { source, ...given } = checkedBody<DealBody & { source?: DealSource }>(body, checkDealFile)
  return writeDeal(deps, actor, { id, make: () => withSource(given, source) })
}

function withSource(given: DealBody, source: DealSource | undefined): DealRecord {
  return { ...given, status: given.status ?? 'active', ...(source ? { source } : {}) }
}

async function writeDeal(
  deps: DeskDeps,
  actor: Actor,
  {
    id,
    ifMatch,
    make,
  }: WriteOptions & { id: string; make: (before: DealRecord | undefined) => DealRecord },
): Promise<Written<DealShown>> {
  const written = await writeRecord<DealRecord>(
    deps,
    { kind: 'deal', id },
    {
      ifMatch,
      decide: (existing, snapshot) => {
        const before = existing?.value as DealRecord | undefined
        const value = make(before)
        mustWriteFor(actor, value.seller)
        refuseAll('invalid', malformedDeal(value))
        if (before && !sees(actor, before.seller)) throw refuse('conflict', 'id', 'the id is taken')
        refuseAll('unprocessable', senselessDeal(value, snapshot))
        refuseTakenWireId(id, value, snapshot)
        refuseOpening(deps, { id, before, value }, snapshot)
        return { value }
      },
    },
  )
  return { ...written, value: show(id, written.value!) }
}

export async function deleteDeal(
  deps: DeskDeps,
  actor: Actor,
  { id, ifMatch }: { id: string } & WriteOptions,
): Promise<void> {
  await writeRecord(
    deps,
    { kind: 'deal', id },
    {
      ifMatch,
      decide: (existing, snapshot) => {
        if (!existing) throw notFound()
        const before = existing.value as DealRecord
        mustWriteFor(actor, before.seller)
        refuseOpening(deps, { id, before, value: null }, snapshot)
        return { value: null }
      },
    },
  )
}

/** First-party segments may be sold through a deal with seats alone: while they are, it keeps them. */
export function refuseOpening(
  { clock }: DeskDeps,
  { id, before, value }: { id: string; before: DealRecord | undefined; value: DealRecord | null },
  snapshot: CatalogSnapshot,
): void {
  if (!before?.wseat?.length || (value && isDeepStrictEqual(keptBy(before), keptBy(value)))) return
  const field = value === null ? '' : 'wseat'
  refuseUnseating(snapshot, { kind: 'deal', id, value }, { field, nowMs: clock.now() })
}

/** Whose seats a deal keeps which segments to. */
function keptBy({ seller, buyers, wseat, audience }: DealRecord): object {
  return { seller, buyers, any: audience?.any, all: audience?.all, hasSeats: !!wseat?.length }
}

export function getDeal(deps: DeskDeps, actor: Actor, id: string): Shown<DealShown> {
  return readRecord(deps, id, reading(actor))
}

export function listDeals(deps: DeskDeps, actor: Actor, page: PageOptions): Page<DealShown> {
  return listRecords(deps, page, reading(actor))
}

/** The seller sees a deal, and the buyers and the exchange it names; its other buyers are not theirs to see. */
export function reading(actor: Actor): Reading<DealRecord, DealShown> {
  return {
    kind: 'deal',
    visible: ({ seller, exchange, buyers }) => sees(actor, seller, exchange, ...(buyers ?? [])),
    show: (id, record) => {
      if (sees(actor, record.seller) || !record.buyers) return show(id, record)
      return { ...show(id, record), buyers: record.buyers.filter((buyer) => sees(actor, buyer)) }
    },
  }
}

function show(id: string, record: DealRecord): DealShown {
  return { id, ...record }
}
