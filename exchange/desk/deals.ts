import { type Problem, refuse } from '../../audience/refusal.ts'
import { checker } from '../../audience/schema.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { DealBody, type DealRecord } from '../deal.ts'
import { momentOf } from '../moment.ts'
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

const checkDeal = checker(DealBody)

/** Makes or replaces a deal; the seller's side or an operator of the exchange may. */
export async function putDeal(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body: unknown } & WriteOptions,
): Promise<Written<DealShown>> {
  checkId(id)
  const given = checkedBody<DealBody>(body, checkDeal)
  mustWriteFor(actor, given.seller)
  refuseAll('invalid', malformed(given))
  const written = await writeRecord<DealRecord>(
    deps,
    { kind: 'deal', id },
    {
      ifMatch,
      decide: (existing, snapshot) => {
        const before = existing?.value as DealRecord | undefined
        if (before && !sees(actor, before.seller)) throw refuse('conflict', 'id', 'the id is taken')
        refuseAll('unprocessable', senseless(given, snapshot))
        return { value: { ...given, status: given.status ?? 'active' } }
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
function reading(actor: Actor): Reading<DealRecord, DealShown> {
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

function malformed(deal: DealBody): Problem[] {
  return (['startsAt', 'endsAt'] as const)
    .filter((field) => deal[field] !== undefined && Number.isNaN(momentOf(deal[field])))
    .map((field) => ({ field, reason: 'is not a date that exists' }))
}

function senseless(deal: DealBody, snapshot: CatalogSnapshot): Problem[] {
  const problems: Problem[] = []
  const mustExist = (kind: string, id: string, field: string) => {
    if (!snapshot.kind(kind).has(id)) problems.push({ field, reason: `there is no ${kind} ${id}` })
  }
  mustExist('partner', deal.seller, 'seller')
  mustExist('partner', deal.exchange, 'exchange')
  for (const [i, id] of (deal.buyers ?? []).entries()) mustExist('partner', id, `buyers.${i}`)
  const { any = [], all = [], none = [] } = deal.audience ?? {}
  for (const [part, ids] of Object.entries({ any, all, none }))
    for (const [i, id] of ids.entries()) mustExist('segment', id, `audience.${part}.${i}`)
  if (none.length > 0 && any.length + all.length === 0)
    problems.push({ field: 'audience.none', reason: 'needs any or all beside it' })
  if (deal.startsAt && deal.endsAt && momentOf(deal.endsAt) <= momentOf(deal.startsAt))
    problems.push({ field: 'endsAt', reason: 'must be after startsAt' })
  return problems
}
