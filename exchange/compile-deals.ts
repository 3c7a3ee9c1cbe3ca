import type { KindRecords } from '../audience/store/catalog-snapshot.ts'
import { LayeredMap } from '../audience/store/layered-map.ts'
import type { CatalogRecord } from '../audience/store/store.ts'
import { byRecord } from './by-record.ts'
import { regionsKey } from './compile-regions.ts'
import { type DealRecord, dealJson, wireIdOf } from './deal.ts'
import { DealList } from './deal-list.ts'
import { tally } from './groups.ts'
import { momentOf } from './moment.ts'

/** A deal as far as it depends on nothing but its record: kept from one snapshot to the next. */
export interface ParsedDeal {
  readonly id: string
  readonly record: DealRecord
  /** What it is called in requests. */
  readonly wireId: string
  /** As OpenRTB has it: see CompiledDeal.json. */
  readonly json: string
  readonly startsMs: number
  readonly endsMs: number
  /** Names its list of regions (compile-regions.ts); '' for everywhere. */
  readonly regions: string
  readonly sites: readonly string[]
  /** The audience: segment ids. */
  readonly any: readonly string[]
  readonly all: readonly string[]
  readonly none: readonly string[]
}

/** By exchange (partner id). */
export type DealLists = ReadonlyMap<string, DealList>

export interface Deals {
  readonly records: KindRecords
  /** By buyer (partner id): the deals that name it. */
  readonly byBuyer: LayeredMap<string, DealLists>
  /** Deals that name no buyer. */
  readonly forAll: DealLists
  /** How many deals name each list of regions. */
  readonly regions: ReadonlyMap<string, number>
}

const parsed = byRecord(({ id, value }: CatalogRecord): ParsedDeal => {
  const record = value as DealRecord
  const { any = [], all = [], none = [] } = record.audience ?? {}
  return {
    id,
    record,
    wireId: wireIdOf(id, record),
    json: dealJson(id, record),
    startsMs: record.startsAt
      ? momentOf(record.startsAt, record.timeZone)
      : Number.NEGATIVE_INFINITY,
    endsMs: record.endsAt ? momentOf(record.endsAt, record.timeZone) : Number.POSITIVE_INFINITY,
    regions: regionsKey(record.regions),
    sites: typeof record.site === 'string' ? [record.site] : (record.site ?? []),
    any,
    all,
    none,
  }
})

/** With `before`, at the cost of what changed since. */
export function compileDeals(records: KindRecords, before = NO_DEALS): Deals {
  const forAll: Moves = new Map()
  const byBuyer = new Map<string, Moves>()
  const move = (deal: ParsedDeal, side: keyof Move) => {
    const buyers = deal.record.buyers ?? []
    if (buyers.length === 0) note(forAll, deal, side)
    for (const buyer of new Set(buyers)) {
      let moves = byBuyer.get(buyer)
      if (!moves) byBuyer.set(buyer, (moves = new Map()))
      note(moves, deal, side)
    }
  }
  const changes: Move = { gone: [], come: [] }
  for (const [, was, is] of before.records.differences(records)) {
    if (was) changes.gone.push(parsed(was))
    if (is) changes.come.push(parsed(is))
  }
  for (const side of ['gone', 'come'] as const) for (const deal of changes[side]) move(deal, side)
  return {
    records,
    regions: tally(before.regions, changes, ({ regions }) => regions),
    forAll: moved(before.forAll, forAll),
    byBuyer: before.byBuyer.with(
      [...byBuyer].map(([buyer, moves]) => {
        const lists = moved(before.byBuyer.get(buyer) ?? NO_LISTS, moves)
        return [buyer, lists.size > 0 ? lists : undefined] as const
      }),
    ),
  }
}

/** The lists one buyer is shown deals of: those for all, and its own. */
export function dealListsFor(deals: Deals, buyer: string): DealLists[] {
  return [deals.forAll, deals.byBuyer.get(buyer) ?? NO_LISTS]
}

interface Move {
  gone: ParsedDeal[]
  come: ParsedDeal[]
}

/** By exchange. */
type Moves = Map<string, Move>

function note(moves: Moves, deal: ParsedDeal, side: keyof Move): void {
  const { exchange } = deal.record
  let move = moves.get(exchange)
  if (!move) moves.set(exchange, (move = { gone: [], come: [] }))
  move[side].push(deal)
}

function moved(before: DealLists, moves: Moves): DealLists {
  if (moves.size === 0) return before
  const after = new Map(before)
  for (const [exchange, move] of moves) {
    const list = DealList.of(before.get(exchange), move)
    if (list.all.length > 0) after.set(exchange, list)
    else after.delete(exchange)
  }
  return after
}

const NO_LISTS: DealLists = new Map()
const NO_DEALS: Deals = {
  records: LayeredMap.empty(),
  byBuyer: LayeredMap.empty(),
  forAll: NO_LISTS,
  regions: new Map(),
}
