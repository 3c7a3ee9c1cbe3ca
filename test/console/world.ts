import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { type Audience, openAudience } from '../../audience/audience.ts'
import { systemClock } from '../../audience/clock.ts'
import { EventDesk } from '../../audience/events/event-desk.ts'
import { RuleBooks } from '../../audience/events/rule-book.ts'
import { IFA, type Namespace } from '../../audience/namespace.ts'
import { openReach, type Reach } from '../../audience/reach/reach.ts'
import type { Segment } from '../../audience/segment.ts'
import { openStore } from '../../audience/store/open-store.ts'
import type { Store } from '../../audience/store/store.ts'
import type { VaultKeys } from '../../audience/vault/vault-keys.ts'
import { type Console, openConsole } from '../../console/console.ts'
import { ownerOf } from '../../exchange/collect/owner-of.ts'
import { openUsageDesk, usageDeps } from '../../exchange/desk/open-usage-desk.ts'
import type { UsageDeps } from '../../exchange/desk/usage-deps.ts'
import { type Exchange, openExchange } from '../../exchange/exchange.ts'
import { type LedgerShipper, shipLedger } from '../../exchange/ledger/ship-ledger.ts'
import { LookalikeJobs } from '../../exchange/lookalike/lookalike-jobs.ts'
import { SourceCounts } from '../../exchange/quality/source-counts.ts'
import type { LedgerRecord } from '../../exchange/usage/ledger-record.ts'
import { tallyEntriesOf } from '../../exchange/usage/tally-entries.ts'
import { usageTerms } from '../../exchange/usage/usage-terms.ts'
import type { Route } from '../../gateway/http/door.ts'
import { Metrics } from '../../gateway/metrics/counters.ts'
import { unpackEdges } from '../../proto/edge-blob.ts'
import { unpackProfile } from '../../proto/profile-blob.ts'

export const ADMIN = 'admin-token-of-this-test-0123456789'

export interface Asked {
  body?: unknown
  /** Sent as it is, in place of `body`. */
  raw?: string | Uint8Array | AsyncIterable<Uint8Array>
  /** Default: the operator's; '' sends none. */
  token?: string
  headers?: Record<string, string>
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by the tests
export type Body = any

export interface Got {
  status: number
  headers: Headers
  body: Body
}

/** A clock that runs, and that a test may set forward. */
export class ShiftedClock {
  aheadMs = 0
  now(): number {
    return systemClock.now() + this.aheadMs
  }
  elapsed(): number {
    return systemClock.elapsed() + this.aheadMs
  }
}

/** A console over real HTTP, with the real rooms and a store: the embedded one in a folder of its own, or as addressed. */
export class ConsoleWorld {
  readonly clock = new ShiftedClock()
  dir = ''
  store!: Store
  audience!: Audience
  exchange!: Exchange
  reach!: Reach
  shipper!: LedgerShipper
  desk!: Console
  events!: EventDesk
  /** What the desk counted of sources. */
  readonly sourceCounts = new SourceCounts()
  usageDeps!: UsageDeps
  lookalikes!: LookalikeJobs
  /** Undefined: the vault is closed; read at `start`. */
  vaultKeys: VaultKeys | undefined
  /** What the desk appended. */
  readonly ledger: LedgerRecord[] = []
  document: Body
  #address: string | undefined
  readonly errors: string[] = []
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true })

  static async open(address?: string): Promise<ConsoleWorld> {
    const world = new ConsoleWorld()
    world.#address = address
    world.dir = await mkdtemp(join(tmpdir(), 'console-'))
    // Who is in a sample, or held out, follows from people's keys, and these from the secret: the same in every run.
    await writeFile(join(world.dir, 'secret'), '5a'.repeat(32), { mode: 0o600 })
    await world.start()
    world.document = (await world.ask('GET', '/api/openapi.json', { token: '' })).body
    world.#ajv.addSchema({ $id: 'doc', ...world.document })
    return world
  }

  async start(): Promise<void> {
    const { clock, dir } = this
    this.store = await openStore(this.#address ?? `embedded:${dir}`, { clock, dataDir: dir })
    const log = { info: () => {}, warn: () => {}, debug: () => {}, error: () => {} }
    const vault = { keys: this.vaultKeys, region: 'FRA' }
    this.audience = await openAudience({ store: this.store, clock, log, vault })
    const { feed } = this.audience
    const catalogStore = this.store.catalog
    this.reach = openReach({ people: this.store.people, clock, bidChannel: 0 })
    this.exchange = await openExchange({
      feed,
      clock,
      catalogStore,
      reach: this.reach,
      vault: this.audience.vault,
      log,
      lazy: true,
    })
    const ledgerDir = join(dir, 'ledger')
    const { tallies } = this.store
    this.shipper = await shipLedger({ dir: ledgerDir, tallies, feed, clock, log })
    this.lookalikes = new LookalikeJobs({
      ...{ deskDeps: this.exchange.deskDeps, store: this.store, reach: this.reach, clock, log },
      lookMs: 1e9,
    })
    this.usageDeps = usageDeps({
      lookalikes: this.lookalikes,
      deskDeps: this.exchange.deskDeps,
      store: this.store,
      append: async (record) => void this.ledger.push(record),
    })
    const books = new RuleBooks(() => feed.current(), ownerOf, clock)
    const sources = this.sourceCounts
    this.events = new EventDesk({ audience: this.audience, books, clock, log, sources })
    this.desk = await openConsole({
      host: '127.0.0.1',
      domain: 'gateway.example',
      edgeUrl: 'https://edge.example',
      port: 0,
      adminToken: ADMIN,
      audience: this.audience,
      exchange: this.exchange,
      events: this.events,
      sourceCounts: this.sourceCounts,
      shipper: this.shipper,
      usage: openUsageDesk(this.usageDeps),
      dataDir: dir,
      clock,
      metrics: new Metrics(),
      metricsText: async () => 'up 1\n',
      healthRoutes: [liveRoute],
      log: { error: (details) => this.errors.push(JSON.stringify(details)) },
    })
  }

  /** Ends all that runs; the folder stays. */
  async stop(): Promise<void> {
    await this.desk.close(0)
    await this.lookalikes.close()
    await this.events.close()
    await this.shipper.close()
    await this.exchange.close()
    await this.reach.close()
    await this.audience.close()
    await this.store.close()
  }

  async close(): Promise<void> {
    await this.stop()
    await rm(this.dir, { recursive: true, force: true })
  }

  async ask(method: string, path: string, asked: Asked = {}): Promise<Got> {
    const { token = ADMIN, headers = {} } = asked
    const body = asked.raw ?? (asked.body === undefined ? undefined : JSON.stringify(asked.body))
    const answer = await fetch(`http://127.0.0.1:${this.desk.port}${path}`, {
      method,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    } as RequestInit)
    const text = await answer.text()
    const isJson = /json/.test(answer.headers.get('content-type') ?? '')
    const got = {
      status: answer.status,
      headers: answer.headers,
      body: isJson ? JSON.parse(text) : text,
    }
    if (this.document) this.#checkDocumented(method, path, got)
    return got
  }

  /** Like `ask`, and fails the test where it is refused. */
  async must(method: string, path: string, asked: Asked = {}): Promise<Body> {
    const got = await this.ask(method, path, asked)
    if (got.status >= 300)
      throw new Error(`${method} ${path}: ${got.status} ${JSON.stringify(got.body)}`)
    return got.body
  }

  /** Counts ledger records, as the desk that ships a ledger does. */
  async ship(records: readonly LedgerRecord[]): Promise<void> {
    const terms = usageTerms(this.exchange.deskDeps.feed.current()!)
    const after = (await this.store.tallies.applied()).get('test')?.seq ?? 0
    const entries = records.flatMap((record) => tallyEntriesOf(record, terms))
    const upTo = { seq: after + 1, digest: String(after + 1) }
    await this.store.tallies.apply({ stream: 'test', after, upTo, entries })
  }

  import(what: string, lines: readonly unknown[], asked: Asked = {}): Promise<Got> {
    const raw = lines
      .map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
      .join('\n')
    return this.ask('POST', `/api/${what}`, { raw, ...asked })
  }

  async partner(id: string, more: object = {}): Promise<void> {
    const body = { name: id, domain: `${id}.example`, roles: ['dsp'], region: 'US', ...more }
    await this.must('PUT', `/api/partners/${id}`, { body })
  }

  async segment(id: string, owner: string, more: object = {}): Promise<void> {
    const body = { name: id, owner, provenance: 'third_party', ttlDays: 30, ...more }
    await this.must('PUT', `/api/segments/${id}`, { body })
  }

  async key(partner: string, scopes = ['data', 'desk']): Promise<string> {
    return (await this.must('POST', `/api/partners/${partner}/keys`, { body: { scopes } })).key
  }

  /** Segments and expiry days kept at an id: `cars:20500 …`, by segment id. */
  async memberships(namespace: string, uid: string): Promise<string> {
    const record = await this.#recordOf(namespace, uid)
    const names = new Map(
      [...this.audience.feed.current()!.kind('segment').values()].map(({ id, value }) => [
        (value as Segment).number,
        id,
      ]),
    )
    return unpackProfile(record?.profile ?? new Uint8Array(0))
      .map(({ segment, expiryDay }) => `${names.get(segment)}:${expiryDay}`)
      .sort()
      .join(' ')
  }

  /** The other ends of an id's matches: `value/owner …`. */
  async matches(namespace: string, uid: string): Promise<string> {
    const record = await this.#recordOf(namespace, uid)
    return unpackEdges(record?.edges ?? new Uint8Array(0))
      .map(({ value, owner }) => `${value}/${owner}`)
      .sort()
      .join(' ')
  }

  async #recordOf(namespace: string, uid: string) {
    const found = this.audience.feed.current()!.kind('namespace').get(namespace)
    const { number } = namespace === 'ifa' ? IFA : (found!.value as Namespace)
    const key = this.audience.userKeys()!.of(number, uid)
    return (await this.store.people.recall([key]))[0]
  }

  /** Every answer must be one that the OpenAPI document promises. */
  #checkDocumented(method: string, path: string, got: Got): void {
    const pathname = path.split('?')[0]!
    const operation = Object.entries<Body>(this.document.paths)
      .filter(([template]) =>
        new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
      )
      .map(([, byMethod]) => byMethod[method.toLowerCase()])
      .find((one) => one)
    if (!operation) return
    const name = String(got.status)
    const answer = operation.responses[name] ?? operation.responses[`${name[0]}XX`]
    if (!answer) throw new Error(`${method} ${path}: ${name} is not documented`)
    const type = got.headers.get('content-type')
    const schema = answer.content?.[type ?? '']?.schema
    if (type === null ? answer.content : !schema)
      throw new Error(`${method} ${path}: ${type} is not documented`)
    if (schema?.$ref && !this.#ajv.validate({ $ref: `doc${schema.$ref}` }, got.body))
      throw new Error(`${method} ${path}: ${this.#ajv.errorsText()} ${JSON.stringify(got.body)}`)
  }
}

const liveRoute: Route = {
  method: 'GET',
  path: '/health/live',
  wants: [],
  body: 'none',
  bodyBytesMax: 0,
  handle: (_ask, answer) => answer.send(200, ['content-type', 'application/json'], '{}'),
}

export function contractBody(more: object = {}) {
  return {
    seller: 'dmp',
    buyer: 'dsp',
    segments: ['cars'],
    price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
    uses: ['bid_enrichment'],
    startsAt: '2020-01-01T00:00:00Z',
    endsAt: '2099-01-01T00:00:00Z',
    ...more,
  }
}

/** Partners dsp, dmp and ssp; segments cars and boats of dmp; an offer, a contract and a deal. */
export async function fill(world: ConsoleWorld): Promise<void> {
  await world.partner('dsp')
  await world.partner('dmp', { roles: ['data_provider'] })
  await world.partner('ssp', { roles: ['ssp'] })
  await world.segment('cars', 'dmp')
  await world.segment('boats', 'dmp')
  await world.must('PUT', '/api/contracts/autumn', { body: contractBody({ status: 'active' }) })
  const { buyer: _buyer, startsAt: _startsAt, endsAt: _endsAt, ...offer } = contractBody()
  await world.must('PUT', '/api/offers/winter', { body: { ...offer, minPeople: 0 } })
  await world.must('PUT', '/api/deals/premium', {
    body: { name: 'Premium', seller: 'dmp', exchange: 'ssp', audience: { any: ['cars'] } },
  })
}
