import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS, dayOf } from '../../audience/clock.ts'
import type { LedgerRecord } from '../../exchange/usage/ledger-record.ts'
import { Cli } from './cli-support.ts'
import { type Body, ConsoleWorld, contractBody, fill } from './world.ts'

// Five people in cars, three in boats, two of them in both; four customers, two of whom were met online, one of
// them lately; one of cars' people is synced with the DSP, which was given three of them.

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  await world.segment('clients', 'dmp')
  const into = (segment: string, ...uids: string[]) =>
    uids.map((uid) => ({ source: 'dmp', uid, add: [segment] }))
  const customers = [1, 2, 3, 4].map((n) => ({ source: 'email_sha256', uid: mailOf(n) }))
  await must(
    world.import('memberships', [
      ...into('cars', 'd1', 'd2', 'd3', 'd4', 'd5'),
      ...into('boats', 'd4', 'd5', 'd6'),
      ...customers.map((one) => ({ ...one, add: ['clients'] })),
    ]),
  )
  const at = new Date(world.clock.now() - 40 * DAY_MS).toISOString()
  await must(
    world.import('matches', [
      { source: 'dmp', uid: 'd1', with: { source: 'dsp', uid: 'b1' } },
      { ...customers[0]!, with: { source: 'dmp', uid: 'd1' } },
      { ...customers[1]!, with: { source: 'dmp', uid: 'd6' }, at, ttlDays: 90 },
    ]),
  )
  await give('d1', 0)
  await give('d2', 6)
  await give('d3', 7)
  await world.ship([
    notice('a', 'billing'),
    notice('b', 'billing'),
    notice('b', 'win'),
    notice('c', 'loss'),
  ])
})
afterAll(() => world.close())

const mailOf = (n: number) => createHash('sha256').update(`c${n}@example.com`).digest('hex')

async function must(asked: Promise<{ body: Body }>): Promise<void> {
  expect((await asked).body).toMatchObject({ rejected: 0 })
}

/** The DSP was given cars about an id some days ago. */
async function give(uid: string, daysAgo: number): Promise<void> {
  const { kind } = { kind: (name: string) => world.audience.feed.current()!.kind(name) }
  const numberIn = (name: string, id: string) => (kind(name).get(id)!.value as Body).number
  const day = dayOf(world.clock.now()) - daysAgo
  const key = world.audience.userKeys()!.of(numberIn('namespace', 'dmp'), uid)
  const entry = { recipient: numberIn('partner', 'dsp'), channel: 0, reference: '' }
  const segments = [numberIn('segment', 'cars')]
  const notes = [{ key, entries: [{ ...entry, firstDay: day, lastDay: day, segments }] }]
  await world.store.people.noteEgress(notes)
  world.reach.noteEgress(notes)
}

function notice(answer: string, what: 'win' | 'billing' | 'loss'): LedgerRecord {
  const carried = [{ contract: 'autumn', version: 1, segments: ['cars'] }]
  const at = { answeredS: Math.floor(world.clock.now() / 1000), receivedMs: world.clock.now() }
  return {
    kind: 'notice',
    what,
    answer,
    imp: '',
    buyer: 1,
    exchange: 0,
    by: 'buyer',
    carried,
    ...at,
  }
}

const get = (path: string, token?: string) =>
  world.ask('GET', path, token === undefined ? {} : { token })
const rate = (count: number, of: number) => expect.objectContaining({ count, of })

describe('GET /api/reach', () => {
  test('counts people in segments, and in every two of them', async () => {
    const { body } = await get('/api/reach?segments=cars,boats,clients')
    expect(body.segments).toEqual([
      { segment: 'cars', people: 5, provenance: 'third_party' },
      { segment: 'boats', people: 3, provenance: 'third_party' },
      { segment: 'clients', people: 4, provenance: 'third_party' },
    ])
    expect(body.overlaps).toEqual([
      { segments: ['cars', 'boats'], people: 2, ofFirst: rate(2, 5), ofSecond: rate(2, 3) },
      { segments: ['cars', 'clients'], people: 1, ofFirst: rate(1, 5), ofSecond: rate(1, 4) },
      { segments: ['boats', 'clients'], people: 1, ofFirst: rate(1, 3), ofSecond: rate(1, 4) },
    ])
    expect(body).toMatchObject({ step: 1, audience: null, couples: [], won: null })
  })

  test('counts an audience as deals have it: any, all and none', async () => {
    const audience = async (query: string) => (await get(`/api/reach?${query}`)).body.audience
    expect(await audience('any=cars,boats')).toBe(6)
    expect(await audience('all=cars,boats')).toBe(2)
    expect(await audience('any=cars,boats&none=clients')).toBe(4)
    expect(await audience('all=cars&any=boats,clients')).toBe(3)
  })

  test('tells for each partner how many it knows, was given, has seen and won', async () => {
    const { body } = await get('/api/reach?segments=cars&all=cars&none=boats&partner=dsp,ssp')
    expect(body.couples).toEqual([
      {
        segment: 'cars',
        partner: 'dsp',
        total: 5,
        synced: rate(1, 5),
        delivered: rate(3, 5),
        seen: rate(2, 5),
        won: 2,
      },
      {
        segment: null,
        partner: 'dsp',
        total: 3,
        synced: rate(1, 3),
        delivered: rate(3, 3),
        seen: rate(2, 3),
        won: null,
      },
      expect.objectContaining({
        segment: 'cars',
        partner: 'ssp',
        synced: rate(0, 5),
        won: 0,
      }),
      expect.objectContaining({ segment: null, partner: 'ssp', delivered: rate(0, 3) }),
    ])
    expect(body.won.from < body.won.to).toBe(true)
  })

  test('what was imported a moment ago is counted, and who was erased is not', async () => {
    const people = async () => (await get('/api/reach?segments=boats')).body.segments[0].people
    const before = await people()
    await must(world.import('memberships', [{ source: 'dmp', uid: 'd7', add: ['boats'] }]))
    expect(await people()).toBe(before + 1)
    await world.must('POST', '/api/people/erase', {
      body: { source: 'dmp', uid: 'd7', reason: 'asked by letter' },
    })
    expect(await people()).toBe(before)
  })

  test('names what it is asked for and cannot tell', async () => {
    const refused = async (query: string, token?: string) => {
      const { status, body } = await get(`/api/reach${query}`, token)
      return [status, ...(body.errors ?? []).map(({ field }: Body) => field)].join(' ').trim()
    }
    expect(await refused('')).toBe('400 segments')
    expect(await refused('?segments=cars,,boats')).toBe('400 segments')
    expect(await refused('?none=cars')).toBe('422 none')
    expect(await refused('?segments=gone&any=gone')).toBe('422 segments any')
    expect(await refused('?segments=cars&partner=gone')).toBe('422 partner')
    expect(await refused('?segments=cars', '')).toBe('401')
  })

  test('a partner is told of its own segments and couples only, in steps that hide a few', async () => {
    const seller = await world.key('dmp')
    const buyer = await world.key('dsp')
    const stranger = await world.key('ssp')
    const { body } = await get('/api/reach?segments=cars&partner=dsp', seller)
    expect(body).toMatchObject({
      step: 250,
      segments: [{ segment: 'cars', people: 0, provenance: 'third_party' }],
    })
    expect(body.couples[0]).toMatchObject({ total: 0, synced: { count: 0, of: 0, rate: null } })
    expect((await get('/api/reach?segments=cars&partner=ssp', seller)).status).toBe(422)
    expect((await get('/api/reach?segments=cars', stranger)).status).toBe(422)
    expect((await get('/api/reach?segments=cars', buyer)).status).toBe(422)
    await world.must('PUT', '/api/contracts/look', {
      body: contractBody({ uses: ['overlap'], price: { kind: 'free' }, status: 'active' }),
    })
    expect((await get('/api/reach?segments=cars', buyer)).status).toBe(200)
    expect((await get('/api/reach?segments=boats', buyer)).status).toBe(422)
  })
})

describe('GET /api/kpis', () => {
  test('tells the reconciliation rate beside its band, and match rates by partner', async () => {
    const { body } = await get('/api/kpis?clients=clients')
    const about = ({ kpi }: Body) => ['reconciliation_rate', 'match_rate'].includes(kpi)
    expect(body.items.filter(about)).toEqual([
      expect.objectContaining({
        ...{ kpi: 'reconciliation_rate', segment: 'clients', count: 1, of: 4, rate: 0.25 },
        band: { from: 0.2, to: 0.35, isWithin: true },
      }),
      expect.objectContaining({
        kpi: 'match_rate',
        segment: null,
        partner: 'dsp',
        count: 1,
        of: 8,
      }),
    ])
    const names = new Set(body.items.map(({ kpi }: Body) => kpi))
    expect(Object.keys(body.definitions)).toEqual(expect.arrayContaining([...names]))
  })

  test('the period decides who counts as met, and an outlier is told to be one', async () => {
    const { body } = await get('/api/kpis?clients=clients&segment=cars&days=60')
    expect(body.items[0]).toMatchObject({ count: 2, of: 4, band: { isWithin: false } })
    const match = body.items.find(({ kpi }: Body) => kpi === 'match_rate')
    expect(match).toMatchObject({ segment: 'cars', partner: 'dsp', count: 1, of: 5 })
    expect(Date.parse(body.to) - Date.parse(body.from)).toBe(59 * DAY_MS)
  })

  test('tells how many of those known offline were met online', async () => {
    const { items } = (await get('/api/kpis?offline=clients')).body
    expect(items[0]).toMatchObject({ kpi: 'on_off_overlap', segment: 'clients', count: 1, of: 4 })
  })

  test('nothing to divide by is no rate', async () => {
    await world.segment('empty', 'dmp')
    const { body } = await get('/api/kpis?clients=empty')
    expect(body.items[0]).toMatchObject({ count: 0, of: 0, rate: null, band: { isWithin: null } })
  })

  test('everybody is the exchange’s to count: a partner names a segment of its own', async () => {
    const key = await world.key('dmp')
    expect((await get('/api/kpis', key)).status).toBe(400)
    const { body } = await get('/api/kpis?segment=cars', key)
    expect(body.items[0]).toMatchObject({ kpi: 'match_rate', partner: 'dsp', count: 0, of: 0 })
    expect((await get('/api/kpis?segment=cars', await world.key('ssp'))).status).toBe(422)
  })
})

test('the command line prints both', async () => {
  const cli = new Cli(world)
  const reach = await cli.run('reach cars boats --all cars,boats --partner dsp')
  expect(JSON.parse(reach.out)).toMatchObject({ audience: 2, couples: { length: 3 } })
  const kpis = await cli.run('kpis --clients clients --days 60')
  expect(JSON.parse(kpis.out).items[0]).toMatchObject({ kpi: 'reconciliation_rate', count: 2 })
  expect((await cli.run('reach')).err).toContain('segments: is required')
})
