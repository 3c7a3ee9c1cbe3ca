import type { CatalogRecord } from '../audience/store/store.ts'
import type { CompiledDeal } from './buyer-view.ts'
import { byRecord } from './by-record.ts'
import type { CompiledPartner, Partners } from './compile-partners.ts'
import { regionsKey } from './compile-regions.ts'
import type { CompiledSegment, Segments } from './compile-segments.ts'
import { type DealRecord, dealJson, wireIdOf } from './deal.ts'
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
  /** Names its list of regions (compile-regions.ts); '' for everywhere. */
  readonly regions: string
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
    wireId: wireIdOf(id, record),
    json: dealJson(id, record),
    startsMs: record.startsAt
      ? momentOf(record.startsAt, record.timeZone)
      : Number.NEGATIVE_INFINITY,
    endsMs: record.endsAt ? momentOf(record.endsAt, record.timeZone) : Number.POSITIVE_INFINITY,
    regions: regionsKey(record.regions),
    sites: typeof record.site === 'string' ? [record.site] : (record.site ?? []),
  }
})
type ParsedDeal = ReturnType<typeof parsed>

/** What a deal's terms follow from besides its own record. */
interface Around {
  readonly partners: Partners
  readonly segments: Segments
}

interface Made {
  /** Of which the terms were last known to be true. */
  around: Around
  readonly exchange: CompiledPartner
  readonly terms: DealTerms
  /** Everything the record names was there. */
  readonly whole: boolean
}

/** The last made of each record, taken again while it would come out the same. */
const made = new WeakMap<CatalogRecord, Made>()

export function compileDeals(
  records: ReadonlyMap<string, CatalogRecord>,
  partners: Partners,
  segments: Segments,
): Deals {
  const shelves = new Map<number, { open: DealTerms[]; byBuyer: Map<number, DealTerms[]> }>()
  const around = { partners, segments }
  for (const record of inOrder(records)) {
    const known = compileTerms(record, around)
    if (!known) continue
    const { exchange, terms } = known
    let shelf = shelves.get(exchange.number)
    if (!shelf) shelves.set(exchange.number, (shelf = { open: [], byBuyer: new Map() }))
    place(shelf, terms, { buyers: (record.value as DealRecord).buyers ?? [], partners })
  }
  return shelves
}

/** The deals of a shelf that one buyer may be shown at all. */
export function dealsOn(shelf: DealShelf, buyer: number): readonly DealTerms[] {
  const own = shelf.byBuyer.get(buyer)
  if (!own) return shelf.open
  return shelf.open.length === 0 ? own : [...shelf.open, ...own]
}

/** Every deal, each once. */
export function* allDeals(deals: Deals): Iterable<DealTerms> {
  for (const { open, byBuyer } of deals.values())
    yield* new Set([...open, ...[...byBuyer.values()].flat()])
}

/** By id, so that every process writes deals in the same order; snapshots are nearly sorted already. */
function inOrder(records: ReadonlyMap<string, CatalogRecord>): CatalogRecord[] {
  return [...records.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Undefined where the seller or the exchange is no partner any more. */
function compileTerms(record: CatalogRecord, around: Around): Made | undefined {
  const known = made.get(record)
  if (known && isStillTrue(known, record.value as DealRecord, around)) return known
  const draft = parsed(record)
  const exchange = around.partners.byId.get(draft.record.exchange)
  const seller = around.partners.byId.get(draft.record.seller)
  if (!exchange || !seller) return undefined
  const terms = makeTerms(draft, { seller, exchange }, around)
  const owners = new Set(terms.audience?.map((segment) => segment.owner))
  const whole = terms.audience !== undefined && terms.deal.providers.length === owners.size
  const fresh = { around, exchange, terms, whole }
  made.set(record, fresh)
  return fresh
}

/** Partners and segments keep their objects while they do not change: comparing those is enough. */
function isStillTrue(known: Made, deal: DealRecord, around: Around): boolean {
  const { partners, segments } = around
  if (known.around.partners === partners && known.around.segments === segments) return true
  const { seller, audience = [], deal: compiled } = known.terms
  const same =
    known.whole &&
    partners.byId.get(deal.exchange) === known.exchange &&
    partners.byId.get(deal.seller) === seller &&
    audience.every((segment) => segments.byId.get(segment.id) === segment) &&
    compiled.providers.every((provider) => partners.byId.get(provider.id) === provider)
  if (same) known.around = around
  return same
}

function makeTerms(
  draft: ParsedDeal,
  { seller, exchange }: { seller: CompiledPartner; exchange: CompiledPartner },
  around: Around,
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
    wireId: draft.wireId,
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
    partiesActive: seller.active && exchange.active,
    paused: draft.record.status !== 'active',
    startsMs: draft.startsMs,
    endsMs: draft.endsMs,
    regions: draft.regions,
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
