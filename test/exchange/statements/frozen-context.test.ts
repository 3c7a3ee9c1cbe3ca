import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeStatements } from '../../../exchange/desk/close-statements.ts'
import { adjustLateUsage } from '../../../exchange/desk/late-usage.ts'
import { getStatements } from '../../../exchange/desk/statements.ts'
import type { UsageDeps } from '../../../exchange/desk/usage-deps.ts'
import type { NoticeRecord } from '../../../exchange/usage/ledger-record.ts'
import { tallyEntriesOf } from '../../../exchange/usage/tally-entries.ts'
import { usageTerms } from '../../../exchange/usage/usage-terms.ts'
import { MemoryTallies } from '../../support/memory-tallies.ts'
import { notice } from '../usage/usage-world.ts'
import { OPERATOR, World } from '../world.ts'

let world: World
const tallies = new MemoryTallies()
const people = new Map([
  ['cars', 60n],
  ['vans', 40n],
  ['bikes', 100n],
])
let deps: UsageDeps

beforeAll(async () => {
  world = await World.open()
  await world.partner('dmp')
  await world.partner('dsp')
  for (const id of ['cars', 'vans', 'bikes']) await world.segment(id, 'dmp')
  await world.contract('c', { segments: ['cars', 'vans', 'bikes'], attribution: 'by_population' })
  deps = {
    ...world.exchange.deskDeps,
    tallies,
    append: async () => {},
    populations: async (segments) =>
      new Map([...segments].map((segment) => [segment, people.get(segment) ?? 0n])),
  }
})
afterAll(() => world.close())

async function bill(imps: readonly string[], segments = ['cars', 'vans']): Promise<void> {
  const terms = usageTerms(world.feed.current()!)
  const carried = [{ contract: 'c', version: 1, segments }]
  const notices = imps.map((imp): NoticeRecord => notice({ imp, carried }))
  await tallies.enter(notices.flatMap((one) => tallyEntriesOf(one, terms)))
}

async function shown(): Promise<string[]> {
  const { items, adjustments } = await getStatements(deps, OPERATOR, { period: '2026-11' })
  return [...items, ...adjustments].map(({ segment, units }) => `${segment} ${units}`)
}

test('a closed statement is divided by the people there were, however segments grow; late usage too', async () => {
  await bill(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'])
  world.clock.nowMs = Date.UTC(2026, 11, 20)
  await closeStatements(deps, OPERATOR, { period: '2026-11', body: {} })
  expect(await shown()).toEqual(['cars 6', 'vans 4'])
  people.set('vans', 4_000n)
  expect(await adjustLateUsage(deps, '2026-11')).toBe(0)
  await bill(['11', '12', '13', '14', '15'])
  expect(await adjustLateUsage(deps, '2026-11')).toBe(2)
  expect(await adjustLateUsage(deps, '2026-11')).toBe(0)
  expect(await shown()).toEqual(['cars 6', 'vans 4', 'cars 3', 'vans 2'])
})

test('late usage of a segment that nobody used before is divided once, however it grows afterwards', async () => {
  await bill(['16', '17', '18', '19'], ['cars', 'vans', 'bikes'])
  expect(await adjustLateUsage(deps, '2026-11')).toBe(3)
  const before = await shown()
  people.set('bikes', 9_000n)
  expect(await adjustLateUsage(deps, '2026-11')).toBe(0)
  expect(await shown()).toEqual(before)
})
