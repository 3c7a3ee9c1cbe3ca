import { afterEach, expect, test } from 'vitest'
import { DAY_MS } from '../../audience/clock.ts'
import { COUNTRY_ABSENT } from '../../audience/countries.ts'
import { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { DealIndex } from '../../exchange/buyer-view.ts'
import { CAP_KIND, type CapRecord } from '../../exchange/cap.ts'
import { ExchangeCatalog } from '../../exchange/exchange-catalog.ts'
import { seeded } from '../support/random.ts'
import { contractBody, OPERATOR, World } from './world.ts'

const SEED = Number(process.env['PASSERELLE_SEED'] ?? 1)
const PARTNERS = ['p0', 'p1', 'p2', 'p3']
const SEGMENTS = ['s0', 's1', 's2', 's3', 's4', 's5']

let world: World
afterEach(() => world.close())

test(`a catalog compiled change by change equals one compiled whole (seed ${SEED})`, async () => {
  const random = seeded(SEED)
  world = await World.open()
  for (const id of PARTNERS) await world.partner(id)
  for (let i = 0; i < 6; i++) await world.segment(`s${i}`, PARTNERS[i % 4]!)
  for (let i = 0; i < 6; i++)
    await world.contract(`c${i}`, {
      seller: PARTNERS[i % 4]!,
      buyer: PARTNERS[(i + 1) % 4]!,
      segments: [`s${i}`],
    })
  for (let i = 0; i < 8; i++) {
    const any = [`s${i % 6}`, `s${(i + 1) % 6}`].slice(random.int(2))
    const audience = i % 4 === 0 ? {} : { any }
    const [seller, exchange] = [random.pick(PARTNERS), random.pick(PARTNERS)]
    await world.deal(`d${i}`, { seller, exchange, audience })
  }
  const kept = [...world.feed.current()!.records()].filter(({ kind }) => kind !== 'namespace')
  for (let step = 0; step < 200; step++) {
    await changeSomething()
    expect(outputOf(world.exchange.catalog()!), `seed ${SEED}, step ${step}`).toEqual(
      outputOf(compiledWhole()),
    )
  }

  /** By raw writes: a catalog may be restored or applied in any order. */
  async function changeSomething(): Promise<void> {
    if (random() < 0.15) return write(CAP_KIND, `c${random.int(6)}`, random.pick([null, anyCap()]))
    const { kind, id, value } = random.pick(kept)
    const changed = structuredClone(value) as Record<string, unknown>
    if (random() < 0.25) return write(kind, id, null)
    if (random() < 0.4) return write(kind, id, changed)
    const status = random.pick(['active', 'active', 'paused'])
    if (kind === 'partner') return write(kind, id, { ...changed, status, exchange: 'p0' })
    if (kind === 'segment') return write(kind, id, { ...changed, owner: random.pick(PARTNERS) })
    if (kind === 'contract') return write(kind, id, { ...changed, status })
    return write(kind, id, { ...changed, seller: random.pick([...PARTNERS, 'gone']) })
  }

  function anyCap(): Omit<CapRecord, 'reachedAt'> {
    const fromMs = world.clock.nowMs + (random.int(3) - 1) * DAY_MS
    const day = { date: '', fromMs, untilMs: fromMs + DAY_MS / 2 }
    const cap = { buyer: random.pick(PARTNERS), limit: 'units', version: 1 } as const
    return random() < 0.5 ? { ...cap, per: 'contract' } : { ...cap, per: 'day', day }
  }
})

test('a contract over a segment that its seller does not own, however it got there, gives nothing', async () => {
  world = await World.open()
  for (const id of ['dmp', 'other', 'dsp']) await world.partner(id)
  await world.segment('cars', 'dmp')
  await world.contract('c', contractBody())
  expect(world.granted(world.view('dsp'))).toEqual({ cars: 'c' })
  await write('segment', 'cars', { ...recordOf('segment', 'cars'), owner: 'other' })
  expect(world.granted(world.view('dsp'))).toEqual({})
})

test('a partner deleted beneath its contracts takes them along', async () => {
  world = await World.open()
  for (const id of ['dmp', 'dsp']) await world.partner(id)
  await world.segment('cars', 'dmp')
  await world.contract('c', contractBody())
  const { key } = await world.desk.createKey(OPERATOR, { partner: 'dsp', body: {} })
  await write('partner', 'dmp', null)
  expect(world.granted(world.view('dsp'))).toEqual({})
  await write('partner', 'dsp', null)
  expect(world.exchange.catalog()!.findKey(key)).toBeUndefined()
})

async function write(kind: string, id: string, value: unknown): Promise<void> {
  await world.catalog.write([{ kind, id, value }])
  await world.feed.poke()
}

function recordOf(kind: string, id: string): object {
  return world.feed.current()!.kind(kind).get(id)!.value as object
}

/** From copies of the records, so that nothing remembered of them helps. */
function compiledWhole(): ExchangeCatalog {
  const { version } = world.feed.current()!
  const records = structuredClone([...world.feed.current()!.records()])
  return ExchangeCatalog.compile(CatalogSnapshot.of({ version, records }))
}

function outputOf(catalog: ExchangeCatalog): unknown {
  return PARTNERS.map((id) => {
    const partner = catalog.partner(id)
    if (!partner) return undefined
    const view = catalog.viewFor(partner.number, COUNTRY_ABSENT, world.clock.nowMs, 'all')
    return {
      partner,
      entitlements: view.entitlements(),
      deals: [0, 1, 2, 3, 4].map((exchange) => dealsOf(catalog, view.deals(exchange))),
      until: view.validUntilMs,
    }
  })
}

function dealsOf(catalog: ExchangeCatalog, index: DealIndex | undefined) {
  const numbers = SEGMENTS.flatMap((id) => catalog.segment(id)?.number ?? [])
  return {
    always: index?.always ?? [],
    under: numbers.map((number) => index?.under(number) ?? []),
    withheld: index?.withheld() ?? new Map(),
  }
}
