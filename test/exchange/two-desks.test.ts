import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CatalogFeed, openCatalogFeed } from '../../audience/store/catalog-feed.ts'
import { isBinding } from '../../exchange/desk/check-exclusive.ts'
import type { ExchangeDesk } from '../../exchange/desk/open-desk.ts'
import { type Exchange, openExchange } from '../../exchange/exchange.ts'
import { contractBody, OPERATOR, offerBody, World } from './world.ts'

// Two instances on one store each have a desk, and both decide at the same moment from what they have read.

let world: World
let feed: CatalogFeed
let other: Exchange
let desks: ExchangeDesk[]

beforeEach(async () => {
  world = await World.open()
  for (const id of ['dmp', 'dsp', 'rival', 'third']) await world.partner(id)
  for (const id of ['cars', 'boats']) await world.segment(id, 'dmp')
  feed = openCatalogFeed({ store: world.catalog, clock: world.clock, pollMs: 3_600_000 })
  await feed.poke()
  const log = { debug: () => {} }
  other = await openExchange({ feed, clock: world.clock, catalogStore: world.catalog, log })
  desks = [world.desk, other.desk]
})
afterEach(async () => {
  await other.close()
  await feed.close()
  await world.close()
})

const exclusive = { exclusive: { until: '2026-12-01' } }
const put = (desk: ExchangeDesk, id: string, more: object) =>
  desk.putContract(OPERATOR, { id, body: contractBody(more) })

/** Which of what both desks do at once was done, and which refused with `conflict`. */
async function done(...verbs: Promise<unknown>[]): Promise<number> {
  const outcomes = await Promise.allSettled(verbs)
  for (const one of outcomes)
    if (one.status === 'rejected') expect(one.reason).toMatchObject({ word: 'conflict' })
  return outcomes.filter(({ status }) => status === 'fulfilled').length
}

async function inForce(): Promise<string[]> {
  await world.feed.poke()
  const contracts = [...world.feed.current()!.kind('contract').values()]
  return contracts.filter(({ value }) => isBinding(value as never)).map(({ id }) => id)
}

describe('of two desks that decide at the same moment', () => {
  test('one sells what is exclusive to both', async () => {
    const [here, there] = desks
    const both = [put(here!, 'a', exclusive), put(there!, 'b', { buyer: 'rival', ...exclusive })]
    expect(await done(...both)).toBe(1)
    expect(await inForce()).toHaveLength(1)
  })

  test('none sells beside what the other makes exclusive, whoever comes first', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const [first, second] = order.map((i) => desks[i]!)
      const id = String(order[0])
      const segments = [order[0] ? 'cars' : 'boats']
      const both = [
        put(first!, `alone${id}`, { segments, ...exclusive }),
        put(second!, `beside${id}`, { buyer: 'rival', segments }),
      ]
      expect(await done(...both)).toBe(1)
    }
    expect(await inForce()).toHaveLength(2)
  })

  test('none signs beside what the other promises a buyer in an offer', async () => {
    const [here, there] = desks
    const promise = offerBody({ regions: [], exclusive: { buyer: 'dsp', until: '2026-12-01' } })
    // The one or the other is further when it begins.
    for (let turns = 0; turns < 16; turns++) {
      const id = `c${turns}`
      await put(here!, id, { buyer: 'rival', status: 'draft' })
      await here!.signContract(OPERATOR, { id, body: { side: 'seller' } })
      const sign = async () => {
        for (let i = 0; i < turns; i++) await null
        await here!.signContract(OPERATOR, { id, body: { side: 'buyer' } })
      }
      expect(await done(there!.putOffer(OPERATOR, { id, body: promise }), sign())).toBe(1)
      if ((await inForce()).includes(id)) await here!.endContract(OPERATOR, { id })
      else await here!.deleteOffer(OPERATOR, { id })
    }
  })

  test('both sell what nobody has alone, many at once, and a catalog is applied beside them', async () => {
    const many = Array.from({ length: 40 }, (_, i) =>
      put(desks[i % 2]!, `c${i}`, { buyer: i % 3 ? 'rival' : 'dsp' }),
    )
    expect(await done(...many)).toBe(40)
    const files = { 'contracts/alone.json': contractBody({ segments: ['boats'], ...exclusive }) }
    const both = [
      desks[0]!.applyCatalog(OPERATOR, { files, prune: false, dryRun: false }),
      put(desks[1]!, 'beside', { buyer: 'rival', segments: ['boats'] }),
    ]
    expect(await done(...both)).toBe(1)
    const { written } = await desks[0]!.applyCatalog(OPERATOR, {
      files: { 'contracts/more.json': contractBody({ segments: ['cars'] }) },
      prune: false,
      dryRun: false,
    })
    expect(written.map(({ kind }) => kind)).toEqual(['contract'])
  })
})
