import { afterEach, beforeEach, expect, test } from 'vitest'
import { OPERATOR, refusal, refusedFields, World } from './world.ts'

let world: World
beforeEach(async () => {
  world = await World.open()
  for (const id of ['dmp', 'ssp', 'ssp2']) await world.partner(id)
  for (const id of ['cars', 'boats']) await world.segment(id, 'dmp')
})
afterEach(() => world.close())

const put = (id: string, more: object) =>
  world.desk.putDeal(OPERATOR, {
    id,
    body: { name: 'D', seller: 'dmp', exchange: 'ssp', ...more },
  })

test('a deal that makes no sense is refused with every field at fault', async () => {
  const cases: [string, object][] = [
    ['unprocessable bidfloor', { at: 3 }],
    ['unprocessable audience.all.0', { audience: { all: ['cars'], none: ['cars'] } }],
    ['unprocessable audience.any', { audience: { any: ['cars'], none: ['cars', 'boats'] } }],
    ['unprocessable audience.none', { audience: { any: [], none: ['cars'] } }],
    ['unprocessable audience.none.0 audience.none', { audience: { none: ['gone'] } }],
    ['invalid timeZone', { timeZone: 'Europe/Pari' }],
    ['invalid startsAt endsAt', { startsAt: '2026-02-30', endsAt: '2026-13-01' }],
    ['invalid regions.0', { regions: ['XX'] }],
    ['invalid dealId', { dealId: 'two words' }],
    ['invalid at', { at: 4 }],
    ['invalid bidfloorcur', { bidfloorcur: 'euro' }],
    ['invalid wadomain.0', { wadomain: ['https://shoes.example'] }],
  ]
  for (const [refused, more] of cases)
    expect(await refusedFields(() => put('d', more))).toBe(refused)
})

test('of two dates in one zone, the hour that a change of clocks skips makes no order wrong', async () => {
  const zone = { timeZone: 'Europe/Paris' }
  const skipped = { startsAt: '2026-03-29T02:30:00', endsAt: '2026-03-29T03:30:00' }
  expect(await refusedFields(() => put('d', { ...zone, ...skipped }))).toBe('unprocessable endsAt')
  await put('d', { ...zone, ...skipped, endsAt: '2026-03-29T03:30:01' })
})

test('an exchange knows a deal by one name: two of it may not share one', async () => {
  await put('pm-1', {})
  await put('other', { dealId: 'PM-2' })
  expect(await refusedFields(() => put('third', { dealId: 'pm-1' }))).toBe('conflict dealId')
  expect(await refusedFields(() => put('third', { dealId: 'PM-2' }))).toBe('conflict dealId')
  await put('pm-2', {})
  await put('third', { dealId: 'PM-2', exchange: 'ssp2' })
  expect(await refusedFields(() => put('third', { dealId: 'PM-2', exchange: 'ssp' }))).toBe(
    'conflict dealId',
  )
  await put('other', { dealId: 'PM-2', name: 'the same deal again' })
  const taken = await refusal(() => put('fourth', { dealId: 'PM-2' }))
  expect(taken.problems[0]!.reason).toBe('another deal of ssp is called PM-2')
})
