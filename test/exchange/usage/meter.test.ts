import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SegmentUse } from '../../../exchange/buyer-view.ts'
import type { ContractRecord } from '../../../exchange/contract.ts'
import { LIMITS } from '../../../exchange/limits.ts'
import type { DeliveredRecord } from '../../../exchange/usage/ledger-record.ts'
import { cellOf, Meter } from '../../../exchange/usage/meter.ts'
import { MemoryLedger } from '../../support/memory-ledger.ts'
import { WoundClock } from '../world.ts'

let ledger: MemoryLedger
let meter: Meter
let clock: WoundClock
beforeEach(() => {
  ledger = new MemoryLedger()
  clock = new WoundClock()
  meter = new Meter(ledger, clock)
})
afterEach(() => meter.close())

const contract = (id: string, billOn = 'delivered') => ({
  id,
  terms: { version: 2, billOn } as ContractRecord,
  day: '2026-01-15',
})
const use = (segment: string, of = contract('sale')): SegmentUse => ({ segment, contract: of })

/** Units by contract and segment over all records. */
function units(): Record<string, number> {
  const all: Record<string, number> = {}
  for (const { lines } of ledger.records as DeliveredRecord[])
    for (const line of lines) {
      const name = `${line.contract}/${line.segment}${line.deal ? `/${line.deal}` : ''}`
      all[name] = (all[name] ?? 0) + line.units
    }
  return all
}

test('answers become units of each segment they carried, with version and day', async () => {
  const sale = contract('sale')
  const [a, b] = [use('a', sale), use('b', sale)]
  const [both, one] = [cellOf([a, b])!, cellOf([a])!]
  clock.nowMs = 1_000
  for (let i = 0; i < 3; i++) meter.count(both)
  clock.nowMs = 1_100
  meter.count(one)
  await meter.flush()
  const lines = [
    { contract: 'sale', version: 2, segment: 'a', day: '2026-01-15', units: 4 },
    { contract: 'sale', version: 2, segment: 'b', day: '2026-01-15', units: 3 },
  ]
  expect(ledger.records).toEqual([{ kind: 'delivered', fromMs: 1_000, toMs: 1_100, lines }])
  await meter.flush()
  expect(ledger.records).toHaveLength(1)
})

test('what bills on notice is not counted as delivered', () => {
  expect(
    cellOf([use('a', contract('c', 'win')), use('b', contract('d', 'billable'))]),
  ).toBeUndefined()
})

test('the use of a deal is told apart', async () => {
  meter.count(cellOf([use('a')])!)
  meter.count(cellOf([use('a')], 'deal-1')!)
  await meter.flush()
  expect(units()).toEqual({ 'sale/a': 1, 'sale/a/deal-1': 1 })
})

test('what could not be written is written with a later flush, once', async () => {
  const cell = cellOf([use('a')])!
  meter.count(cell)
  ledger.isFailing = true
  await meter.flush()
  meter.count(cell)
  await meter.flush()
  expect(ledger.records).toEqual([])
  ledger.isFailing = false
  await meter.flush()
  expect(units()).toEqual({ 'sale/a': 2 })
})

test('what the ledger keeps and writes later is not given to it twice', async () => {
  const cell = cellOf([use('a')])!
  meter.count(cell)
  ledger.isKeeping = true
  await meter.flush()
  ledger.isKeeping = false
  await meter.flush()
  expect(units()).toEqual({ 'sale/a': 1 })
})

test('counting goes on while a write is under way', async () => {
  const cell = cellOf([use('a')])!
  let letGo = () => {}
  ledger.held = new Promise((resolve) => {
    letGo = resolve
  })
  meter.count(cell)
  const flushing = meter.flush()
  meter.count(cell)
  letGo()
  await flushing
  expect(units()).toEqual({ 'sale/a': 1 })
  await meter.close()
  expect(units()).toEqual({ 'sale/a': 2 })
})

test('more kinds of answers than fit lose nothing', async () => {
  const a = use('a')
  for (let i = 0; i < LIMITS.meterCellsMax + 5; i++) meter.count(cellOf([a])!)
  await meter.flush()
  expect(units()).toEqual({ 'sale/a': LIMITS.meterCellsMax + 5 })
})

test('many lines make several records', async () => {
  const many = Array.from({ length: LIMITS.deliveredLinesMax + 1 }, (_, i) => use(`s${i}`))
  meter.count(cellOf(many)!)
  await meter.flush()
  expect((ledger.records as DeliveredRecord[]).map(({ lines }) => lines.length)).toEqual([
    LIMITS.deliveredLinesMax,
    1,
  ])
})

test('a process that ends has written its last counts', async () => {
  meter.count(cellOf([use('a')])!)
  await meter.close()
  expect(units()).toEqual({ 'sale/a': 1 })
})
