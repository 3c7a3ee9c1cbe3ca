import { mkdtempSync, rmSync } from 'node:fs'
import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Audience, openAudience } from '../../audience/audience.ts'
import { type Clock, systemClock } from '../../audience/clock.ts'
import type { Gvl } from '../../audience/consent/gvl.ts'
import { openCatalogFeed } from '../../audience/store/catalog-feed.ts'
import { openStore } from '../../audience/store/open-store.ts'
import type { Store } from '../../audience/store/store.ts'
import { Collector } from '../../exchange/collect/collector.ts'
import { type Exchange, openExchange } from '../../exchange/exchange.ts'
import { Sync } from '../../exchange/sync/sync.ts'
import { collectRoutes } from '../../gateway/collect/collect-routes.ts'
import { edgeRoutes } from '../../gateway/edge/edge-routes.ts'
import type { Door } from '../../gateway/http/door.ts'
import { openNodeDoor } from '../../gateway/http/open-node-door.ts'
import { BROWSER_HEADER_BYTES_MAX } from '../../gateway/limits.ts'
import { Metrics } from '../../gateway/metrics/counters.ts'
import type { MetricName } from '../../gateway/metrics/metric-help.ts'

export const WEBHOOK_TOKEN = 'uid2-webhook-token-of-the-tests'
export const OPERATOR = { operator: true }
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** A clock that runs, and that a test may set forward. */
export class ShiftedClock implements Clock {
  aheadMs = 0
  now(): number {
    return systemClock.now() + this.aheadMs
  }
  elapsed(): number {
    return systemClock.elapsed() + this.aheadMs
  }
}

export interface EdgeAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

export interface EdgeHouseOptions {
  /** PASSERELLE_STORE; an embedded one in a temp folder where absent. */
  address?: string
  gvl?: Gvl
  ownGvlId?: number
  edgeUrl?: string
  random?: () => number
  /** The text of /tag.js. */
  tagScript?: string
}

/** The rooms of the edge process, behind its door on a free port. */
export class EdgeHouse {
  readonly clock = new ShiftedClock()
  readonly metrics = new Metrics()
  readonly failures: unknown[] = []
  folder!: string
  store!: Store
  audience!: Audience
  exchange!: Exchange
  sync!: Sync
  collector!: Collector
  door!: Door

  static async open(options: EdgeHouseOptions = {}): Promise<EdgeHouse> {
    const house = new EdgeHouse()
    const { clock, metrics } = house
    house.folder = mkdtempSync(join(tmpdir(), 'passerelle-edge-'))
    const where = options.address ?? `embedded:${house.folder}`
    house.store = await openStore(where, { clock, dataDir: house.folder })
    house.audience = await openAudience({ store: house.store, clock, log: quiet })
    const { audience, store } = house
    const { catalog: catalogStore } = store
    house.exchange = await openExchange({ feed: audience.feed, catalogStore, clock, log: quiet })
    const { exchange } = house
    const { edgeUrl = 'https://edge.test', gvl, ownGvlId, random = Math.random } = options
    house.sync = new Sync({ audience, exchange, clock, edgeUrl, gvl, ownGvlId, random })
    house.collector = new Collector({ audience, clock })
    house.door = await openNodeDoor({
      host: '127.0.0.1',
      port: 0,
      routes: [
        ...edgeRoutes({ sync: house.sync, metrics, clock, uid2OptOutToken: WEBHOOK_TOKEN }),
        ...collectRoutes({
          collector: house.collector,
          ...{ metrics, edgeUrl, gvl, ownGvlId, tagScript: options.tagScript ?? '' },
        }),
      ],
      clock: systemClock,
      chunkedUploads: true,
      limits: { headerBytesMax: BROWSER_HEADER_BYTES_MAX },
      onFailed: (error) => house.failures.push(error),
    })
    return house
  }

  async close(): Promise<void> {
    await this.door.close(100)
    await this.exchange.close()
    await this.audience.close()
    await this.store.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Makes partners; what is not said of one is filled in. */
  async partners(bodies: Record<string, object>): Promise<void> {
    for (const [id, body] of Object.entries(bodies))
      await this.exchange.desk.putPartner(OPERATOR, { id, body: { ...PARTNER, name: id, ...body } })
  }

  /** A desk on the same store, as another process has it: this one's rooms are told nothing. */
  async otherDesk(): Promise<{ put(id: string): Promise<void>; close(): Promise<void> }> {
    const { clock } = this
    const { catalog: catalogStore } = this.store
    const feed = openCatalogFeed({ store: catalogStore, clock })
    await feed.poke()
    const exchange = await openExchange({ feed, catalogStore, clock, log: quiet, lazy: true })
    return {
      async put(id) {
        const body = { ...PARTNER, name: id, ...imageSync() }
        await exchange.desk.putPartner(OPERATOR, { id, body })
      },
      async close() {
        await exchange.close()
        await feed.close()
      },
    }
  }

  namespace(partner: string): number {
    return this.exchange.catalog()!.partner(partner)!.namespace
  }

  /** The ids of a partner that are matched with anybody, among these. */
  async matched(partner: string, uids: readonly string[]): Promise<string[]> {
    const namespace = this.namespace(partner)
    const found = await this.audience.matchesOf(uids.map((value) => ({ namespace, value })))
    return uids.filter((_, i) => found[i]!.count > 0)
  }

  browser(headers: Record<string, string> = {}): TestBrowser {
    return new TestBrowser(this, headers)
  }

  count(name: MetricName, labels: Record<string, string>): number {
    return this.metrics.counter(name, labels).value
  }

  ask(method: string, path: string, { headers, body }: Asked): Promise<EdgeAnswer> {
    return new Promise((resolve, reject) => {
      const isChunked = headers['transfer-encoding'] !== undefined
      const length =
        body === undefined || isChunked ? {} : { 'content-length': Buffer.byteLength(body) }
      const options = { host: '127.0.0.1', port: this.door.port, path, method }
      const asked = httpRequest({ ...options, headers: { ...length, ...headers } }, (res) => {
        const parts: Buffer[] = []
        res.on('data', (part) => parts.push(part))
        res.on('error', reject)
        res.on('end', () => {
          const { statusCode: status = 0 } = res
          resolve({ status, headers: res.headers, body: Buffer.concat(parts) })
        })
      })
      asked.on('error', reject)
      asked.end(body)
    })
  }
}

interface Asked {
  headers: OutgoingHttpHeaders
  body?: string | Uint8Array | undefined
}

const PARTNER = { domain: 'partner.example', roles: ['dsp'], region: 'US', status: 'active' }

export interface SyncAnswer {
  status: string
  bidder_status: { bidder: string; no_cookie: boolean; usersync: { url: string; type: string } }[]
  debug?: { bidder: string; error: string }[]
  reasons?: { bidder: string; reason: string; detail?: string }[]
}

/** A browser with a cookie jar of its own. */
export class TestBrowser {
  readonly jar = new Map<string, string>()
  /** Names of cookies it refuses to keep. */
  readonly refuses = new Set<string>()
  readonly #house: EdgeHouse
  readonly #headers: Record<string, string>

  constructor(house: EdgeHouse, headers: Record<string, string>) {
    this.#house = house
    this.#headers = { 'user-agent': CHROME, origin: 'https://news.example', ...headers }
  }

  async ask(
    method: string,
    path: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {},
  ): Promise<EdgeAnswer> {
    const cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const sent = { ...this.#headers, ...(cookie ? { cookie } : {}), ...headers }
    const answer = await this.#house.ask(method, path, { headers: sent, body })
    for (const line of (answer.headers['set-cookie'] ?? []) as string[]) this.#keep(line)
    return answer
  }

  /** POST /cookie_sync; throws unless it is answered 200. */
  async plan(body: object = {}): Promise<SyncAnswer> {
    const answer = await this.ask('POST', '/cookie_sync', { body: JSON.stringify(body) })
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`)
    return JSON.parse(answer.body.toString()) as SyncAnswer
  }

  /** The address each partner was given, by partner. */
  async urls(body: object = {}): Promise<Record<string, string>> {
    const { bidder_status } = await this.plan(body)
    return Object.fromEntries(bidder_status.map((one) => [one.bidder, one.usersync.url]))
  }

  /** Comes back from a partner that put `uid` in place of its macro. */
  back(url: string, uid: string, macro = '$UID'): Promise<EdgeAnswer> {
    return this.ask('GET', pathBack(url, uid, macro))
  }

  /** Syncs with one partner, from the plan to its id. */
  async sync(partner: string, uid: string): Promise<EdgeAnswer> {
    const url = (await this.urls({ bidders: [partner] }))[partner]
    if (url === undefined) throw new Error(`${partner} is not offered`)
    return this.back(url, uid)
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(/; */)
    const [name = '', value = ''] = pair.split(/=(.*)/s)
    if (this.refuses.has(name)) return
    if (attributes.includes('Max-Age=0')) this.jar.delete(name)
    else this.jar.set(name, value)
  }
}

/** Where a partner sends a browser back to: the parameter `r` of its address, its macro replaced. */
export function pathBack(url: string, uid: string, macro = '$UID'): string {
  const back = new URL(url).searchParams.get('r')!
  const to = macro === '' ? back + uid : back.replace(macro, () => uid)
  return to.slice(to.indexOf('/', 'https://'.length))
}

/** Sync settings whose partner gets the way back in `r`. */
export function imageSync(more: object = {}): { sync: object } {
  const url = 'https://partner.example/sync?gdpr={gdpr}&consent={gdpr_consent}&r={redirect}'
  return { sync: { redirect: { url, userMacro: '$UID' }, ...more } }
}

export const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
export const SAFARI =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15'
export const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
