import type { CatalogRecord } from '../audience/store/store.ts'
import type { CompiledDeal } from './buyer-view.ts'
import { byRecord } from './by-record.ts'
import type { CompiledPartner, Partners } from './compile-partners.ts'
import type { CompiledSegment, Segments } from './compile-segments.ts'
import { type DealRecord, dealJson } from './deal.ts'
import { momentOf } from './moment.ts'

/** A deal with what decides whether it is live; who may have it is decided by where it stands. */
export interface DealTerms {
  readonly deal: CompiledDeal
  readonly seller: CompiledPartner
  /** Neither the seller nor the exchange is paused. */
  readonly partiesActive: boolean
  readonly paused: boolean
  readonly startsMs: number
  readonly endsMs: number
  /** Segments of the audience, each once; undefined where one of them does not exist. */
  readonly audience: readonly CompiledSegment[] | undefined
}

/** Deals of one exchange: those for every buyer, and those for some by buyer number. */
export interface DealShelf {
  readonly open: readonly DealTerms[]
  readonly byBuyer: ReadonlyMap<number, readonly DealTerms[]>
}

/** By exchange number. */
export type Deals = ReadonlyMap<number, DealShelf>

/** What depends on nothing but the record, kept from one snapshot to the next. */
const parsed = byRecord(({ id, value }: CatalogRecord) => {
  const record = value as DealRecord
  return {
    id,
    record,
    json: dealJson(id, record),
    startsMs: record.startsAt ? momentOf(record.startsAt) : Number.NEGATIVE_INFINITY,
    endsMs: record.endsAt ? momentOf(record.endsAt) : Number.POSITIVE_INFINITY,
    sites: typeof record.site === 'string' ? [record.site] : (record.site ?? []),
  }
})
type ParsedDeal = ReturnType<typeof parsed>

export function compileDeals(
  records: ReadonlyMap<string, CatalogRecord>,
  partners: Partners,
  segments: Segments,
): Deals {
  const shelves = new Map<number, { open: DealTerms[]; byBuyer: Map<number, DealTerms[]> }>()
  let index = 0
  for (const draft of inOrder(records)) {
    const exchange = partners.byId.get(draft.record.exchange)
    const seller = partners.byId.get(draft.record.seller)
    if (!exchange || !seller) continue
    const parties = { seller, active: seller.active && exchange.active }
    const terms = compileTerms(draft, parties, { index: index++, partners, segments })
    let shelf = shelves.get(exchange.number)
    if (!shelf) shelves.set(exchange.number, (shelf = { open: [], byBuyer: new Map() }))
    place(shelf, terms, { buyers: draft.record.buyers ?? [], partners })
  }
  return shelves
}

/** The deals of a shelf that one buyer may be shown at all. */
export function dealsOn(shelf: DealShelf, buyer: number): readonly DealTerms[] {
  const own = shelf.byBuyer.get(buyer)
  if (!own) return shelf.open
  return shelf.open.length === 0 ? own : [...shelf.open, ...own]
}

interface Surroundings {
  index: number
  partners: Partners
  segments: Segments
}

/** By id, so that every process numbers and writes deals alike; snapshots are nearly sorted already. */
function inOrder(records: ReadonlyMap<string, CatalogRecord>): ParsedDeal[] {
  return [...records.values()].map(parsed).sort((a, b) => (a.id < b.id ? -1 : 1))
}

function compileTerms(
  draft: ParsedDeal,
  { seller, active }: { seller: CompiledPartner; active: boolean },
  around: Surroundings,
): DealTerms {
  const { any = [], all = [], none = [] } = draft.record.audience ?? {}
  const known = new Map<string, CompiledSegment>()
  let whole = true
  for (const id of [...any, ...all, ...none]) {
    const segment = around.segments.byId.get(id)
    if (segment) known.set(id, segment)
    else whole = false
  }
  const numbers = (ids: readonly string[]) => ids.map((id) => known.get(id)?.number ?? 0)
  const audience = [...known.values()]
  const owners = new Set(audience.map((segment) => segment.owner))
  const deal: CompiledDeal = {
    id: draft.id,
    index: around.index,
    seller,
    providers: [...owners].flatMap((owner) => around.partners.byId.get(owner) ?? []),
    any: numbers(any),
    all: numbers(all),
    none: numbers(none),
    sites: draft.sites,
    json: draft.json,
  }
  return {
    deal,
    seller,
    partiesActive: active,
    paused: draft.record.status !== 'active',
    startsMs: draft.startsMs,
    endsMs: draft.endsMs,
    audience: whole ? audience : undefined,
  }
}

function place(
  shelf: { open: DealTerms[]; byBuyer: Map<number, DealTerms[]> },
  terms: DealTerms,
  { buyers, partners }: { buyers: readonly string[]; partners: Partners },
): void {
  if (buyers.length === 0) {
    shelf.open.push(terms)
    return
  }
  for (const id of buyers) {
    const buyer = partners.byId.get(id)
    if (!buyer) continue
    const own = shelf.byBuyer.get(buyer.number)
    if (own) own.push(terms)
    else shelf.byBuyer.set(buyer.number, [terms])
  }
}
