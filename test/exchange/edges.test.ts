import { afterEach, beforeEach, expect, test } from 'vitest'
import { contractBody, World } from './world.ts'

// Over whose edges may a segment be reached? (docs/decisions/0006.)

let world: World
beforeEach(async () => {
  world = await World.open()
  for (const id of ['dmp', 'graph', 'dsp', 'dsp2']) await world.partner(id)
  await world.segment('cars', 'dmp')
  await world.segment('nodes', 'graph')
})
afterEach(() => world.close())

const sells = (seller: string, buyer: string, more: object = {}) =>
  world.contract(`${seller}-${buyer}`, {
    ...contractBody({ seller, buyer, uses: ['bid_enrichment', 'identity'] }),
    segments: [seller === 'graph' ? 'nodes' : 'cars'],
    ...more,
  })

function shared(buyer: string, edgeOwner: string, segmentOwner: string, confirmed = true): boolean {
  const number = (id: string) =>
    id === 'exchange' ? 0 : world.exchange.catalog()!.partner(id)!.number
  return world.view(buyer, { confirmed }).edgeShared(number(edgeOwner), number(segmentOwner))
}

test('the exchange’s edges serve all, a partner’s own its own segments', () => {
  expect(shared('dsp', 'exchange', 'dmp')).toBe(true)
  expect(shared('dsp', 'dmp', 'dmp')).toBe(true)
  expect(shared('dsp', 'dsp', 'dsp')).toBe(true)
})

test('a contract for bid enrichment alone shares no edges', async () => {
  await sells('dmp', 'dsp', { uses: ['bid_enrichment'] })
  await sells('graph', 'dsp', { uses: ['bid_enrichment'] })
  expect(shared('dsp', 'dsp', 'dmp')).toBe(false)
  expect(shared('dsp', 'graph', 'dmp')).toBe(false)
})

test('identity sold to a buyer serves that buyer, and no other', async () => {
  await sells('graph', 'dsp')
  expect(shared('dsp', 'graph', 'dmp')).toBe(true)
  expect(shared('dsp2', 'graph', 'dmp')).toBe(false)
})

test('identity sold to a segment’s owner serves that owner’s segments for all', async () => {
  await sells('graph', 'dmp')
  expect(shared('dsp', 'graph', 'dmp')).toBe(true)
  expect(shared('dsp2', 'graph', 'dmp')).toBe(true)
  expect(shared('dsp', 'graph', 'dsp2')).toBe(false)
})

test('a buyer’s own edges reach a seller’s segments where the seller sells it identity', async () => {
  await sells('dmp', 'dsp')
  expect(shared('dsp', 'dsp', 'dmp')).toBe(true)
  expect(shared('dsp2', 'dsp', 'dmp')).toBe(false)
  expect(shared('dsp', 'dsp', 'graph')).toBe(false)
})

test('it ends with the contract, and while the catalog is not confirmed', async () => {
  await sells('graph', 'dsp')
  expect(shared('dsp', 'graph', 'dmp', false)).toBe(false)
  expect(shared('dsp', 'graph', 'dmp')).toBe(true)
  world.clock.nowMs = Date.parse('2027-01-01T00:00:00Z')
  expect(shared('dsp', 'graph', 'dmp')).toBe(false)
})
