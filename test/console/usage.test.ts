import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LedgerRecord } from '../../exchange/usage/ledger-record.ts'
import { type Body, ConsoleWorld, contractBody, fill } from './world.ts'

let world: ConsoleWorld
let dsp: string
let dmp: string
let other: string
const RANGE = 'from=2026-11-01&to=2026-11-30'

function delivered(contract: string, segment: string, day: string, units: number): LedgerRecord {
  const line = { contract, version: 1, segment, day, units }
  return { kind: 'delivered', fromMs: 0, toMs: 0, lines: [line] }
}

beforeAll(async () => {
  world = await ConsoleWorld.open()
  world.clock.aheadMs = Date.UTC(2026, 10, 28) - world.clock.now()
  await fill(world)
  await world.partner('other', { roles: ['dsp'] })
  const body = contractBody({ status: 'active', billOn: 'delivered' })
  await world.must('PUT', '/api/contracts/spring', {
    body: { ...body, buyer: 'other', segments: ['boats'] },
  })
  const tiered = {
    kind: 'tiered_cpm',
    amountMicros: 1_000_000,
    currency: 'EUR',
    tiers: [{ fromUnits: 1_001, amountMicros: 500_000 }],
  }
  await world.must('PUT', '/api/contracts/volume', {
    body: { ...body, price: tiered, segments: ['cars', 'boats'] },
  })
  await world.ship([
    delivered('autumn', 'cars', '2026-11-03', 1_000),
    delivered('autumn', 'cars', '2026-11-02', 3),
    delivered('spring', 'boats', '2026-11-03', 2_000),
    delivered('volume', 'cars', '2026-11-03', 1_500),
    delivered('volume', 'boats', '2026-11-04', 500),
    delivered('gone', 'cars', '2026-11-05', 7),
  ])
  ;[dsp, dmp, other] = await Promise.all([world.key('dsp'), world.key('dmp'), world.key('other')])
})
afterAll(() => world.close())

const usage = (query: string, token?: string) =>
  world.ask('GET', `/api/usage?${query}`, token === undefined ? {} : { token })
const shown = ({ day, contract, segment, units, amountMicros }: Body) =>
  `${day} ${contract}/${segment} ${units} ${amountMicros}`

describe('GET /api/usage', () => {
  test('tells day by day what was used and what it comes to', async () => {
    const { items, next } = (await usage(RANGE)).body
    expect(items.map(shown)).toEqual([
      '2026-11-02 autumn/cars 3 1500',
      '2026-11-03 autumn/cars 1000 500000',
      '2026-11-03 spring/boats 2000 1000000',
      '2026-11-03 volume/cars 1500 1125000',
      '2026-11-04 volume/boats 500 375000',
      '2026-11-05 gone/cars 7 0',
    ])
    expect(next).toBe(null)
    expect(items[1]).toEqual({
      day: '2026-11-03',
      contract: 'autumn',
      version: 1,
      segment: 'cars',
      buyer: 'dsp',
      seller: 'dmp',
      witness: 'gateway',
      units: 1_000,
      amountMicros: 500_000,
      currency: 'EUR',
    })
    expect(items.at(-1).notes).toEqual(['terms_unknown'])
    expect(items.at(-2).notes).toEqual(['by_volume'])
  })

  test('is narrowed by contract, segment, sides and days, and a volume price stays what it is', async () => {
    const contracts = async (query: string) =>
      (await usage(`${RANGE}&${query}`)).body.items.map(shown).join(', ')
    expect(await contracts('contract=spring')).toBe('2026-11-03 spring/boats 2000 1000000')
    expect(await contracts('buyer=other')).toBe('2026-11-03 spring/boats 2000 1000000')
    expect(await contracts('buyer=other&seller=dsp')).toBe('')
    expect(await contracts('contract=volume&segment=boats')).toBe(
      '2026-11-04 volume/boats 500 375000',
    )
    const { items } = (await usage('from=2026-11-04&to=2026-11-04')).body
    expect(items.map(shown)).toEqual(['2026-11-04 volume/boats 500 375000'])
    expect((await usage('from=2020-01-01&to=2099-01-01')).body.items).toHaveLength(6)
    expect((await usage('')).body.items).toHaveLength(6)
  })

  test('comes in pages that neither miss nor repeat a line', async () => {
    const all = (await usage(RANGE)).body.items
    for (const limit of [1, 2, 5]) {
      const paged: Body[] = []
      let after = ''
      do {
        const query = `${RANGE}&limit=${limit}${after && `&after=${after}`}`
        const { items, next } = (await usage(query)).body
        paged.push(...items)
        after = next ?? ''
      } while (after)
      expect(paged).toEqual(all)
    }
  })

  test('comes as CSV where that is asked for', async () => {
    const csv = await usage(`${RANGE}&format=csv&limit=2`)
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(csv.body.split('\r\n').slice(0, 3)).toEqual([
      'day,contract,version,segment,buyer,seller,deal,witness,units,amountMicros,currency,notes',
      '2026-11-02,autumn,1,cars,dsp,dmp,,gateway,3,1500,EUR,',
      '2026-11-03,autumn,1,cars,dsp,dmp,,gateway,1000,500000,EUR,',
    ])
    const after = csv.headers.get('x-next')
    const rest = await usage(`${RANGE}&format=csv&after=${after}`)
    expect(rest.body.split('\r\n')).toHaveLength(6)
    const accepted = await world.ask('GET', `/api/usage?${RANGE}`, {
      headers: { accept: 'text/csv' },
    })
    expect(accepted.body.split('\r\n')).toHaveLength(8)
  })

  test('shows each side its own, and no contract of others', async () => {
    const ids = async (token: string) => [
      ...new Set((await usage(RANGE, token)).body.items.map(({ contract }: Body) => contract)),
    ]
    expect(await ids(dsp)).toEqual(['autumn', 'volume'])
    expect(await ids(dmp)).toEqual(['autumn', 'spring', 'volume'])
    expect(await ids(other)).toEqual(['spring'])
    for (const contract of ['spring', 'gone', 'nothing'])
      expect((await usage(`contract=${contract}`, dsp)).status).toBe(404)
    expect((await usage(`${RANGE}&buyer=other`, dsp)).body.items).toEqual([])
    expect((await usage(`${RANGE}&seller=dmp&buyer=other`, dsp)).status).toBe(404)
    expect((await usage(`${RANGE}&seller=dmp&buyer=other`, other)).status).toBe(200)
  })

  test('refuses what makes no sense, by field', async () => {
    const fields = async (query: string) => {
      const { status, body } = await usage(query)
      return [status, ...body.errors.map(({ field }: Body) => field)].join(' ')
    }
    expect(await fields('from=yesterday')).toBe('400 from')
    expect(await fields('from=2026-13-01')).toBe('400 from')
    expect(await fields('from=2026-11-05&to=2026-11-04')).toBe('400 to')
    expect(await fields('from=2026-02-30')).toBe('400 from')
    expect(await fields('from=2026-02-01&to=2026-02-30')).toBe('400 to')
    expect(await fields('from=9999-12-31')).toBe('400 from')
    expect(await fields('from=2026-01-01&after=2026-02-99.x')).toBe('400 after')
    expect((await usage('from=1900-01-01&to=2999-12-31')).status).toBe(200)
    expect(await fields('limit=5000')).toBe('400 limit')
    expect(await fields('after=x')).toBe('400 after')
    expect(await fields('format=xml')).toBe('400 format')
    expect(await fields('month=11')).toBe('400 month')
  })

  test('is fresh as soon as the counters are', async () => {
    await world.ship([delivered('autumn', 'cars', '2026-11-02', 1)])
    const { items } = (await usage(`${RANGE}&contract=autumn`)).body
    expect(shown(items[0])).toBe('2026-11-02 autumn/cars 4 2000')
  })
})
