import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cli } from './cli-support.ts'
import { ConsoleWorld } from './world.ts'

let world: ConsoleWorld
const HOUR_MS = 3_600_000
const TRAITS = { viewed: 'View', carted: 'Cart', bought: 'Buy' }

beforeAll(async () => {
  world = await ConsoleWorld.open()
  for (const id of ['dmp', 'other']) await world.partner(id, { roles: ['dmp'] })
  const namespaces = { anonymousId: 'shop.visitor', userId: 'shop.customer' }
  const source = { name: 'Shop', kind: 'web', owner: 'dmp', namespaces }
  await world.must('PUT', '/api/sources/shop', { body: source })
  const trait = (owner: string, event: string) => ({
    body: { name: event, owner, when: `event == "${event}"`, ttlDays: 90 },
  })
  for (const [id, event] of Object.entries(TRAITS))
    await world.must('PUT', `/api/traits/${id}`, trait('dmp', event))
  await world.must('PUT', '/api/traits/foreign', trait('other', 'View'))
  // Who is one person over two ids views as a visitor and buys as a customer.
  await collect([
    ['v1', '', 'View', 50],
    ['v1', 'c1', 'Cart', 49],
    ['', 'c1', 'Buy', 1],
    ['v2', '', 'View', 10],
    ['v2', '', 'Cart', 9],
    ['v3', '', 'Cart', 10],
    ['v3', '', 'View', 9],
    ['v4', '', 'View', 24 * 40],
    ['v4', '', 'Cart', 24 * 40 - 1],
  ])
})
afterAll(() => world.close())

async function collect(rows: readonly [string, string, string, number][]): Promise<void> {
  const lines = rows.map(([anonymousId, userId, event, hoursAgo]) =>
    [anonymousId, userId, event, world.clock.now() - hoursAgo * HOUR_MS].join(','),
  )
  const raw = ['anonymousId,userId,event,timestamp', ...lines].join('\n')
  const headers = { 'content-type': 'text/csv' }
  const { accepted } = await world.must('POST', '/api/events?source=shop', { raw, headers })
  expect(accepted).toBe(rows.length)
  await world.events.poke()
}

const counts = async (query: string, token?: string) => {
  const asked = token === undefined ? {} : { token }
  const { steps } = await world.must('GET', `/api/funnels?steps=${query}`, asked)
  return steps.map(({ people }: { people: { count: number } }) => people.count)
}

describe('a funnel', () => {
  test('counts people as far as they came, in order, whatever ids they came under', async () => {
    const funnel = await world.must('GET', '/api/funnels?steps=viewed,carted,bought')
    expect(funnel).toMatchObject({ owner: 'dmp', isExact: true, within: null, step: 1 })
    expect(funnel.base).toEqual({ count: 4, low: 4, high: 4 })
    expect(funnel.steps).toMatchObject([
      { trait: 'viewed', people: { count: 3 }, ofFirst: { rate: 1 }, ofBefore: null },
      { trait: 'carted', people: { count: 2 }, ofFirst: { count: 2, of: 3 } },
      { trait: 'bought', people: { count: 1 }, ofFirst: { of: 3 }, ofBefore: { rate: 0.5 } },
    ])
    expect(await counts('carted,viewed')).toEqual([3, 1])
  })

  test('counts what follows in time, and what is of the period', async () => {
    expect(await counts('viewed,carted,bought&within=2H')).toEqual([3, 2, 0])
    expect(await counts('viewed,carted&days=60')).toEqual([4, 3])
  })

  test('is told of one’s own traits, in whole steps; of others nothing is known', async () => {
    const key = await world.key('dmp')
    expect(await counts('viewed,carted', key)).toEqual([0, 0])
    const refused = async (query: string, token?: string) => {
      const asked = token === undefined ? {} : { token }
      const { status, body } = await world.ask('GET', `/api/funnels?${query}`, asked)
      return [status, body.detail]
    }
    expect(await refused('steps=viewed,foreign', key)).toEqual([
      422,
      'steps: there is no trait foreign',
    ])
    expect(await refused('steps=viewed,foreign')).toEqual([
      422,
      expect.stringContaining('one owner'),
    ])
    expect(await refused('steps=viewed')).toEqual([400, expect.stringContaining('steps')])
    expect(await refused('steps=viewed,carted&within=9999D')).toEqual([
      400,
      expect.stringContaining('within'),
    ])
  })

  test('is asked for on the command line, too', async () => {
    const { code, out } = await new Cli(world).run('funnel viewed carted --within 2H --days 60')
    expect([code, JSON.parse(out).steps[1].people.count]).toEqual([0, 3])
  })
})
