import fc from 'fast-check'
import { expect, test } from 'vitest'
import { QUALITY_LIMITS } from '../../../exchange/quality/limits.ts'
import type { SourceTally } from '../../../exchange/quality/source-counts.ts'
import { type VisitSight, Visits, visitSight } from '../../../exchange/quality/visits.ts'

const MINUTE_MS = 60_000
const GAP_MS = QUALITY_LIMITS.visitGapMs

const sight = (visitor: string, atMs: number, more: Partial<VisitSight> = {}): VisitSight => ({
  ...{ visitor, atMs, isView: true, isConnected: false },
  ...more,
})

function counted(deliveries: readonly (readonly VisitSight[])[], visits = new Visits()) {
  const sum: Required<
    Pick<SourceTally, 'visits' | 'connectedVisits' | 'views' | 'connectedViews'>
  > = {
    ...{ visits: 0, connectedVisits: 0, views: 0, connectedViews: 0 },
  }
  for (const sights of deliveries) {
    const nowMs = Math.max(...sights.map(({ atMs }) => atMs))
    for (const [name, count] of Object.entries(visits.note('shop', sights, nowMs)))
      sum[name as keyof typeof sum] += count
  }
  return sum
}

/** Visits as one reads them off a list: cut where it is silent for longer than half an hour. */
function readOff(sights: readonly VisitSight[]) {
  const sum = { visits: 0, connectedVisits: 0, views: 0, connectedViews: 0 }
  for (const visitor of new Set(sights.map((one) => one.visitor))) {
    const own = sights.filter((one) => one.visitor === visitor).sort((a, b) => a.atMs - b.atMs)
    const starts = own.flatMap(({ atMs }, i) =>
      i === 0 || atMs - own[i - 1]!.atMs > GAP_MS ? [i] : [],
    )
    for (const [n, start] of starts.entries()) {
      const visit = own.slice(start, starts[n + 1])
      const views = visit.filter(({ isView }) => isView).length
      const isConnected = visit.some((one) => one.isConnected)
      sum.visits++
      sum.views += views
      if (isConnected) sum.connectedVisits++
      if (isConnected) sum.connectedViews += views
    }
  }
  return sum
}

const anySights = fc
  .array(
    fc.record({
      visitor: fc.constantFrom('1 a', '1 b', '2 c'),
      atMs: fc.integer({ min: 0, max: 600 }).map((minutes) => minutes * MINUTE_MS),
      isView: fc.boolean(),
      isConnected: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  .map((sights) => sights.sort((a, b) => a.atMs - b.atMs))

test('visits counted as messages come are those read off the whole list', () => {
  fc.assert(
    fc.property(anySights, fc.integer({ min: 1, max: 7 }), (sights, size) => {
      const deliveries = []
      for (let i = 0; i < sights.length; i += size) deliveries.push(sights.slice(i, i + size))
      expect(counted(deliveries)).toEqual(readOff(sights))
    }),
    { numRuns: 500 },
  )
})

test('thirty minutes to the millisecond are one visit, one more are two', () => {
  expect(counted([[sight('1 a', 0)], [sight('1 a', GAP_MS)]]).visits).toBe(1)
  expect(counted([[sight('1 a', 0)], [sight('1 a', GAP_MS + 1)]]).visits).toBe(2)
})

test('a message that comes late into a visit belongs to it, and what was before it is in none', () => {
  const late = counted([
    [sight('1 a', 5 * GAP_MS)],
    [sight('1 a', 4.5 * GAP_MS)],
    [sight('1 a', 0)],
  ])
  expect(late).toMatchObject({ visits: 1, views: 2 })
})

test('a sign-in ends no visit: the visitor stays the same', () => {
  const [visitor, customer] = [
    { namespace: 1, value: 'v' },
    { namespace: 2, value: 'c' },
  ]
  const event = { source: 's', owner: 1, messageId: 'm', atMs: 1, traits: [] }
  const of = (ids: { about: typeof visitor; sameAs?: typeof visitor }) =>
    visitSight({ ...event, ...ids }, { type: 'page', userId: 2 })
  expect(of({ about: visitor })).toMatchObject({ visitor: '1 v', isConnected: false })
  expect(of({ about: customer, sameAs: visitor })).toMatchObject({
    visitor: '1 v',
    isConnected: true,
  })
  expect(of({ about: customer })).toMatchObject({ visitor: '2 c', isConnected: true })
})

test('no more are told apart than the bound says, and those that are over make room', () => {
  const visits = new Visits()
  const many = Array.from({ length: QUALITY_LIMITS.visitsMax + 5 }, (_, i) => sight(`1 ${i}`, 0))
  expect(counted([many], visits).visits).toBe(QUALITY_LIMITS.visitsMax)
  expect(counted([[sight('1 new', 3 * GAP_MS)]], visits).visits).toBe(1)
})
