import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { countriesOf } from '../../exchange/countries-of.ts'
import { overlaps, type Scope } from '../../exchange/exclusive.ts'
import {
  type Actor,
  contractBody,
  OPERATOR,
  offerBody,
  refusal,
  refusedFields,
  World,
} from './world.ts'

let world: World
beforeEach(async () => {
  world = await World.open()
  for (const id of ['dmp', 'dsp', 'rival', 'third']) await world.partner(id)
  for (const id of ['cars', 'boats']) await world.segment(id, 'dmp')
})
afterEach(() => world.close())

const key = (partner: string): Actor => ({ operator: false, partner })
const contract = (id: string, more: object = {}, actor: Actor = OPERATOR) =>
  world.desk.putContract(actor, { id, body: contractBody(more) })
const offer = (id: string, more: object = {}) =>
  world.desk.putOffer(OPERATOR, { id, body: offerBody({ regions: [], ...more }) })
const exclusive = (more: object = {}) => ({ exclusive: { until: '2026-12-01', ...more } })

describe('an exclusive contract', () => {
  test('keeps other buyers out, who learn of it what they may', async () => {
    await contract('mine', exclusive())
    const theirs = () => contract('theirs', { buyer: 'rival' })
    expect(await refusedFields(theirs)).toBe('conflict segments')
    expect((await refusal(theirs)).message).toBe(
      'segments: some of it is exclusive to contract mine until 2026-12-01T00:00:00.000Z',
    )
    await contract('theirs', { buyer: 'rival', status: 'draft' })
    await world.desk.signContract(key('dmp'), { id: 'theirs' })
    const { message } = await refusal(() => world.desk.signContract(key('rival'), { id: 'theirs' }))
    expect(message).toContain('exclusive to another buyer')
    const { value } = world.desk.getContract(key('rival'), 'theirs')
    expect([value.status, value.signed.buyer]).toEqual(['draft', undefined])
  })

  test('leaves what it does not name to others: its own buyer, other segments, places, businesses and times', async () => {
    await contract('mine', {
      segments: ['cars', 'boats'],
      ...exclusive({ regions: ['FRA'], category: 'autos' }),
    })
    await contract('own', { segments: ['cars'] })
    const free: object[] = [
      { regions: ['DEU'] },
      { category: 'travel' },
      { startsAt: '2026-12-01' },
      { status: 'draft' },
    ]
    for (const [i, more] of free.entries()) await contract(`free${i}`, { buyer: 'rival', ...more })
    const taken: object[] = [
      {},
      { regions: ['EU'] },
      { category: 'autos' },
      { startsAt: '2026-11-30T23:59:59Z' },
    ]
    for (const more of taken)
      expect(await refusedFields(() => contract('taken', { buyer: 'rival', ...more }))).toBe(
        'conflict segments',
      )
  })

  test('does not come over what others have already, paused or not begun', async () => {
    await contract('theirs', { buyer: 'rival', status: 'paused', startsAt: '2026-06-01' })
    expect((await refusal(() => contract('mine', exclusive()))).message).toBe(
      'segments: some of it is sold already, under contract theirs',
    )
    await contract('mine', exclusive({ until: '2026-06-01' }))
    await world.desk.revokeContract(OPERATOR, { id: 'theirs' })
    await contract('mine', exclusive())
  })

  test('keeps nobody out once it is past, however long ago the other began', async () => {
    await contract('mine', exclusive({ until: '2026-06-01' }))
    await contract('kept', { buyer: 'rival', status: 'draft' })
    world.clock.nowMs = Date.UTC(2026, 5, 1)
    await contract('theirs', { buyer: 'rival' })
    await contract('mine', exclusive({ until: '2026-06-01', regions: ['EU'] }))
    await offer('again', exclusive({ buyer: 'dsp', until: '2026-05-01' }))
    expect(await refusedFields(() => offer('again', exclusive({ buyer: 'dsp' })))).toBe(
      'conflict exclusive',
    )
  })

  test('cannot be had by two who sign at the same moment', async () => {
    const buyers = ['dsp', 'rival', 'third']
    for (const buyer of buyers) await contract(buyer, { buyer, status: 'draft', ...exclusive() })
    for (const id of buyers) await world.desk.signContract(key('dmp'), { id })
    const signed = await Promise.allSettled(
      buyers.map((id) => world.desk.signContract(key(id), { id })),
    )
    expect(signed.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const active = world.desk.listContracts(OPERATOR, {}).items.filter((c) => c.status === 'active')
    expect(active).toHaveLength(1)
  })

  test('that takes its time to be written keeps no revocation waiting', async () => {
    await contract('mine', exclusive())
    let end = () => {}
    const slow = world.exchange.deskDeps.turns.alone(
      () => new Promise<void>((done) => (end = done)),
    )
    const { value } = await world.desk.revokeContract(OPERATOR, { id: 'mine' })
    expect(value.status).toBe('revoked')
    end()
    await slow
  })

  test('cannot slip in beside one that is written at the same moment', async () => {
    const [plain, kept] = await Promise.allSettled([
      contract('plain', { buyer: 'rival' }),
      contract('kept', exclusive()),
    ])
    expect([plain!.status, kept!.status]).toEqual(['fulfilled', 'rejected'])
  })
})

describe('an exclusive offer', () => {
  test('kept for one buyer is sold to no other, whatever other offer there is', async () => {
    await offer('kept', exclusive({ buyer: 'dsp' }))
    await offer('open', { segments: ['cars'] })
    const ask = (id: string, buyer: string) =>
      world.desk.requestContract(key(buyer), { offer: id, body: { endsAt: '2026-06-01' } })
    expect(await refusedFields(() => ask('open', 'rival'))).toBe('conflict segments')
    expect(await refusedFields(() => contract('c', { buyer: 'rival' }))).toBe('conflict segments')
    expect((await ask('kept', 'dsp')).value.exclusive).toEqual({
      until: '2026-12-01T00:00:00.000Z',
    })
    expect((await ask('open', 'dsp')).value.exclusive).toBeUndefined()
    await world.desk.closeOffer(OPERATOR, { id: 'kept' })
    await ask('open', 'rival')
  })

  test('to whoever comes first is sold once, and is then no other’s', async () => {
    await offer('first', exclusive())
    const drafts = await Promise.all(
      ['dsp', 'rival'].map((buyer) =>
        world.desk.requestContract(key(buyer), { offer: 'first', body: { endsAt: '2026-06-01' } }),
      ),
    )
    const sign = async ({ value }: (typeof drafts)[number]) => {
      await world.desk.signContract(key('dmp'), { id: value.id })
      return world.desk.signContract(key(value.buyer), { id: value.id })
    }
    await sign(drafts[0]!)
    expect(await refusedFields(() => sign(drafts[1]!))).toBe('conflict segments')
    await offer('first', { ...exclusive(), name: 'Still the same offer' })
  })

  test('does not overlap another exclusive one, and names it', async () => {
    await offer('one', exclusive({ regions: ['EU'] }))
    const other = (more: object) => offer('two', exclusive(more))
    expect((await refusal(() => other({ regions: ['FRA', 'USA'] }))).message).toBe(
      'exclusive: some of it is exclusive to offer one until 2026-12-01T00:00:00.000Z',
    )
    await other({ regions: ['USA'] })
    await world.desk.closeOffer(OPERATOR, { id: 'one' })
    await other({})
    expect(await refusedFields(() => offer('one', exclusive({ regions: ['EU'] })))).toBe(
      'conflict exclusive',
    )
  })

  test('kept for one buyer does not come over others’ contracts', async () => {
    await contract('theirs', { buyer: 'rival' })
    expect(await refusedFields(() => offer('kept', exclusive({ buyer: 'dsp' })))).toBe(
      'conflict exclusive',
    )
    await offer('kept', exclusive({ buyer: 'rival' }))
  })

  test('another seller’s is none of this seller’s business', async () => {
    await world.segment('trains', 'third')
    await world.desk.putOffer(OPERATOR, {
      id: 'theirs',
      body: offerBody({ seller: 'third', segments: ['trains'], ...exclusive({ buyer: 'dsp' }) }),
    })
    await contract('c', { buyer: 'rival' })
  })
})

test('property: two scopes overlap where some segment, country, business and moment is in both', () => {
  const scope = fc
    .record({
      segments: fc.uniqueArray(fc.constantFrom('a', 'b', 'c')),
      regions: fc.uniqueArray(fc.constantFrom('EU', 'FRA', 'USA')),
      category: fc.constantFrom(undefined, 'autos', 'travel'),
      times: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 2, maxLength: 2 }),
    })
    .map(({ segments, regions, category, times }): Scope => {
      const [fromMs, untilMs] = times.sort((x, y) => x - y)
      return {
        segments: new Set(segments),
        countries: countriesOf(regions),
        category,
        fromMs: fromMs!,
        untilMs: untilMs!,
      }
    })
  const holds = (s: Scope, p: { segment: string; country: string; category: string; ms: number }) =>
    s.segments.has(p.segment) &&
    s.countries.has(p.country) &&
    (s.category === undefined || s.category === p.category) &&
    s.fromMs <= p.ms &&
    p.ms < s.untilMs
  const points = ['a', 'b', 'c'].flatMap((segment) =>
    ['FRA', 'DEU', 'USA', 'JPN', 'none'].flatMap((country) =>
      ['autos', 'travel', 'food'].flatMap((category) =>
        [0, 1, 2, 3, 4, 5].map((ms) => ({ segment, country, category, ms })),
      ),
    ),
  )
  fc.assert(
    fc.property(scope, scope, (a, b) => {
      expect(overlaps(a, b)).toBe(points.some((point) => holds(a, point) && holds(b, point)))
    }),
  )
})
