import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Audience, openAudience } from '../../audience/audience.ts'
import { systemClock } from '../../audience/clock.ts'
import type { Gvl } from '../../audience/consent/gvl.ts'
import { NAMESPACE_KIND, type Namespace } from '../../audience/namespace.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import { openStore } from '../../audience/store/open-store.ts'
import type { Store } from '../../audience/store/store.ts'
import type { Actor } from '../../exchange/desk/desk.ts'
import { type EgressBatch, EgressMeter } from '../../exchange/egress/egress-meter.ts'
import { type Exchange, openExchange } from '../../exchange/exchange.ts'
import { MatchCounts } from '../../exchange/matchrates/match-counts.ts'
import { Usage } from '../../exchange/usage/usage.ts'
import { type Gateway, openGateway } from '../../gateway/gateway.ts'
import { Metrics } from '../../gateway/metrics/counters.ts'
import { MemoryLedger } from './memory-ledger.ts'

const OPERATOR: Actor = { operator: true }
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

export interface World {
  partners: Record<string, object>
  namespaces?: Record<string, object>
  segments: Record<string, { owner: string; [more: string]: unknown }>
  contracts: Record<string, object>
  deals?: Record<string, object>
  people: { source: string; uid: string; add: string[] }[]
}

export interface BidAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

export interface BidHouseOptions {
  /** PASSERELLE_STORE; an embedded one in a temp folder where absent. */
  address?: string
  gvl?: Gvl
  ownGvlId?: number
  /** Of the gRPC door; absent: in the clear. */
  tls?: { cert: Buffer; key: Buffer }
  artfDataSegments?: boolean
}

/** Every room the bid path needs, in this process, behind a real door on a free port. */
export class BidHouse {
  readonly metrics = new Metrics()
  readonly keys = new Map<string, string>()
  folder!: string
  store!: Store
  audience!: Audience
  exchange!: Exchange
  readonly ledger = new MemoryLedger()
  readonly matchCounts = new MatchCounts()
  /** How far the wall clock of the house is ahead of the machine's. */
  aheadMs = 0
  usage!: Usage
  egress!: EgressMeter
  /** What was noted of who was given what, as it would be spooled. */
  readonly given: EgressBatch[] = []
  gateway!: Gateway
  gvl: Gvl | undefined
  ownGvlId: number | undefined

  static async open(options: BidHouseOptions = {}): Promise<BidHouse> {
    const { address, gvl, ownGvlId, tls, artfDataSegments = false } = options
    const house = new BidHouse()
    Object.assign(house, { gvl, ownGvlId })
    const clock = {
      now: () => systemClock.now() + house.aheadMs,
      elapsed: () => systemClock.elapsed(),
    }
    house.folder = mkdtempSync(join(tmpdir(), 'passerelle-house-'))
    const where = address ?? `embedded:${house.folder}`
    house.store = await openStore(where, { clock, dataDir: house.folder })
    house.audience = await openAudience({ store: house.store, clock, log: quiet })
    const { feed } = house.audience
    house.exchange = await openExchange({
      feed,
      catalogStore: house.store.catalog,
      clock,
      log: quiet,
    })
    house.usage = new Usage({
      ledger: house.ledger,
      clock,
      deriveKey: house.audience.deriveKey.bind(house.audience),
    })
    house.egress = new EgressMeter({ append: async (batch) => void house.given.push(batch) }, clock)
    house.gateway = await openGateway({
      host: '127.0.0.1',
      port: 0,
      audience: house.audience,
      exchange: house.exchange,
      usage: house.usage,
      egress: house.egress,
      matchCounts: house.matchCounts,
      metrics: house.metrics,
      clock,
      gvl,
      ownGvlId,
      domain: 'gateway.example',
      healthRoutes: [],
      grpc: { port: 0, tls, isReady: () => true },
      artfDataSegments,
      warn: () => {},
    })
    return house
  }

  async close(): Promise<void> {
    await this.gateway.close(100)
    await this.egress.close()
    await this.usage.close()
    await this.exchange.close()
    await this.audience.close()
    await this.store.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Writes a world through the desk's verbs; every buyer (`dsp`) gets a key. */
  async settle(world: World): Promise<void> {
    const { desk } = this.exchange
    const exchangesFirst = Object.entries(world.partners).sort(
      ([, a], [, b]) => Number('exchange' in a) - Number('exchange' in b),
    )
    for (const [id, body] of exchangesFirst) await desk.putPartner(OPERATOR, { id, body })
    for (const [id, body] of Object.entries(world.namespaces ?? {}))
      await desk.putNamespace(OPERATOR, { name: id, body })
    for (const [id, more] of Object.entries(world.segments))
      await desk.putSegment(OPERATOR, { id, body: { ...SEGMENT, name: id, ...more } })
    for (const [id, more] of Object.entries(world.contracts))
      await desk.putContract(OPERATOR, { id, body: { ...CONTRACT, ...more } })
    for (const [id, more] of Object.entries(world.deals ?? {}))
      await desk.putDeal(OPERATOR, { id, body: { ...DEAL, name: id, ...more } })
    for (const [id, { roles }] of Object.entries(world.partners) as [string, { roles: string[] }][])
      if (roles.includes('dsp'))
        this.keys.set(
          id,
          (await desk.createKey(OPERATOR, { partner: id, body: { trace: true } })).key,
        )
    await this.admit(world.people)
  }

  /** Puts people into segments, seen by the bid path when it resolves. */
  async admit(people: World['people']): Promise<void> {
    await this.audience.poke()
    const snapshot = this.audience.feed.current()!
    const numberOf = (kind: string, id: string) =>
      (snapshot.kind(kind).get(id)!.value as Namespace | Segment).number
    const faults = await this.audience.assign(
      people.map(({ source, uid, add }) => ({
        namespace: source === 'ifa' ? 1 : numberOf(NAMESPACE_KIND, source),
        value: uid,
        add: add.map((id) => ({ segment: numberOf(SEGMENT_KIND, id), ttlDays: 30 })),
        remove: [],
      })),
    )
    if (faults.length > 0) throw new Error(faults[0]!.says)
    await this.audience.poke()
  }

  /** Asks again where the answer is 429: test and door share a process, and a busy machine is no failure. */
  async enrich(
    body: string | Uint8Array,
    { buyer = '', query = '', headers = {} }: EnrichOptions = {},
  ): Promise<BidAnswer> {
    const key = this.keys.get(buyer) ?? buyer
    const path = `/openrtb2/enrich${query && `?${query}`}`
    const head = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers }
    return this.post(path, body, head)
  }

  /** A POST to the bid door, as patient as `enrich`. */
  post(
    path: string,
    body: string | Uint8Array,
    headers: Record<string, string>,
  ): Promise<BidAnswer> {
    return this.#patient({ method: 'POST', path, body, headers })
  }

  get(path: string, headers: Record<string, string>): Promise<BidAnswer> {
    return this.#patient({ method: 'GET', path, body: '', headers })
  }

  async #patient(asked: Sent): Promise<BidAnswer> {
    for (let tries = 1; ; tries++) {
      const got = await send(this.gateway.port, asked)
      const isBehind = got.status === 429 || got.headers['x-passerelle-reason'] === 'overload'
      if (!isBehind || tries === TRIES_MAX) return got
    }
  }

  /** `GET /notice/<kind>?<query>`, or POST with a form body; `buyer` as for `enrich`, nobody where absent. */
  notice(
    kind: string,
    fields: Record<string, string>,
    { buyer, method = 'GET' }: { buyer?: string; method?: 'GET' | 'POST' } = {},
  ): Promise<BidAnswer> {
    const said = new URLSearchParams(fields).toString()
    const key = buyer === undefined ? undefined : (this.keys.get(buyer) ?? buyer)
    const headers: Record<string, string> =
      key === undefined ? {} : { authorization: `Bearer ${key}` }
    if (method === 'POST') headers['content-type'] = 'application/x-www-form-urlencoded'
    const path = `/notice/${kind}`
    const asked = method === 'GET' ? { path: `${path}?${said}`, body: '' } : { path, body: said }
    return send(this.gateway.port, { method, headers, ...asked })
  }
}

export interface EnrichOptions {
  /** Partner id of the settled world, or a key as it is. */
  buyer?: string
  query?: string
  headers?: Record<string, string>
}

const TRIES_MAX = 10_000
const DATES = { startsAt: '2020-01-01T00:00:00Z', endsAt: '2099-01-01T00:00:00Z' }
const SEGMENT = { provenance: 'third_party', ttlDays: 30, sensitive: false }
const CONTRACT = {
  price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
  uses: ['bid_enrichment'],
  regions: [],
  ...DATES,
  billOn: 'delivered',
  status: 'active',
}
const DEAL = { ...DATES, status: 'active' }

/** The world of `test/cases/enrich`. */
export function caseWorld(): World {
  const { about: _, ...world } = JSON.parse(
    readFileSync(new URL('../cases/enrich/world.json', import.meta.url), 'utf8'),
  )
  return world as World
}

interface Sent {
  method: 'GET' | 'POST'
  path: string
  body: string | Uint8Array
  headers: Record<string, string>
}

function send(port: number, { method, path, body, headers }: Sent): Promise<BidAnswer> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.byteLength(body)
    const length = method === 'POST' ? { 'content-length': String(bytes) } : {}
    const options = { host: '127.0.0.1', port, path, method }
    const asked = httpRequest({ ...options, headers: { ...length, ...headers } }, (res) => {
      const parts: Buffer[] = []
      res.on('data', (part) => parts.push(part))
      res.on('error', reject)
      res.on('end', () =>
        resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(parts) }),
      )
    })
    asked.on('error', reject)
    asked.end(body)
  })
}
