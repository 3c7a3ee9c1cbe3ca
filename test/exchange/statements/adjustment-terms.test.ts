import { afterAll, beforeAll, expect, test } from 'vitest'
import { adjustStatement } from '../../../exchange/desk/adjustments.ts'
import { closeStatements } from '../../../exchange/desk/close-statements.ts'
import { adjustLateUsage } from '../../../exchange/desk/late-usage.ts'
import type { UsageDeps } from '../../../exchange/desk/usage-deps.ts'
import type { NoticeRecord } from '../../../exchange/usage/ledger-record.ts'
import { tallyEntriesOf } from '../../../exchange/usage/tally-entries.ts'
import { usageTerms } from '../../../exchange/usage/usage-terms.ts'
import { MemoryTallies } from '../../support/memory-tallies.ts'
import { notice } from '../usage/usage-world.ts'
import { OPERATOR, World } from '../world.ts'

let world: World
let deps: UsageDeps
const tallies = new MemoryTallies()

beforeAll(async () => {
  world = await World.open()
  await world.partner('dmp')
  await world.partner('dsp')
  await world.segment('cars', 'dmp')
  await world.contract('c', { platformFeeBps: 1_000 })
  deps = {
    ...world.exchange.deskDeps,
    tallies,
    append: async () => {},
    populations: async () => new Map(),
  }
})
afterAll(() => world.close())

const carried = [{ contract: 'c', version: 1, segments: ['cars'] }]

async function bill(more: Partial<NoticeRecord>): Promise<void> {
  const terms = usageTerms(world.feed.current()!)
  await tallies.enter(tallyEntriesOf(notice({ carried, ...more }), terms))
}

test('a credit for a closed month is divided by the terms of that month, whatever was agreed since', async () => {
  await bill({ imp: '1' })
  world.clock.nowMs = Date.UTC(2026, 11, 20)
  await closeStatements(deps, OPERATOR, { period: '2026-11', body: {} })
  await world.contract('c', { platformFeeBps: 2_500 })
  const credit = { contract: 'c', segment: 'cars', amountMicros: -1_000, currency: 'EUR' }
  const { value } = await adjustStatement(deps, OPERATOR, {
    period: '2026-11',
    body: { id: 'credit', ...credit, reason: 'agreed by mail' },
  })
  expect(value).toMatchObject({
    version: 1,
    day: '2026-12-20',
    feeBps: 1_000,
    feeMicros: -100,
    payoutMicros: -900,
  })
})

test('late usage is adjusted, whatever names operators gave to adjustments of theirs', async () => {
  const credit = { contract: 'c', amountMicros: -1, currency: 'EUR', reason: 'agreed by mail' }
  for (const id of ['late-1', 'late-7', 'late-x'])
    await adjustStatement(deps, OPERATOR, { period: '2026-11', body: { id, ...credit } })
  await bill({ imp: '2' })
  expect(await adjustLateUsage(deps, '2026-11')).toBe(1)
  await bill({ imp: '3' })
  expect(await adjustLateUsage(deps, '2026-11')).toBe(1)
  expect(await adjustLateUsage(deps, '2026-11')).toBe(0)
})
