import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patiently } from '../support/patiently.ts'
import { type Product, startProduct } from '../support/product.ts'
import { seeded } from '../support/random.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'

// A store that is away is the buyer's trouble in one way only: requests come back as they were.

const PEOPLE = 400
/** Few of them find room in a near-cache: most requests have to ask the store. */
const env = { PASSERELLE_NEAR_CACHE_ROWS: '32', PASSERELLE_WORKERS: '2' }
/** Far above what a late store may take of it, since the machine of a test may be busy. */
const TMAX_MS = 5_000
const CONTRACT = {
  seller: 'dmp',
  buyer: 'dsp',
  segments: ['cars'],
  price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
  uses: ['bid_enrichment'],
  startsAt: '2020-01-01',
  endsAt: '2099-01-01',
  status: 'active',
}

let redis: RedisServer
let product: Product | undefined
const folders: string[] = []

/** Of each `describe`, which is one life. */
async function end(): Promise<void> {
  await product?.stop()
  product = undefined
  await redis.stop()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** Numbers and white space as no serialiser would write them: own bytes are these bytes. */
const bidOf = (uid: string) =>
  ` {"id":"${uid}", "tmax":${TMAX_MS},\n"imp":[{"id":"1","bidfloor":2.50}],"user":{"buyeruid":"${uid}"}}`

async function furnish(on: Product): Promise<string> {
  const put = (path: string, body: object) => on.must('PUT', `/api/${path}`, { body })
  for (const [id, role] of [
    ['dsp', 'dsp'],
    ['dmp', 'data_provider'],
  ] as const)
    await put(`partners/${id}`, { name: id, domain: `${id}.example`, roles: [role], region: 'US' })
  await put('segments/cars', {
    name: 'Cars',
    owner: 'dmp',
    provenance: 'third_party',
    ttlDays: 30,
  })
  await put('contracts/spring', CONTRACT)
  const lines = Array.from({ length: PEOPLE }, (_, i) => ({
    source: 'dsp',
    uid: `u${i}`,
    add: ['cars'],
  }))
  await on.must('POST', '/api/memberships', { lines })
  return (await on.must('POST', '/api/partners/dsp/keys', { body: {} })).key
}

interface Asked {
  uid: string
  status: number
  reason: string
  text: string
  tookMs: number
}

/** Asks again where the answer is 429: a busy machine is no failure. */
async function ask(on: Product, key: string, uid: string): Promise<Asked> {
  for (;;) {
    const sinceMs = performance.now()
    const answer = await on.enrich(key, bidOf(uid))
    const tookMs = performance.now() - sinceMs
    if (answer.status !== 429) return { uid, ...answer, tookMs }
  }
}

const isEnriched = ({ text }: Asked) => text.includes('"segment":[{"id":"cars"}]')

function expectOwnBytes({ uid, status, text, tookMs }: Asked): void {
  expect(status).toBe(200)
  expect(text).toBe(bidOf(uid))
  expect(tookMs).toBeLessThanOrEqual(TMAX_MS)
}

/** Somebody whom no near-cache can hold yet comes back enriched. */
async function untilEnriched(on: Product, key: string, uids: Iterator<string>): Promise<void> {
  await patiently(async () => expect(isEnriched(await ask(on, key, uids.next().value))).toBe(true))
}

function* newcomers(): Iterator<string> {
  for (let i = 0; ; i++) yield `u${i % PEOPLE}`
}

describe('Redis is not there when the product starts', () => {
  let dataDir: string
  let key: string
  afterAll(end)

  test('and never was: bids come back as they were, and everything works once it is there', async () => {
    redis = await startRedisServer({ started: false })
    dataDir = mkdtempSync(join(tmpdir(), 'passerelle-away-'))
    folders.push(dataDir)
    product = await startProduct({ store: redis.url, env, dataDir, until: 'live' })
    for (const uid of ['u1', 'u2', 'nobody']) {
      const asked = await ask(product, 'any-key', uid)
      expectOwnBytes(asked)
      expect(asked.reason).toBe('starting')
    }
    expect((await product.enrich('any-key', '{"id":')).status).toBe(400)
    await redis.restart()
    const started = product
    key = await patiently(() => furnish(started))
    await untilEnriched(product, key, newcomers())
    expect((await product.enrich('any-key', bidOf('u1'))).status).toBe(401)
  })

  test('but left a catalog on disk: keys and contracts are known, people come back with it', async () => {
    await patiently(() =>
      expect(readFileSync(join(dataDir, 'catalog.json'), 'utf8')).toMatch('spring'),
    )
    await product!.stop()
    await redis.kill()

    product = await startProduct({ store: redis.url, env, dataDir })
    for (const uid of ['u1', 'u2', 'nobody']) {
      const asked = await ask(product, key, uid)
      expectOwnBytes(asked)
      expect(['late', 'starting']).toContain(asked.reason)
    }
    expect((await product.enrich('any-key', bidOf('u1'))).status).toBe(401)
    await redis.restart()
    await untilEnriched(product, key, newcomers())
  })
})

describe('under load', () => {
  let key: string
  beforeAll(async () => {
    redis = await startRedisServer()
    product = await startProduct({ store: redis.url, env })
    key = await furnish(product)
  })
  afterAll(end)

  test.for([
    ['frozen', () => redis.pause(), () => redis.resume()],
    ['killed', () => redis.kill(), () => redis.restart()],
  ] as const)(
    'Redis is %s: every bid is answered 200 within its tmax, and enriched again when it is back, by the same processes',
    async ([, away, back]) => {
      const pids = ['bid 1', 'bid 2'].map((name) => product!.pidOf(name))
      const load = new Load(product!, key)
      await load.until((asked) => isEnriched(asked), 100)
      load.count()
      await away()
      await load.until(({ reason }) => reason === 'late', 200)
      await back()
      await load.until((asked) => isEnriched(asked), 200)
      for (const asked of await load.stop()) {
        if (isEnriched(asked)) expect(asked.status).toBe(200)
        else expectOwnBytes(asked)
        expect(asked.tookMs).toBeLessThanOrEqual(TMAX_MS)
      }
      expect(['bid 1', 'bid 2'].map((name) => product!.pidOf(name))).toEqual(pids)
    },
  )
})

/** Clients that ask for people at random, one request after the other, until they are stopped. */
class Load {
  readonly #answers: Asked[] = []
  readonly #clients: Promise<void>[]
  #isStopped = false
  #heard: (asked: Asked) => void = () => {}

  constructor(on: Product, key: string) {
    this.#clients = Array.from({ length: 6 }, (_, i) => this.#ask(on, key, seeded(i)))
  }

  /** Resolves after `count` more answers of which something holds. */
  until(holds: (asked: Asked) => boolean, count: number): Promise<void> {
    let left = count
    return new Promise((resolve) => {
      this.#heard = (asked) => {
        if (holds(asked) && --left === 0) resolve()
      }
    })
  }

  /** From now on answers count: every process knows the key by then. */
  count(): void {
    this.#answers.length = 0
  }

  /** Every answer that counts. */
  async stop(): Promise<Asked[]> {
    this.#isStopped = true
    await Promise.all(this.#clients)
    return this.#answers
  }

  async #ask(on: Product, key: string, random: ReturnType<typeof seeded>): Promise<void> {
    while (!this.#isStopped) {
      const asked = await ask(on, key, `u${random.int(PEOPLE)}`)
      this.#answers.push(asked)
      this.#heard(asked)
    }
  }
}
