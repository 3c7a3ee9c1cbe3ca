import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Actor, contractBody, OPERATOR, refusedFields, World } from './world.ts'

const SELLER: Actor = { operator: false, partner: 'dmp' }
const BUYER: Actor = { operator: false, partner: 'pub' }

let world: World
beforeEach(async () => {
  world = await World.open()
  for (const id of ['dmp', 'pub', 'ssp', 'dsp', 'rival']) await world.partner(id)
  for (const id of ['cars', 'boats']) await world.segment(id, 'dmp')
  await world.segment('readers', 'pub')
  await contract('c', {})
})
afterEach(() => world.close())

const contract = (id: string, more: object) =>
  world.contract(id, { ...contractBody(), buyer: 'pub', segments: ['cars', 'boats'], ...more })
const deal = (id: string, audience: object, more: object = {}) =>
  world.deal(id, { seller: 'pub', exchange: 'ssp', audience, ...more })
const affected = (actor: Actor = BUYER) => world.desk.getAffected(actor, 'c')

test('deals whose audience rests on the contract are named, in whatever part of the rule', async () => {
  await deal('any', { any: ['boats', 'readers'] })
  await deal('none', { any: ['readers'], none: ['cars'] })
  await deal('own', { all: ['readers'] })
  await world.deal('theirs', { seller: 'dmp', exchange: 'ssp', audience: { any: ['cars'] } })
  expect(affected().deals.map(({ deal, segments }) => [deal, segments])).toEqual([
    ['any', ['boats']],
    ['none', ['cars']],
  ])
})

test('what another contract in force gives as well is not lost', async () => {
  await deal('sea', { any: ['boats'] })
  await deal('both', { any: ['boats', 'cars'] })
  await contract('other', { segments: ['boats'] })
  await contract('paused', { segments: ['cars'], status: 'paused' })
  await contract('over', { segments: ['cars'], endsAt: '2026-01-02' })
  await contract('else', { segments: ['cars'], uses: ['modeling'] })
  expect(affected().segments).toEqual([
    { segment: 'boats', name: 'boats', otherwise: ['other'] },
    { segment: 'cars', name: 'cars', otherwise: [] },
  ])
  expect(affected().deals.map(({ deal, withheld }) => [deal, withheld])).toEqual([
    ['both', true],
    ['sea', false],
  ])
})

test('what it says of a deal is what becomes of it when the contract is revoked', async () => {
  await deal('sea', { any: ['boats'] })
  await deal('land', { any: ['cars'] })
  await contract('other', { segments: ['boats'] })
  const index = () => world.view('dsp').deals(world.exchange.catalog()!.partner('ssp')!.number)!
  const numbers = ['boats', 'cars'].map((id) => world.exchange.catalog()!.segment(id)!.number)
  const served = () =>
    numbers
      .flatMap((number) =>
        index()
          .under(number)
          .map(({ id }) => id),
      )
      .sort()
  expect(served()).toEqual(['land', 'sea'])
  const { deals } = affected()
  await world.desk.revokeContract(OPERATOR, { id: 'c' })
  expect(served()).toEqual(deals.filter(({ withheld }) => !withheld).map(({ deal }) => deal))
  expect(affected().deals).toEqual(deals)
})

test('a contract that gives nothing to bids carries no deals', async () => {
  await deal('sea', { any: ['boats'] })
  await contract('c', { uses: ['activation'] })
  expect(affected().deals).toEqual([])
})

test('the seller learns of the buyer’s deals only how many there are, but of those that name it', async () => {
  await deal('sea', { any: ['boats'] })
  await deal('shown', { any: ['boats'] }, { buyers: ['dmp'] })
  const { deals, otherDeals, segments } = affected(SELLER)
  expect([deals.map(({ deal }) => deal), otherDeals]).toEqual([['shown'], 1])
  expect(segments).toHaveLength(2)
  const rival = { operator: false, partner: 'rival' }
  expect(await refusedFields(() => affected(rival))).toBe('not_found')
})
