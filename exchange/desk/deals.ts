import { refuse } from '../../audience/refusal.ts'
import { checker } from '../../audience/schema.ts'
import { DealBody, type DealRecord } from '../deal.ts'
import { malformedDeal, refuseTakenWireId, senselessDeal } from './check-deal.ts'
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

/** Makes or replaces a deal; the seller's side or an operator of the exchange may. */
export async function putDeal(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body: unknown } & WriteOptions,
): Promise<Written<DealShown>> {
  checkId(id)
  const given = checkedBody<DealBody>(body, checkDeal, READ_ONLY)
  mustWriteFor(actor, given.seller)
  refuseAll('invalid', malformedDeal(given))
  const written = await writeRecord<DealRecord>(
    deps,
    { kind: 'deal', id },
    {
      ifMatch,
      decide: (existing, snapshot) => {
        const before = existing?.value as DealRecord | undefined
        if (before && !sees(actor, before.seller)) throw refuse('conflict', 'id', 'the id is taken')
        refuseAll('unprocessable', senselessDeal(given, snapshot))
        refuseTakenWireId(id, given, snapshot)
        const source = before?.source ? { source: before.source } : {}
        return { value: { ...given, status: given.status ?? 'active', ...source } }
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
      decide: (existing) => {
        if (!existing) throw notFound()
        mustWriteFor(actor, (existing.value as DealRecord).seller)
        return { value: null }
      },
    },
  )
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
