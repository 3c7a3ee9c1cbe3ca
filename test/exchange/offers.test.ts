import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dayOf } from '../../audience/clock.ts'
import { LIMITS } from '../../exchange/limits.ts'
import { MemoryPeople } from '../support/memory-store.ts'
import {
  type Actor,
  contractBody,
  OPERATOR,
  offerBody,
  refusal,
  refusedFields,
  World,
  WoundClock,
} from './world.ts'

const SELLER: Actor = { operator: true, partner: 'dmp' }
const BUYER: Actor = { operator: false, partner: 'dsp' }
const RIVAL: Actor = { operator: false, partner: 'rival' }
const ENDS = { endsAt: '2026-12-31' }

let world: World
beforeEach(async () => {
  world = await World.open()
  await furnish(world)
})
afterEach(() => world.close())

async function furnish(one: World): Promise<void> {
  for (const id of ['dmp', 'dsp', 'rival', 'other']) await one.partner(id)
  for (const id of ['cars', 'boats']) await one.segment(id, 'dmp')
  await one.segment('theirs', 'other')
}

const put = (more: object = {}, actor: Actor = OPERATOR) =>
  world.desk.putOffer(actor, { id: 'o', body: offerBody(more) })
const request = (more: object = {}, actor: Actor = BUYER) =>
  world.desk.requestContract(actor, { offer: 'o', body: { ...ENDS, ...more } })

describe('an offer', () => {
  test('is its seller’s side’s to make, and keeps what it says', async () => {
    const { value, created } = await put({ minPeople: 1_000 }, SELLER)
    expect(created).toBe(true)
    expect(value).toMatchObject({ id: 'o', status: 'open', visibility: 'public', regions: ['EU'] })
    expect((await put(value, SELLER)).version).toBe(world.feed.current()!.version)
    expect(await refusedFields(() => put({}, { operator: true, partner: 'other' }))).toBe(
      'not_found',
    )
    expect(await refusedFields(() => put({}, { operator: false, partner: 'dmp' }))).toBe(
      'forbidden',
    )
  })

  test('that makes no sense is refused, each field by name', async () => {
    const cases: [string, object][] = [
      ['unprocessable segments.0', { segments: ['gone'] }],
      ['unprocessable segments.1', { segments: ['cars', 'theirs'] }],
      ['unprocessable buyers', { visibility: 'private' }],
      ['unprocessable buyers.0', { buyers: ['gone'] }],
      ['unprocessable block.0', { block: ['dmp'] }],
      ['unprocessable discounts.gone', { discounts: { gone: 100 } }],
      ['unprocessable attribution', { attribution: 'by_population', billOn: 'delivered' }],
      ['unprocessable exclusive.buyer', { exclusive: { buyer: 'gone', until: '2026-06-01' } }],
      ['invalid discounts.dsp', { discounts: { dsp: 10_001 } }],
      ['invalid exclusive.until', { exclusive: { until: '2026-02-30' } }],
      ['invalid price.amountMicros', { price: { kind: 'cpm', amountMicros: -1, currency: 'EUR' } }],
      ['invalid surprise', { surprise: 1 }],
    ]
    for (const [refused, more] of cases) expect(await refusedFields(() => put(more))).toBe(refused)
  })

  test('to one buyer is not there for another, and names no other buyer', async () => {
    await put({
      visibility: 'private',
      buyers: ['dsp', 'rival'],
      discounts: { dsp: 500, rival: 1 },
    })
    const { value } = world.desk.getOffer(BUYER, 'o')
    expect(value).toMatchObject({ discounts: { dsp: 500 }, mayRequest: true })
    expect(JSON.stringify(value)).not.toContain('rival')
    const stranger: Actor = { operator: false, partner: 'other' }
    expect(await refusedFields(() => world.desk.getOffer(stranger, 'o'))).toBe('not_found')
    expect(world.desk.listOffers(stranger, {}).items).toEqual([])
    expect(await refusedFields(() => request({}, stranger))).toBe('not_found')
  })

  test('is not there for whom it blocks, and only those it allows may ask', async () => {
    await put({ block: ['rival'], allow: ['other'] })
    expect(await refusedFields(() => world.desk.getOffer(RIVAL, 'o'))).toBe('not_found')
    expect(world.desk.getOffer(BUYER, 'o').value.mayRequest).toBe(false)
    expect(await refusedFields(() => request())).toBe('forbidden')
    await put({ allow: ['dsp'] })
    expect((await request()).value.buyer).toBe('dsp')
  })

  test('with a contract on it is closed, not deleted', async () => {
    await put()
    const { value } = await request({ contract: 'mine' })
    const remove = () => world.desk.deleteOffer(SELLER, { id: 'o' })
    expect((await refusal(remove)).message).toContain('contract mine still rests on it')
    const { value: closed } = await world.desk.closeOffer(SELLER, { id: 'o' })
    expect(closed.status).toBe('closed')
    expect(await refusedFields(() => request())).toBe('not_found')
    expect(await refusedFields(() => request({ buyer: 'dsp' }, OPERATOR))).toBe('conflict')
    await world.desk.signContract(BUYER, { id: value.id })
    await world.desk.declineContract(BUYER, { id: value.id })
    await remove()
    expect(await refusedFields(() => world.desk.getOffer(SELLER, 'o'))).toBe('not_found')
  })

  test('keeps its segments and the partners it names from being deleted', async () => {
    await put({ discounts: { rival: 100 } })
    for (const remove of [
      () => world.desk.deleteSegment(OPERATOR, { id: 'boats' }),
      () => world.desk.deletePartner(OPERATOR, { id: 'rival' }),
    ])
      expect((await refusal(remove)).message).toContain('offer o')
  })
})

describe('what cannot be offered', () => {
  test('stands for a node about what law protects specially, whichever taxonomy says it', async () => {
    const nodes: [number, string, string][] = [
      [4, '1455', 'Health'],
      [4, '529', 'Political'],
      [6, '461', 'Religion'],
      [7, '286', 'Health'],
      [1, 'IAB7-28', 'Health'],
      [1, 'IAB14-3', 'Sex'],
    ]
    for (const [segtax, id, topic] of nodes) {
      await world.segment('cars', 'dmp', { taxonomy: { segtax, id } })
      const { problems } = await refusal(() => put())
      expect(problems).toMatchObject([{ field: 'segments.0' }])
      expect(problems[0]!.reason).toMatch(
        new RegExp(`^prohibited_node: cars stands for node ${id} of taxonomy ${segtax}. ${topic}`),
      )
    }
    for (const [segtax, id] of [
      [4, '243'],
      [4, '384x'],
      [1, 'IAB17-1'],
      [500, '286'],
    ]) {
      await world.segment('cars', 'dmp', { taxonomy: { segtax, id } })
      await put()
    }
  })

  test('is sensitive without evidence of explicit consent', async () => {
    await world.segment('boats', 'dmp', { sensitive: true })
    expect((await refusal(() => put())).message).toContain('no_explicit_consent: boats')
    await world.segment('boats', 'dmp', { sensitive: true, basis: 'form 7, signed 2026-01' })
    await put()
  })

  test('is not asked for either, when a segment became such after it was offered', async () => {
    await put()
    await world.segment('boats', 'dmp', { sensitive: true })
    expect(await refusedFields(() => request())).toBe('unprocessable segments.1')
    expect((await request({ segments: ['cars'] })).value.segments).toEqual(['cars'])
  })

  test('does not come into force, either, when it became such after it was asked for', async () => {
    await put()
    const { id } = (await request()).value
    await world.desk.signContract(BUYER, { id })
    await world.segment('boats', 'dmp', { sensitive: true })
    const sign = () => world.desk.signContract({ operator: false, partner: 'dmp' }, { id })
    expect((await refusal(sign)).message).toContain('segments.1: no_explicit_consent')
    await world.segment('boats', 'dmp', { sensitive: true, basis: 'form 7, signed 2026-01' })
    expect((await sign()).value.status).toBe('active')
  })
})

describe('the smallest audience', () => {
  const clock = new WoundClock()
  const expiryDay = dayOf(clock.now()) + 30
  let people: MemoryPeople
  beforeEach(async () => {
    await world.close()
    people = new MemoryPeople(clock)
    world = await World.open({ people })
    await furnish(world)
  })
  const keyOf = (n: number) => Buffer.from(String(n).padStart(16, '0'))
  const fill = (segment: string, count: number, day = expiryDay) => {
    const { number } = world.exchange.catalog()!.segment(segment)!
    const add = [{ segment: number, expiryDay: day }]
    return people.assign(
      Array.from({ length: count }, (_, n) => ({ key: keyOf(n), add, remove: [] })),
    )
  }
  const said = async (more: object = {}) =>
    (await refusal(() => put({ minPeople: undefined, ...more }))).problems.map(
      ({ field, reason }) => `${field}: ${reason}`,
    )

  test('is a thousand people in each segment, and how few there are is told in steps only', async () => {
    await fill('cars', 1_000)
    await fill('boats', 749)
    expect(await said()).toEqual([
      'segments.1: too_few_people: boats has fewer than 1000 people (at least 500)',
    ])
    expect(await said({ segments: ['boats'], minPeople: 5_000 })).toEqual([
      'segments.0: too_few_people: boats has fewer than 5000 people (at least 500)',
    ])
    await put({ segments: ['cars'], minPeople: 1_000 })
  })

  test('a handful and nobody are told alike', async () => {
    await fill('boats', 37)
    const few = await said({ segments: ['boats'] })
    await fill('cars', 0)
    const none = await said({ segments: ['cars'] })
    expect(none[0]).toBe(few[0]!.replace('boats', 'cars'))
  })

  test('ids matched with one another are one person, and memberships that ended count no more', async () => {
    await fill('boats', 600)
    const ref = (n: number) => ({ key: keyOf(n), namespace: 1, value: String(n) })
    const edge = { owner: 0, method: 0, firstSeenDay: 1, lastSeenDay: 1, expiryDay }
    await people.link(
      Array.from({ length: 300 }, (_, n) => ({ a: ref(2 * n), b: ref(2 * n + 1), ...edge })),
    )
    expect(await said({ segments: ['boats'], minPeople: 600 })).toEqual([
      'segments.0: too_few_people: boats has fewer than 600 people (at least 250)',
    ])
    await fill('cars', 2_000, dayOf(clock.now()))
    expect(await said({ segments: ['cars'] })).toHaveLength(1)
  })

  test('what shrank since is not sold, and the exchange’s operator alone may go below fifty', async () => {
    await fill('boats', 60)
    await put({ segments: ['boats'], minPeople: 50 }, SELLER)
    expect(await refusedFields(() => put({ minPeople: 49 }, SELLER))).toBe(
      'unprocessable minPeople',
    )
    const { number } = world.exchange.catalog()!.segment('boats')!
    await people.assign([{ key: keyOf(1), add: [], remove: [number] }])
    for (let n = 0; n < 20; n++) await people.assign([{ key: keyOf(n), add: [], remove: [number] }])
    expect(await refusedFields(() => request({ segments: ['boats'] }))).toBe(
      'unprocessable segments.0',
    )
    await put({ segments: ['boats'], minPeople: 0 })
  })

  test('a store that does not answer is no reason to offer', async () => {
    people.isAsync = true
    people.failure = new Error('out of reach')
    await fill('boats', 10)
    await expect(put({ segments: ['boats'], minPeople: 1_000 })).rejects.toThrow('out of reach')
  })
})

describe('a request', () => {
  test('drafts the contract of the offer at the buyer’s price, and nothing is given until both signed', async () => {
    await put({
      discounts: { dsp: 1_250 },
      price: { kind: 'cpm', amountMicros: 5, currency: 'EUR' },
    })
    const { value, created } = await request({ segments: ['cars'], regions: ['FRA'] })
    expect(created).toBe(true)
    expect(value).toMatchObject({
      offer: 'o',
      seller: 'dmp',
      buyer: 'dsp',
      segments: ['cars'],
      uses: ['bid_enrichment', 'activation'],
      regions: ['FRA'],
      price: { kind: 'cpm', amountMicros: 4, currency: 'EUR' },
      status: 'draft',
      billOn: 'billable',
      version: 1,
      dataProtection: { seller: 'controller', operator: 'processor', basis: 'consent' },
    })
    expect(value.id).toMatch(/^o-dsp-[0-9a-f]{8}$/)
    const given = () => world.granted(world.view('dsp', { country: 'FRA' }))
    expect(given()).toEqual({})
    await world.desk.signContract({ operator: false, partner: 'dmp' }, { id: value.id })
    expect(given()).toEqual({})
    await world.desk.signContract(BUYER, { id: value.id })
    expect(given()).toEqual({ cars: value.id })
    expect(world.granted(world.view('dsp', { country: 'USA' }))).toEqual({})
  })

  test('beyond the offer is refused, each field by name', async () => {
    await put({ exclusive: { until: '2026-06-01' } })
    const cases: [string, object][] = [
      ['unprocessable segments.0', { segments: ['theirs'] }],
      ['unprocessable uses.0', { uses: ['modeling'] }],
      ['unprocessable regions', { regions: ['USA'] }],
      ['unprocessable regions', { regions: [] }],
      ['unprocessable endsAt', { endsAt: '2026-01-01' }],
      ['invalid endsAt', { endsAt: null }],
      ['invalid price', { price: { kind: 'free' } }],
      ['forbidden buyer', { buyer: 'rival' }],
      ['invalid contract', { contract: 'Not An Id' }],
    ]
    for (const [refused, more] of cases)
      expect(await refusedFields(() => request(more))).toBe(refused)
    expect((await refusal(() => request({ regions: ['EEA'] }))).message).toContain('ISL, LIE, NOR')
  })

  test('by the seller itself, or for an id that is taken, is refused', async () => {
    await put()
    await world.contract('taken', contractBody())
    expect(await refusedFields(() => request({ contract: 'taken' }))).toBe('conflict contract')
    expect(await refusedFields(() => request({ buyer: 'dmp' }, OPERATOR))).toBe(
      'unprocessable buyer',
    )
    expect(await refusedFields(() => request({}, OPERATOR))).toBe('invalid buyer')
  })

  test('after request leaves at most so many drafts', async () => {
    await put()
    for (let n = 0; n < LIMITS.openRequestsMax; n++) await request({ contract: `d${n}` })
    expect(await refusedFields(() => request())).toBe('conflict')
    await world.desk.declineContract(BUYER, { id: 'd3' })
    await request()
  })

  test('for a share of the media price bills on win, and the discount is taken off its bounds too', async () => {
    const price = {
      kind: 'percent_media',
      amountMicros: 300_000,
      currency: 'EUR',
      floorMicros: 100_000,
      capMicros: 3_500_000,
    }
    await put({ price, discounts: { dsp: 1_000 } })
    const { value } = await request()
    expect(value).toMatchObject({
      billOn: 'win',
      price: { amountMicros: 270_000, floorMicros: 90_000, capMicros: 3_150_000 },
    })
  })

  test('becomes a contract that a side cannot move beyond the offer, and an operator of the exchange can', async () => {
    await put({ discounts: { dsp: 1_000 } })
    const { value } = await request({ contract: 'mine' })
    const write = (more: object, actor: Actor) =>
      world.desk.putContract(actor, { id: 'mine', body: { ...value, ...more } })
    const cheap = { price: { ...value.price, amountMicros: 1 } }
    expect(await refusedFields(() => write(cheap, SELLER))).toBe('unprocessable price')
    expect(await refusedFields(() => write({ regions: [] }, SELLER))).toBe('unprocessable regions')
    expect((await write({ seats: ['s1'] }, SELLER)).value.version).toBe(2)
    expect((await write({ ...cheap, status: 'active' }, OPERATOR)).value.status).toBe('active')
    expect(await refusedFields(() => write({ offer: 'gone' }, OPERATOR))).toBe(
      'unprocessable offer',
    )
  })
})
