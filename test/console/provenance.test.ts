import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS } from '../../audience/clock.ts'
import { Collector } from '../../exchange/collect/collector.ts'
import { type Body, ConsoleWorld, contractBody, fill } from './world.ts'

// dsp makes segments of its own shop's events, of a third party's feed, and of cars, which is dmp's. What it may use of
// dmp it may use under contract `model` (use modeling), the feed under contract `feed`.

let world: ConsoleWorld
let collector: Collector
const keys = new Map<string, string>()

beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  // First-party segments go to seats.
  await world.must('PUT', '/api/contracts/autumn', { body: contractBody({ seats: ['s1'] }) })
  await world.must('PUT', '/api/segments/cars', {
    body: { name: 'Cars', owner: 'dmp', provenance: 'first_party', ttlDays: 30 },
  })
  for (const [id, provenance] of [
    ['shop', 'first_party'],
    ['ads', 'campaign'],
  ])
    await source(id!, { provenance })
  const { audience, clock } = world
  collector = new Collector({ audience, clock })
})
afterAll(() => world.close())

const NAMESPACES = { anonymousId: 'dsp.anon', userId: 'dsp.user' }
const sourceBody = (more: object) => ({
  ...{ name: 'A source', kind: 'server', owner: 'dsp', namespaces: NAMESPACES },
  ...more,
})

async function source(id: string, more: object): Promise<void> {
  await world.must('PUT', `/api/sources/${id}`, { body: sourceBody(more) })
  keys.set(id, (await world.must('POST', `/api/sources/${id}/keys`, { body: {} })).key)
}

const traitBody = (event: string, more: object = {}) => ({
  ...{ name: event, owner: 'dsp', when: `event == "${event}"`, ttlDays: 30 },
  ...more,
})
const segmentBody = (rule: string, more: object = {}) => ({
  ...{ name: rule, owner: 'dsp', provenance: 'first_party', ttlDays: 30, rule },
  ...more,
})

function contract(id: string, more: object = {}) {
  const free = { price: { kind: 'free' }, seats: ['s1'] }
  const terms = { uses: ['modeling'], ...free, status: 'active' }
  return world.must('PUT', `/api/contracts/${id}`, { body: contractBody({ ...terms, ...more }) })
}

async function refusal(path: string, body: object): Promise<string> {
  const got = await world.ask('PUT', path, { body })
  const [error] = got.body.errors ?? []
  return `${got.status} ${error?.field}: ${error?.reason}`
}

/** One event of a visitor, as a source sends it. */
async function send(from: string, event: string, anonymousId: string): Promise<void> {
  await world.audience.feed.poke()
  const found = collector.source(keys.get(from)!)!
  const message = { type: 'track', event, anonymousId }
  const permits = () => collector.mayCollect(found)
  const delivery = { messages: [message], type: undefined, sentAt: undefined, bytes: 0, permits }
  await collector.collect(found, delivery)
  await settled()
}

async function settled(): Promise<void> {
  await world.audience.poke()
  await world.events.poke()
  await world.events.fill()
}

async function segmentsOf(uid: string, namespace = 'dsp.anon'): Promise<string[]> {
  const held = await world.memberships(namespace, uid)
  return held === '' ? [] : held.split(' ').map((one) => one.split(':')[0]!)
}

/** Whether a bid of a buyer would carry a segment of somebody who is in it. */
function isGiven(segment: string, buyer = 'dsp'): boolean {
  const catalog = world.exchange.catalog()!
  const { number } = catalog.partner(buyer)!
  const view = catalog.viewFor(number, 0, world.clock.now(), 'all')
  return view.entitlement(catalog.segment(segment)!.number) !== undefined
}

describe('a source', () => {
  test('of a third party names the live contract it collects under, and no other source does', async () => {
    const put = (more: object) => refusal('/api/sources/feed', sourceBody(more))
    const third = { provenance: 'third_party' }
    expect(await put(third)).toBe('422 contract: is required of a third party’s source')
    expect(await put({ contract: 'autumn' })).toContain(
      'belongs to a source of provenance third_party',
    )
    expect(await put({ ...third, contract: 'gone' })).toBe(
      '422 contract: dsp buys under no contract gone',
    )
    expect(await put({ ...third, contract: 'autumn' })).toBe(
      '422 contract: contract autumn has no use modeling',
    )
    await contract('feed', { segments: ['boats'], status: 'paused' })
    expect(await put({ ...third, contract: 'feed' })).toContain(
      'contract feed is not live: it is paused',
    )
    await contract('feed', { segments: ['boats'] })
    await source('feed', { ...third, contract: 'feed' })
    expect(await put({ provenance: 'campaign' })).toBe(
      '409 provenance: is fixed when a source is made: make another',
    )
  })
})

describe('a trait', () => {
  test('is what its source is, unless it is said to be weaker', async () => {
    const put = (id: string, more: object) =>
      world.must('PUT', `/api/traits/${id}`, { body: traitBody(id, more) })
    expect((await put('seen', {})).provenance).toBe('first_party')
    expect((await put('clicked', { source: 'ads' })).provenance).toBe('campaign')
    expect((await put('bought', { source: 'feed' })).provenance).toBe('third_party')
    expect((await put('told', { provenance: 'second_party' })).provenance).toBe('second_party')
    const listed = (await world.must('GET', '/api/traits')).items
    expect(listed.map(({ id, provenance }: Body) => `${id} ${provenance}`)).toEqual([
      'bought third_party',
      'clicked campaign',
      'seen first_party',
      'told second_party',
    ])
  })

  test('is never stronger than what it sees, and of a third party only by its source', async () => {
    const put = (more: object) => refusal('/api/traits/odd', traitBody('odd', more))
    expect(await put({ source: 'ads', provenance: 'first_party' })).toBe(
      '422 provenance: is campaign at best: that is what ads is',
    )
    expect(await put({ provenance: 'third_party' })).toContain('422 source')
    expect(await put({ source: 'nowhere' })).toBe('422 source: dsp has no source nowhere')
    const got = await world.ask('DELETE', '/api/sources/ads')
    expect([got.status, got.body.errors[0].reason]).toEqual([
      409,
      'trait clicked still rests on it',
    ])
  })

  test('sees the events of its source alone, else of those as strong as it is', async () => {
    await world.must('PUT', '/api/traits/any', { body: traitBody('Any') })
    await world.must('PUT', '/api/traits/weak', {
      body: traitBody('Any', { provenance: 'campaign' }),
    })
    await world.must('PUT', '/api/traits/third', { body: traitBody('Any', { source: 'feed' }) })
    for (const trait of ['any', 'weak', 'third'])
      await world.must('PUT', `/api/segments/of_${trait}`, { body: segmentBody(trait) })
    for (const from of ['shop', 'ads', 'feed']) await send(from, 'Any', `v-${from}`)
    expect(await segmentsOf('v-shop')).toEqual(['of_any', 'of_weak'])
    expect(await segmentsOf('v-ads')).toEqual(['of_weak'])
    expect(await segmentsOf('v-feed')).toEqual(['of_third'])
  })
})

describe('a rule', () => {
  const rule = 'seen AND SEGMENT(cars)'
  const segment = '/api/segments/drivers'

  test('asks for another owner’s segment only under a live contract with use modeling', async () => {
    const none = '422 rule: dsp has no segment cars, nor a live contract with use modeling for it'
    expect(await refusal(segment, segmentBody(rule))).toBe(none)
    await contract('model', { status: 'paused' })
    expect(await refusal(segment, segmentBody(rule))).toBe(none)
    await contract('model', { uses: ['bid_enrichment', 'overlap'] })
    expect(await refusal(segment, segmentBody(rule))).toBe(none)
    await contract('model')
    expect(await refusal(segment, segmentBody('SEGMENT(cars) SINCE <= 5D AND seen'))).toContain(
      'since when somebody is in it is not told',
    )
    await world.must('PUT', segment, { body: segmentBody(rule) })
    await world.must('PUT', '/api/segments/walkers', {
      body: segmentBody('seen AND NOT SEGMENT(cars)'),
    })
    await world.must('PUT', '/api/segments/above', { body: segmentBody('SEGMENT(drivers)') })
  })

  test('holds over matches of the exchange, and not over the owner’s own', async () => {
    await world.import('memberships', [{ source: 'dmp', uid: 'd1', add: ['cars'] }])
    await world.import('matches', [
      { source: 'dmp', uid: 'd1', with: { source: 'dsp.anon', uid: 'a1' } },
    ])
    await send('shop', 'seen', 'a1')
    await send('shop', 'seen', 'a2')
    expect(await segmentsOf('a1')).toEqual(expect.arrayContaining(['drivers', 'above']))
    expect(await segmentsOf('a2')).toEqual(['walkers'])
    const token = await world.key('dsp', ['data'])
    const device = '6D92078A-8246-4BA4-AE5B-76104861E7DC'
    const match = [{ source: 'dsp.anon', uid: 'a3', with: { source: 'ifa', uid: device } }]
    await world.import('memberships', [{ source: 'ifa', uid: device, add: ['cars'] }])
    expect((await world.import('matches', match, { token })).body).toMatchObject({ accepted: 1 })
    await send('shop', 'seen', 'a3')
    expect(await segmentsOf('a3')).toEqual(['walkers'])
    await world.import('matches', match)
    await settled()
    expect(await segmentsOf('a3')).toEqual(expect.arrayContaining(['drivers', 'above']))
  })

  test('ends with the contract: at once in bids, then in the store, also where it asks that somebody is not in it', async () => {
    expect(['drivers', 'walkers', 'above'].map((id) => isGiven(id))).toEqual([true, true, true])
    await world.must('POST', '/api/contracts/model/revoke', { body: {} })
    expect(['drivers', 'walkers', 'above'].map((id) => isGiven(id))).toEqual([false, false, false])
    await settled()
    expect(await segmentsOf('a1')).toEqual([])
    expect(await segmentsOf('a2')).toEqual([])
    expect(await refusal('/api/segments/fresh', segmentBody(rule))).toContain('nor a live contract')
    // What asked for it before may be changed otherwise.
    await world.must('PUT', segment, { body: segmentBody(rule, { name: 'Drivers' }) })
  })

  test('holds again under another contract, until its last day', async () => {
    const now = world.clock.now()
    const endsAt = new Date(now + 40 * DAY_MS).toISOString()
    await contract('model2', {
      startsAt: new Date(now - DAY_MS).toISOString(),
      endsAt,
    })
    await settled()
    expect(await segmentsOf('a1')).toEqual(expect.arrayContaining(['drivers', 'above']))
    expect(isGiven('drivers')).toBe(true)
    const until = Date.parse(endsAt)
    const view = world.exchange.catalog()!
    const at = (ms: number) =>
      view
        .viewFor(view.partner('dsp')!.number, 0, ms, 'all')
        .entitlement(view.segment('drivers')!.number)
    expect([at(until - 1) !== undefined, at(until) !== undefined]).toEqual([true, false])
    expect(await refusal('/api/segments/drivers', segmentBody(rule, { ttlDays: 42 }))).toBe(
      '422 ttlDays: is at most 41: so many days is segment cars licensed for',
    )
  })

  test('is for its owner’s own use: what is made of others’ segments is not for sale', async () => {
    const body = { seller: 'dsp', buyer: 'ssp', segments: ['drivers'], seats: ['s1'] }
    expect(await refusal('/api/contracts/resale', contractBody(body))).toContain(
      'drivers is made of segments of others, which are not for sale',
    )
    await world.must('PUT', '/api/contracts/sold', {
      body: contractBody({ ...body, segments: ['of_any'], status: 'active' }),
    })
    expect(await refusal('/api/segments/of_any', segmentBody(rule))).toContain(
      'contract sold sells of_any',
    )
  })
})

describe('what a third party’s source brought', () => {
  test('waits while the contract is paused, and is forgotten with it', async () => {
    await send('feed', 'Any', 'p1')
    expect(await segmentsOf('p1')).toEqual(['of_third'])
    await world.must('POST', '/api/contracts/feed/pause', { body: {} })
    expect(isGiven('of_third')).toBe(false)
    await settled()
    expect(await segmentsOf('p1')).toEqual([])
    await send('feed', 'Any', 'p2')
    await world.must('POST', '/api/contracts/feed/resume', { body: {} })
    await settled()
    expect(await segmentsOf('p1')).toEqual(['of_third'])
    expect(await segmentsOf('p2')).toEqual([])
    await world.must('POST', '/api/contracts/feed/revoke', { body: {} })
    await settled()
    const { number } = world.audience.feed.current()!.kind('namespace').get('dsp.anon')!.value as {
      number: number
    }
    const key = world.audience.userKeys()!.of(number, 'p1')
    expect((await world.store.histories.read([key]))[0]!.length).toBe(0)
  })
})

test('reach, label and lookup show the weakest of what a segment is made of', async () => {
  const { segments } = await world.must(
    'GET',
    '/api/reach?segments=of_any,of_weak,of_third,drivers,cars',
  )
  expect(segments.map(({ segment, provenance }: Body) => [segment, provenance])).toEqual([
    ['of_any', 'first_party'],
    ['of_weak', 'campaign'],
    ['of_third', 'third_party'],
    ['drivers', 'second_party'],
    ['cars', 'first_party'],
  ])
  expect((await world.must('GET', '/api/segments/of_third/label')).provenance).toBe('third_party')
  const body = { source: 'dsp.anon', uid: 'a1', reason: 'asked by the person' }
  const report = await world.must('POST', '/api/people/lookup', { body })
  expect(report.segments).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ segment: 'drivers', provenance: 'second_party', isDormant: false }),
    ]),
  )
})

test('all of it goes through the catalog’s files and back', async () => {
  const { files } = await world.must('GET', '/api/catalog')
  const applied = await world.must('PUT', '/api/catalog?dryRun=true', { body: { files } })
  expect(applied).toMatchObject({ created: [], changed: [], deleted: [] })
})

test('no request failed', () => expect(world.errors).toEqual([]))
