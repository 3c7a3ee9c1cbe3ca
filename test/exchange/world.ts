import { DAY_MS } from '../../audience/clock.ts'
import { countryOf } from '../../audience/countries.ts'
import { openReach, type Reach } from '../../audience/reach/reach.ts'
import { Refused } from '../../audience/refusal.ts'
import { type CatalogFeed, openCatalogFeed } from '../../audience/store/catalog-feed.ts'
import type { PeopleStore } from '../../audience/store/store.ts'
import type { BuyerView, Sharing } from '../../exchange/buyer-view.ts'
import type { Actor } from '../../exchange/desk/desk.ts'
import { type Exchange, openExchange } from '../../exchange/exchange.ts'
import { MemoryCatalog } from '../support/memory-catalog.ts'

export const OPERATOR: Actor = { operator: true }

/** A clock that only the test moves. */
export class WoundClock {
  nowMs = Date.UTC(2026, 0, 15)
  elapsedMs = 0
  now(): number {
    return this.nowMs
  }
  elapsed(): number {
    return this.elapsedMs
  }
}

/** An exchange over a catalog in memory and the real feed, with short ways to fill it. */
export class World {
  readonly clock = new WoundClock()
  readonly catalog = new MemoryCatalog()
  readonly feed: CatalogFeed
  exchange!: Exchange
  reach: Reach | undefined

  constructor() {
    this.feed = openCatalogFeed({ store: this.catalog, clock: this.clock, pollMs: 3_600_000 })
  }

  /** `people`: where an offer's segments are counted. */
  static async open({ people }: { people?: PeopleStore } = {}): Promise<World> {
    const world = new World()
    await world.feed.poke()
    const { clock } = world
    const reach = people && openReach({ people, clock, bidChannel: 0, followMs: 3_600_000 })
    world.reach = reach
    world.exchange = await openExchange({
      feed: world.feed,
      clock: world.clock,
      catalogStore: world.catalog,
      log: { debug: () => {} },
      ...(reach ? { reach } : {}),
    })
    return world
  }

  get desk() {
    return this.exchange.desk
  }

  async close(): Promise<void> {
    await this.exchange.close()
    await this.reach?.close()
    await this.feed.close()
  }

  async partner(id: string, more: object = {}): Promise<number> {
    const roles = id.startsWith('dsp') ? ['dsp'] : ['data_provider']
    const body = { name: id, domain: `${id}.example`, roles, region: 'US', ...more }
    await this.desk.putPartner(OPERATOR, { id, body })
    return this.exchange.catalog()!.partner(id)!.number
  }

  async segment(id: string, owner: string, more: object = {}): Promise<number> {
    const body = { name: id, owner, provenance: 'third_party', ttlDays: 30, ...more }
    await this.desk.putSegment(OPERATOR, { id, body })
    return this.exchange.catalog()!.segment(id)!.number
  }

  async contract(id: string, more: object): Promise<void> {
    await this.desk.putContract(OPERATOR, { id, body: contractBody(more) })
  }

  async offer(id: string, more: object): Promise<void> {
    await this.desk.putOffer(OPERATOR, { id, body: offerBody(more) })
  }

  async deal(id: string, more: object): Promise<void> {
    const body = { name: id, ...more }
    await this.desk.putDeal(OPERATOR, { id, body })
  }

  view(
    buyer: string,
    {
      country,
      confirmed = true,
      sharing = 'all',
    }: { country?: string; confirmed?: boolean; sharing?: Sharing } = {},
  ) {
    const catalog = this.exchange.catalog()!
    const number = catalog.partner(buyer)!.number
    return catalog.viewFor(
      number,
      countryOf(country),
      this.clock.nowMs,
      confirmed ? sharing : 'nothing',
    )
  }

  /** What a view grants, as ids: segment → the contract it is under, '' for own ones. */
  granted(view: BuyerView): Record<string, string> {
    const granted: Record<string, string> = {}
    for (const { segment, use } of view.entitlements()) {
      const { id } = this.exchange.catalog()!.segmentByNumber(segment)!
      granted[id] = use?.contract.id ?? ''
    }
    return granted
  }
}

export function contractBody(more: object = {}) {
  return {
    seller: 'dmp',
    buyer: 'dsp',
    segments: ['cars'],
    price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
    uses: ['bid_enrichment'],
    regions: [],
    startsAt: '2026-01-01T00:00:00Z',
    endsAt: '2027-01-01T00:00:00Z',
    status: 'active',
    ...more,
  }
}

export function offerBody(more: object = {}) {
  return {
    seller: 'dmp',
    segments: ['cars', 'boats'],
    price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
    uses: ['bid_enrichment', 'activation'],
    regions: ['EU'],
    visibility: 'public',
    minPeople: 0,
    ...more,
  }
}

/** The refusal a verb answers with; fails the test where it does not refuse. */
export async function refusal(verb: () => unknown): Promise<Refused> {
  try {
    await verb()
  } catch (error) {
    if (error instanceof Refused) return error
    throw error
  }
  throw new Error('it was not refused')
}

/** `word field field …` of a refusal: what a test compares. */
export async function refusedFields(verb: () => unknown): Promise<string> {
  const { word, problems } = await refusal(verb)
  return [word, ...problems.map(({ field }) => field)].join(' ').trim()
}

export const day = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * DAY_MS).toISOString()

export type { Actor }
