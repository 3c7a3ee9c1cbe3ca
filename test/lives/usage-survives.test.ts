import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyLedger } from '../../exchange/ledger/verify-ledger.ts'
import { LIMITS } from '../../exchange/limits.ts'
import { patiently } from '../support/patiently.ts'
import { type Answered, type Product, startProduct } from '../support/product.ts'
import { seeded } from '../support/random.ts'
import { makeSale, SALE } from './sale.ts'

// Processes are killed at random moments under load, again and again, one by one and all together.

const SEED = Number(process.env['PASSERELLE_SEED'] ?? 11)
/** More of them where there is time: PASSERELLE_KILLS=200. */
const KILLS = Number(process.env['PASSERELLE_KILLS'] ?? 6)
const VICTIMS = ['bid 1', 'bid 2', 'desk', 'all']
const SEGMENTS = ['cars', 'boats', 'bikes']

const dataDir = mkdtempSync(join(tmpdir(), 'passerelle-survives-'))
let product: Product
let key: string

const start = async () => {
  const store = `embedded:${dataDir}`
  product = await startProduct({ store, dataDir, env: { PASSERELLE_WORKERS: '2' } })
}
beforeAll(async () => {
  await start()
  key = await makeSale(product, {
    segments: { ...Object.fromEntries(SEGMENTS.map((id) => [id, 'dmp'])), won: 'dmp' },
    contracts: {
      delivered: { ...SALE, segments: SEGMENTS, billOn: 'delivered' },
      won: { ...SALE, segments: ['won'], billOn: 'win' },
    },
    people: { 'u-seen': SEGMENTS, 'u-won': ['won'] },
  })
  await patiently(async () => expect(dataOf(await ask('u-seen'))).toHaveLength(1))
}, 240_000)
afterAll(async () => {
  await product?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const bodyOf = (uid: string) =>
  JSON.stringify({ id: '1', imp: [{ id: 'a' }], user: { buyeruid: uid } })

/** As nobody is given anything where a busy machine answers 429. */
async function ask(uid: string): Promise<string> {
  const { status, text } = await product.enrich(key, bodyOf(uid))
  return status === 200 ? text : bodyOf(uid)
}

function dataOf(text: string): Answered[] {
  return (JSON.parse(text) as Answered).user.data ?? []
}

async function usage(): Promise<Record<string, number>> {
  const units: Record<string, number> = { delivered: 0, won: 0 }
  const { items } = await product.must('GET', '/api/usage?from=2020-01-01&to=2099-01-01')
  for (const { contract, units: some } of items as Answered[]) units[contract] += some
  return units
}

/** Clients of one buyer, each asking one request after the other, which keep their own books. */
class Buyer {
  /** When each enriched answer was wholly received. */
  readonly receivedMs: number[] = []
  /** Requests whose answer was cut off: it may have been given. */
  cutOff = 0
  /** Impressions whose notices were all answered 2xx. */
  won = 0
  #isStopped = false
  #told: (() => void) | undefined
  readonly #clients: Promise<void>[]

  constructor() {
    this.#clients = [this.#see(), this.#see(), this.#see(), this.#win()]
  }

  /** Resolves after so many more enriched answers. */
  async answers(count: number): Promise<void> {
    const from = this.receivedMs.length
    while (this.receivedMs.length < from + count)
      await new Promise<void>((resolve) => (this.#told = resolve))
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#clients)
  }

  async #see(): Promise<void> {
    while (!this.#isStopped) {
      try {
        const isEnriched = dataOf(await ask('u-seen')).length > 0
        if (isEnriched) this.receivedMs.push(performance.now())
      } catch (error) {
        if (!isRefused(error)) this.cutOff++
        await nextTurn()
      }
      this.#told?.()
    }
  }

  /** Every impression is won, billed, and told twice: of each notice until it is answered 2xx. */
  async #win(): Promise<void> {
    while (!this.#isStopped) {
      const token = await ask('u-won').then(
        (text) => dataOf(text)[0]?.ext?.t as string | undefined,
        () => undefined,
      )
      if (token === undefined) await nextTurn()
      else {
        for (const kind of ['win', 'billing', 'win']) await untilTaken(kind, token)
        this.won++
      }
    }
  }
}

async function untilTaken(kind: string, token: string): Promise<void> {
  for (;;) {
    const url = `http://127.0.0.1:${product.gatewayPort}/notice/${kind}?t=${token}&imp=a&price=2`
    const status = await fetch(url).then(
      (answer) => answer.status,
      () => 0,
    )
    if (status >= 200 && status < 300) return
    expect([0, 503]).toContain(status)
    await nextTurn()
  }
}

/** Nobody listened: nothing was asked. */
function isRefused(error: unknown): boolean {
  return ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED'
}

/** A client comes again a moment later. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}

async function killOne(name: string): Promise<void> {
  const pid = await patiently(() => product.pidOf(name))
  process.kill(pid, 'SIGKILL')
}

test(
  `no record is lost and none counts twice, whoever is killed (seed ${SEED})`,
  async () => {
    const random = seeded(SEED)
    const buyer = new Buyer()
    const killedMs: number[] = []
    const victims = VICTIMS.toSorted(() => random() - 0.5)
    for (let kill = 0; kill < KILLS; kill++) {
      await buyer.answers(60 + random.int(140))
      const victim = victims[kill % VICTIMS.length]!
      killedMs.push(performance.now())
      if (victim !== 'all') await killOne(victim)
      else {
        await product.kill()
        await start()
      }
    }
    await buyer.answers(100)
    await buyer.stop()
    // In good order, so that what was counted last is written; the next desk counts what this one left.
    await product.stop()
    await start()
    await patiently(async () => expect((await usage())['won']).toBe(buyer.won))
    const delivered = (await usage())['delivered']! / SEGMENTS.length

    const received = buyer.receivedMs.length
    const windowMs = LIMITS.meterFlushMs + WRITE_MS
    const atRisk = buyer.receivedMs.filter((at) =>
      killedMs.some((ms) => ms - windowMs <= at && at <= ms),
    )
    const lost = received - delivered
    console.info(
      `${KILLS} kills: ${received} answers received, ${buyer.cutOff} cut off, ${delivered} counted;`,
      `${lost} lost of ${atRisk.length} in the last ${windowMs} ms before a kill; ${buyer.won} impressions won`,
    )
    expect(delivered).toBeLessThanOrEqual(received + buyer.cutOff)
    expect(lost).toBeLessThanOrEqual(atRisk.length)

    for await (const { stream, damage } of verifyLedger(join(dataDir, 'ledger')))
      expect(damage, stream).toBeUndefined()
    const before = await usage()
    await product.must('POST', '/api/ledger/rebuild')
    expect(await usage()).toEqual(before)
  },
  60_000 + KILLS * 15_000,
)

/** What a flush takes until it is in the file, on a busy machine. */
const WRITE_MS = 150
