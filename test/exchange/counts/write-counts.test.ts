import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Candidates } from '../../../audience/people/candidates.ts'
import type { TallyBatch } from '../../../audience/store/store.ts'
import { writeCounts } from '../../../exchange/counts/write-counts.ts'
import { RATE_LIMITS } from '../../../exchange/matchrates/limits.ts'
import { MatchCounts } from '../../../exchange/matchrates/match-counts.ts'
import { rateFieldName } from '../../../exchange/matchrates/measures.ts'
import { WoundClock } from '../../support/memory-store.ts'
import { MemoryTallies } from '../../support/memory-tallies.ts'

/** A store that fails when told to: before a batch is in, or after, so that only the answer is lost. */
class FailingTallies extends MemoryTallies {
  fails: 'no' | 'before' | 'after' = 'no'

  override async apply(batch: TallyBatch): Promise<void> {
    if (this.fails === 'before') throw new Error('away')
    await super.apply(batch)
    if (this.fails === 'after') throw new Error('the answer was lost')
  }
}

const partners = [1, 2, 3].map((number) => ({ number, namespace: 10 + number }))

async function totals(tallies: MemoryTallies): Promise<Record<string, number>> {
  const sums: Record<string, number> = {}
  for await (const { field, value } of tallies.read('0', '9'))
    sums[field] = (sums[field] ?? 0) + Number(value)
  return sums
}

const event = fc.record({
  process: fc.nat(1),
  partner: fc.nat(2),
  browser: fc.constantFrom(0, 1, 2, 3) as fc.Arbitrary<0 | 1 | 2 | 3>,
  what: fc.constantFrom('offered', 'matched') as fc.Arbitrary<'offered' | 'matched'>,
})
const step = fc.oneof(
  { weight: 6, arbitrary: event },
  { weight: 2, arbitrary: fc.constantFrom('write' as const, 'restart' as const) },
  { weight: 2, arbitrary: fc.constantFrom('no' as const, 'before' as const, 'after' as const) },
)

test('what several processes count is in the store once, however often it fails or they start again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const tallies = new FailingTallies()
      const clock = new WoundClock()
      const begin = (name: string) => {
        const counts = new MatchCounts()
        const log = { warn: () => {} }
        return { counts, writer: writeCounts({ counts: [counts], tallies, name, clock, log }) }
      }
      const processes = [begin('bid 1'), begin('edge')]
      const expected: Record<string, number> = {}
      for (const one of steps) {
        if (one === 'write') for (const { writer } of processes) await writer.poke()
        else if (one === 'restart') {
          // In good order: what is still to be written is written first.
          tallies.fails = 'no'
          await processes[0]!.writer.close()
          processes[0] = begin('bid 1')
        } else if (typeof one === 'string') tallies.fails = one
        else {
          const { number, namespace } = partners[one.partner]!
          processes[one.process]!.counts[one.what]({ number, namespace }, one.browser)
          const { what: measure, browser } = one
          const field = rateFieldName({ measure, partner: number, browser, namespace })
          expected[field] = (expected[field] ?? 0) + 1
        }
      }
      tallies.fails = 'no'
      for (const { writer } of processes) await writer.close()
      expect(await totals(tallies)).toEqual(expected)
    }),
    { numRuns: 200 },
  )
})

test('a bid counts once for each namespace it names an id of, and once for any', () => {
  const counts = new MatchCounts()
  const candidates = new Candidates()
  for (const [i, namespace] of [5, 7, 7].entries())
    candidates.add(Uint32Array.of(i, 1, 1, 1), 0, namespace)
  counts.bid(1, 2, candidates, 1)
  counts.bid(1, 2, candidates, -1)
  const told = counts.take().map(({ measure, namespace, count }) => [measure, namespace, count])
  expect(told.sort()).toEqual([
    ['found', 0, 1],
    ['found', 7, 1],
    ['named', 0, 2],
    ['named', 5, 2],
    ['named', 7, 2],
  ])
  expect(counts.take()).toEqual([])
})

test('more partners than its bound are not counted, which is; counted again they have their place', () => {
  const counts = new MatchCounts()
  for (let number = 1; number <= RATE_LIMITS.cellsMax + 3; number++)
    counts.offered({ number, namespace: number }, 1)
  expect(counts.uncounted()).toBe(3)
  expect(counts.take()).toHaveLength(RATE_LIMITS.cellsMax)
  counts.offered({ number: RATE_LIMITS.cellsMax + 1, namespace: 1 }, 1)
  expect(counts.take()).toHaveLength(1)
})
