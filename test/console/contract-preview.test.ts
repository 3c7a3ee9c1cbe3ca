import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LedgerRecord } from '../../exchange/usage/ledger-record.ts'
import { type Body, ConsoleWorld, contractBody, fill } from './world.ts'

let world: ConsoleWorld
const EUR = { currency: 'EUR' }

/** Impressions of October under contract autumn, each with a price told, in micro-units. */
function won(prices: readonly number[]): LedgerRecord[] {
  return prices.map((micros, i) => ({
    kind: 'notice',
    what: 'billing',
    answer: 'a1',
    answeredS: Date.UTC(2026, 9, 14) / 1000,
    imp: String(i),
    buyer: 1,
    exchange: 2,
    by: 'exchange',
    ...(micros > 0 ? { price: { micros, currency: 'EUR' } } : {}),
    carried: [{ contract: 'autumn', version: 1, segments: i % 2 ? ['cars'] : ['cars', 'boats'] }],
    receivedMs: 0,
  }))
}

beforeAll(async () => {
  world = await ConsoleWorld.open()
  world.clock.aheadMs = Date.UTC(2026, 10, 12) - world.clock.now()
  await fill(world)
  await world.partner('other')
  await world.ship(won([1_000_000, 2_000_000, 3_000_000, 0]))
})
afterAll(() => world.close())

async function preview(more: object | undefined, { id = 'draft', query = '' } = {}): Promise<Body> {
  const body = more && contractBody({ segments: ['cars', 'boats'], ...more })
  return world.must('POST', `/api/contracts/${id}/preview${query}`, body ? { body } : {})
}
const lines = ({ items }: Body) =>
  items.map(
    ({ segment, units, amountMicros, currency }: Body) =>
      `${segment} ${units} ${amountMicros} ${currency}`,
  )

describe('a preview', () => {
  test('says what last month would have cost under the contract that is there', async () => {
    const shown = await preview(undefined, { id: 'autumn' })
    expect(shown).toMatchObject({ contract: 'autumn', from: '2026-10-01', to: '2026-10-31' })
    expect(lines(shown)).toEqual(['cars 4 2000 EUR'])
    expect(shown.totals[0].amountMicros).toBe(2_000)
    expect(shown.notes).toEqual([])
  })

  test('says it under terms that no contract has yet, whatever the price', async () => {
    const under = async (price: object, more: object = {}) =>
      lines(await preview({ price: { ...EUR, ...price }, ...more }))
    expect(await under({ kind: 'cpm', amountMicros: 10_000_000 })).toEqual([
      'boats 2 20000 EUR',
      'cars 4 40000 EUR',
    ])
    expect(await under({ kind: 'per_match', amountMicros: 7 })).toEqual([
      'boats 2 14 EUR',
      'cars 4 28 EUR',
    ])
    expect(await under({ kind: 'flat_month', amountMicros: 5_000 })).toEqual([
      'boats 2 0 EUR',
      'cars 4 0 EUR',
      ' 0 5000 EUR',
    ])
    const tiers = [{ fromUnits: 4, amountMicros: 1_000_000 }]
    expect(await under({ kind: 'tiered_cpm', amountMicros: 2_000_000, tiers })).toEqual([
      'boats 2 3000 EUR',
      'cars 4 6000 EUR',
    ])
    const share = { kind: 'percent_media', amountMicros: 500_000 }
    expect(await under(share, { billOn: 'win' })).toEqual(['boats 2 2000 EUR', 'cars 4 3000 EUR'])
    expect(await under({ ...share, floorMicros: 1_500_000 }, { billOn: 'win' })).toEqual([
      'boats 2 3000 EUR',
      'cars 4 6000 EUR',
    ])
  })

  test('holds a bound against the units whose price was told in its currency', async () => {
    const [one] = won([4_000_000])
    const told = (imp: string, currency: string, micros: number) =>
      ({ ...one, answer: `p${imp}`, imp, price: { micros, currency } }) as LedgerRecord
    const day = { answeredS: Date.UTC(2026, 8, 14) / 1000 }
    await world.ship([
      { ...told('1', 'EUR', 4_000_000), ...day } as LedgerRecord,
      { ...told('2', 'USD', 4_000_000), ...day } as LedgerRecord,
      { ...told('3', 'USD', 4_000_000), ...day } as LedgerRecord,
    ])
    const price = { kind: 'percent_media', amountMicros: 500_000, floorMicros: 1_000_000, ...EUR }
    const query = '?from=2026-09-01&to=2026-09-30'
    // 2 EUR per 1,000 of the one unit told in EUR: above the least; of all three it would be below.
    const shown = lines(await preview({ price, billOn: 'win' }, { query }))
    expect(shown.filter((line: string) => line.startsWith('cars')).sort()).toEqual([
      'cars 0 4000 USD',
      'cars 3 2000 EUR',
    ])
  })

  test('shows the fee, and says what it rests on', async () => {
    const price = { kind: 'percent_media', amountMicros: 500_000, capMicros: 9_000_000, ...EUR }
    const more = { price, billOn: 'win', attribution: 'by_population', platformFeeBps: 1_000 }
    const shown = await preview(more)
    expect(shown.items[0]).toMatchObject({ feeBps: 1_000, feeMicros: 200, payoutMicros: 1_800 })
    expect(shown.notes).toEqual(['counted_as_was', 'attributed_as_was', 'bounds_on_average'])
  })

  test('is of the days asked for', async () => {
    const query = '?from=2026-10-14&to=2026-10-14'
    expect(lines(await preview(undefined, { id: 'autumn', query }))).toHaveLength(1)
    const later = await preview(undefined, {
      id: 'autumn',
      query: '?from=2026-10-15&to=2026-11-02',
    })
    expect([later.items, later.notes]).toEqual([[], ['no_usage']])
    const price = { kind: 'flat_month', amountMicros: 310_000, prorated: true, ...EUR }
    const half = await preview({ price }, { query: '?from=2026-10-22&to=2026-11-15' })
    expect(lines(half)).toEqual([' 0 100000 EUR', ' 0 155000 EUR'])
  })

  test('of made-up terms tells nothing of segments that are not the caller’s to know', async () => {
    const other = await world.key('other')
    const theirs = { provenance: 'first_party' }
    await world.must('PUT', '/api/segments/secret', {
      body: { name: 'Secret', owner: 'dmp', ttlDays: 30, ...theirs },
    })
    const ask = async (segment: string, more: object = {}) => {
      const body = contractBody({ buyer: 'other', segments: [segment], ...more })
      const answer = await world.ask('POST', '/api/contracts/draft/preview', { token: other, body })
      return [answer.status, JSON.stringify(answer.body).replaceAll(segment, '…')]
    }
    const nowhere = await ask('nowhere')
    expect(nowhere[0]).toBe(422)
    for (const segment of ['secret', 'boats']) expect(await ask(segment)).toEqual(nowhere)
    expect(await ask('nowhere', { seller: 'nobody' })).toEqual(nowhere)
    expect(await ask('boats', { seller: 'other', buyer: 'dsp' })).toEqual(nowhere)
    const offer = { seller: 'dmp', segments: ['boats'], uses: ['bid_enrichment'], minPeople: 0 }
    const price = { kind: 'cpm', amountMicros: 1, ...EUR }
    await world.must('PUT', '/api/offers/boats', { body: { ...offer, price } })
    expect((await ask('boats'))[0]).toBe(200)
  })

  test('is for the sides of the contract, refuses terms that make no sense, and changes nothing', async () => {
    const other = await world.key('other')
    const dsp = await world.key('dsp')
    const ask = (id: string, token: string, body?: object) =>
      world.ask('POST', `/api/contracts/${id}/preview`, { token, ...(body ? { body } : {}) })
    expect((await ask('autumn', dsp)).status).toBe(200)
    expect((await ask('autumn', other)).status).toBe(404)
    expect((await ask('draft', other, contractBody())).status).toBe(404)
    expect((await ask('draft', dsp)).status).toBe(404)
    const price = { kind: 'percent_media', amountMicros: 1, ...EUR }
    const senseless = await ask('draft', dsp, contractBody({ price, billOn: 'delivered' }))
    expect([senseless.status, senseless.body.errors[0].field]).toEqual([422, 'billOn'])
    const query = '?from=2024-01-01&to=2026-01-01'
    const long = await world.ask('POST', `/api/contracts/autumn/preview${query}`)
    expect([long.status, long.body.errors[0].field]).toEqual([400, 'to'])
    for (const [days, field] of [
      ['from=2026-02-30&to=2026-03-10', 'from'],
      ['from=2026-02-01&to=2026-02-29', 'to'],
      ['from=9998-11-27&to=9999-12-31', 'from'],
      ['from=2998-11-27&to=2999-12-31', ''],
    ]) {
      const body = contractBody({ price: { kind: 'flat_month', amountMicros: 1, ...EUR } })
      const asked = await world.ask('POST', `/api/contracts/draft/preview?${days}`, { body })
      expect([days, asked.body.errors?.[0].field ?? '']).toEqual([days, field])
    }
    expect((await world.ask('GET', '/api/contracts/draft')).status).toBe(404)
  })
})
