import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { DAY_MS } from '../../audience/clock.ts'
import { unpackEvent } from '../../audience/events/collected-event.ts'
import { writeSightings } from '../../audience/events/write-sightings.ts'
import { type Collected, Collector } from '../../exchange/collect/collector.ts'
import { sweepHeld } from '../../exchange/collect/sweep-held.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { Cli } from './cli-support.ts'
import { ConsoleWorld } from './world.ts'

const SHOP = {
  ...{ name: 'Shop', kind: 'web', owner: 'dmp' },
  namespaces: { anonymousId: 'shop.anon', userId: 'shop.user' },
  properties: { 'properties.card': 'drop', 'properties.email': 'hash' },
}
const PLAN = {
  ...{ name: 'Shop events', owner: 'dmp', sources: ['shop'], mode: 'quarantine' },
  unplannedEvents: 'warn',
  events: {
    'Order Completed': {
      team: 'checkout',
      required: ['total', 'currency'],
      properties: {
        total: { type: 'number', minimum: 0 },
        currency: { enum: ['EUR', 'USD'] },
        products: {
          type: 'array',
          items: { type: 'object', properties: { sku: { type: 'string' } }, required: ['sku'] },
        },
      },
    },
    'Coupon Applied': { mode: 'block', additionalProperties: false, properties: { code: {} } },
    $identify: { mode: 'warn', properties: { plan: { type: 'string' } } },
  },
}
const ORDER = { total: 9.5, currency: 'EUR', products: [{ sku: 'S1' }] }
/** In no answer, no store and no log. */
const CANARIES = ['4111-canary', 'canary@mail.example', 'private-canary', 'canary-value']

const stores = {
  'the embedded store': async () => undefined,
  Redis: () => startRedisServer(),
}

describe.each(Object.entries(stores))('tracking plans over %s', (_, storeOf) => {
  let redis: Awaited<ReturnType<typeof storeOf>>
  let world: ConsoleWorld
  let key: string
  /** Two edge processes, as far as collecting goes. */
  let collectors: Collector[]
  beforeAll(async () => {
    redis = await storeOf()
    world = await ConsoleWorld.open(redis?.url)
    // What is queued here is looked at here.
    await world.events.close()
    for (const id of ['dmp', 'other']) await world.partner(id, { roles: ['data_provider'] })
    await put('sources/shop', SHOP)
    await put('traits/ordered', {
      ...{ name: 'Ordered', owner: 'dmp', ttlDays: 30 },
      when: 'event == "Order Completed"',
    })
    const { audience, clock } = world
    key = (await world.must('POST', '/api/sources/shop/keys', { body: {} })).key
    collectors = [1, 2].map(() => new Collector({ audience, clock }))
    await put('trackingplans/shop', PLAN)
  })
  afterAll(async () => {
    await world?.close()
    await redis?.stop()
  })
  beforeEach(() => queued())

  const put = (path: string, body: object) => world.must('PUT', `/api/${path}`, { body })

  async function collect(messages: object[], by = collectors[0]!): Promise<Collected> {
    await by.catchUp()
    const source = by.source(key)!
    const delivery = { type: undefined, sentAt: undefined, bytes: 0, permits: () => true }
    const typed = messages.map((one) => ({ type: 'track', anonymousId: 'a1', ...one }))
    return by.collect(source, { messages: typed, ...delivery })
  }

  async function queued() {
    const { events } = world.store
    const found = await events.read(1_000)
    await events.ack(found.map(({ id }) => id))
    return found.map(({ body }) => unpackEvent(body)!)
  }

  /** What both processes saw, as the desk shows it. */
  async function schema() {
    for (const { sightings } of collectors) {
      const writer = writeSightings({
        sightings,
        store: world.store.sightings,
        log: { error() {} },
      })
      await writer.close()
    }
    return world.must('GET', '/api/sources/shop/schema')
  }

  test('a message as planned counts; of others the plan’s mode decides, event by event', async () => {
    const { unplanned, faults } = await collect([
      { event: 'Order Completed', messageId: 'good', properties: ORDER },
      {
        event: 'Order Completed',
        messageId: 'bad',
        properties: { ...ORDER, total: 'canary-value' },
      },
      { event: 'Coupon Applied', properties: { code: 'x', extra: 1 } },
      { event: 'Nobody Knows', properties: {} },
      { type: 'identify', userId: 'u1', traits: { plan: 7 } },
    ])
    expect(faults).toEqual([])
    expect(unplanned).toEqual([
      {
        ...{ message: 1, mode: 'quarantine' },
        problems: [{ field: 'properties.total', reason: 'must be number' }],
      },
      {
        ...{ message: 2, mode: 'block' },
        problems: [{ field: 'properties.extra', reason: 'is not a known field' }],
      },
    ])
    expect((await queued()).map(({ messageId, about }) => [messageId, about.value])).toEqual([
      ['good', 'a1'],
      [expect.any(String), 'u1'],
    ])
  })

  test('what messages hold is shown by name and type, planned or not, over all processes', async () => {
    const odd = { total: 1, currency: 'EUR', coupon: 'canary-value', 'a@b.fr': 1 }
    await collect([{ event: 'Order Completed', properties: odd }])
    await collect([{ event: 'Order Completed', properties: odd }], collectors[1])
    const { plan, events, isFull } = await schema()
    expect({ plan, isFull }).toEqual({ plan: { id: 'shop', version: 1 }, isFull: false })
    const planned = events.map(({ event, planned }: { event: string; planned: boolean }) => [
      event,
      planned,
    ])
    expect(planned).toEqual([
      ['$identify', true],
      ['Coupon Applied', true],
      ['Nobody Knows', false],
      ['Order Completed', true],
    ])
    const order = events[3]
    expect(order).toMatchObject({ count: 4, outcomes: { quarantine: 1 } })
    expect(order.problems).toMatchObject([
      { field: 'properties.total', reason: 'must be number', count: 1 },
    ])
    const properties = order.properties.map(
      (one: { property: string; planned: boolean; types: object }) => [
        one.property,
        one.planned,
        one.types,
      ],
    )
    expect(properties).toEqual([
      ['(other).fr', false, { number: 2 }],
      ['coupon', false, { string: 2 }],
      ['currency', true, { string: 4 }],
      ['products.sku', true, { string: 2 }],
      ['total', true, { number: 3, string: 1 }],
    ])
    expect(events[2].outcomes).toEqual({ warn: 1 })
    expect(JSON.stringify(events)).not.toMatch(/canary|a@/)
  })

  test('what is put aside holds nothing that is dropped or private, and its list tells nothing of what it says', async () => {
    const properties = {
      ...{ total: 'canary-value', currency: 'EUR', card: { number: '4111-canary' } },
      ...{
        email: 'canary@mail.example',
        p_score: 'private-canary',
        products: [{ sku: 'S1', p_x: 'private-canary' }],
      },
    }
    await collect([{ event: 'Order Completed', messageId: 'aside', properties }])
    const held = await world.store.held.held('1.shop', '', 100)
    const kept = Buffer.from(held.at(-1)!.body).toString()
    for (const canary of CANARIES.slice(0, 3)) expect(kept).not.toContain(canary)
    expect(kept).toContain('canary-value')
    const { items, next } = await world.must('GET', '/api/sources/shop/quarantine')
    expect(next).toBeNull()
    expect(items.at(-1)).toMatchObject({
      ...{ type: 'track', event: 'Order Completed', plan: 'shop', planVersion: 1 },
      problems: [{ field: 'properties.total', reason: 'must be number' }],
    })
    for (const canary of CANARIES) expect(JSON.stringify(items)).not.toContain(canary)
    const event = { events: { 'ann@mail.example bought': { required: ['x'] } } }
    await put('trackingplans/shop', { ...PLAN, ...event })
    await collect([{ event: 'ann@mail.example bought', messageId: 'named', properties: {} }])
    await put('trackingplans/shop', PLAN)
    const listed = (await world.must('GET', '/api/sources/shop/quarantine')).items
    expect(listed.at(-1).event).toBe('(other)')
    const ids = { body: { ids: [listed.at(-1).id] } }
    await world.must('POST', '/api/sources/shop/quarantine/discard', ids)
    const stranger = await world.key('other', ['data'])
    for (const path of ['schema', 'quarantine']) {
      const got = await world.ask('GET', `/api/sources/shop/${path}`, { token: stranger })
      expect(got.status).toBe(404)
    }
  })

  test('is replayed once the plan is mended: what is as planned counts, once, the rest stays', async () => {
    await collect([
      { event: 'Order Completed', messageId: 'none', properties: { currency: 'EUR' } },
    ])
    const before = (await world.must('GET', '/api/sources/shop/quarantine')).items
    const again = await world.must('POST', '/api/sources/shop/quarantine/replay', {
      body: { all: true },
    })
    expect(again).toEqual({ replayed: 0, left: before.length })
    const events = structuredClone(PLAN.events)
    Object.assign(events['Order Completed'].properties.total, { type: ['number', 'string'] })
    const mended = await put('trackingplans/shop', { ...PLAN, events })
    expect(mended.version).toBe(4)
    expect((await put('trackingplans/shop', { ...PLAN, events })).version).toBe(4)
    const one = { ids: [before[0].id] }
    expect(await world.must('POST', '/api/sources/shop/quarantine/replay', { body: one })).toEqual({
      ...{ replayed: 1, left: 0 },
    })
    expect((await queued()).map(({ messageId, about }) => [messageId, about.value])).toEqual([
      ['bad', 'a1'],
    ])
    const rest = await world.must('POST', '/api/sources/shop/quarantine/replay', {
      body: { all: true },
    })
    expect(rest).toEqual({ replayed: 1, left: 1 })
    expect((await queued()).map(({ messageId }) => messageId)).toEqual(['aside'])
    const gone = await world.must('POST', '/api/sources/shop/quarantine/discard', {
      body: { all: true },
    })
    expect(gone).toEqual({ discarded: 1 })
    expect((await world.must('GET', '/api/sources/shop/quarantine')).items).toEqual([])
  })

  test('all of it over the command line, too', async () => {
    const cli = new Cli(world)
    const body = { ...PLAN, name: 'Over the command line' }
    const stdin = JSON.stringify(body)
    const put = await cli.run('trackingplan put shop -', { stdin })
    expect(JSON.parse(put.out)).toMatchObject({ name: 'Over the command line', version: 5 })
    await collect([{ event: 'Order Completed', messageId: 'cli', properties: {} }])
    const [listed] = (await cli.run('source quarantine list shop')).out.trim().split('\n')
    const { id, planVersion } = JSON.parse(listed!)
    expect(planVersion).toBe(5)
    const replayed = await cli.run(`source quarantine replay shop ${id}`)
    expect(JSON.parse(replayed.out)).toEqual({ replayed: 0, left: 1 })
    expect((await cli.run('source quarantine discard shop')).code).toBe(1)
    const discarded = await cli.run('source quarantine discard shop --all')
    expect(JSON.parse(discarded.out)).toEqual({ discarded: 1 })
    expect(JSON.parse((await cli.run('source schema shop')).out).plan.version).toBe(5)
  })

  test('goes with whom it is about, and never to another owner of the source’s name', async () => {
    await collect([{ event: 'Order Completed', anonymousId: 'gone', properties: {} }])
    await collect([{ event: 'Order Completed', anonymousId: 'stays', properties: {} }])
    const person = { source: 'shop.anon', uid: 'gone', reason: 'asked to be forgotten' }
    await world.must('POST', '/api/people/erase', { body: person })
    const rounds = sweepHeld({ audience: world.audience, log: { error() {} } })
    await rounds.poke()
    await rounds.stop()
    expect((await world.must('GET', '/api/sources/shop/quarantine')).items).toHaveLength(1)
    await world.must('DELETE', '/api/trackingplans/shop')
    await world.must('DELETE', '/api/sources/shop')
    const theirs = { ...SHOP, owner: 'other', namespaces: { anonymousId: 'theirs.anon' } }
    await put('sources/shop', theirs)
    expect((await world.must('GET', '/api/sources/shop/quarantine')).items).toEqual([])
    expect((await world.must('GET', '/api/sources/shop/schema')).events).toEqual([])
    await world.must('DELETE', '/api/sources/shop')
    await put('sources/shop', SHOP)
    key = (await world.must('POST', '/api/sources/shop/keys', { body: {} })).key
    await put('trackingplans/shop', PLAN)
    await world.must('POST', '/api/sources/shop/quarantine/discard', { body: { all: true } })
  })

  test('is gone after two weeks', async () => {
    await collect([{ event: 'Order Completed', properties: {} }])
    world.clock.aheadMs = 15 * DAY_MS
    expect((await world.must('GET', '/api/sources/shop/quarantine')).items).toEqual([])
    await world.store.held.sweep()
    world.clock.aheadMs = 0
    expect((await world.must('GET', '/api/sources/shop/quarantine')).items).toEqual([])
  })

  test('a plan is refused where it makes no sense, and stands in the catalog’s files', async () => {
    const refused: [object, number, string][] = [
      [{ ...PLAN, mode: 'shout' }, 400, 'mode'],
      [{ ...PLAN, sources: ['nowhere'] }, 422, 'sources'],
      [PLAN, 409, 'sources'],
      [
        { ...PLAN, sources: undefined, events: { x: { required: ['p_score'] } } },
        422,
        'events.x.required',
      ],
      [
        { ...PLAN, events: { x: { properties: { y: { pattern: '(a+)+' } } } } },
        400,
        'events.x.properties.y.pattern',
      ],
    ]
    for (const [body, status, field] of refused) {
      const got = await world.ask('PUT', '/api/trackingplans/second', { body })
      expect([got.status, got.body.errors[0].field]).toEqual([status, field])
    }
    expect((await world.ask('DELETE', '/api/sources/shop')).status).toBe(409)
    const { files } = await world.must('GET', '/api/catalog')
    expect(files['trackingplans/shop.json']).toMatchObject({ mode: 'quarantine' })
    const applied = await world.must('PUT', '/api/catalog?dryRun=true', { body: { files } })
    expect(applied).toMatchObject({ created: [], changed: [], deleted: [] })
  })
})
