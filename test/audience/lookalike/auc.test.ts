import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aucOf } from '../../../audience/lookalike/auc.ts'
import { seeded } from '../../support/random.ts'

/** Every pair, one by one. */
function naiveAuc(positives: readonly number[], negatives: readonly number[]): number {
  let sum = 0
  for (const p of positives) for (const n of negatives) sum += p > n ? 1 : p === n ? 0.5 : 0
  return sum / (positives.length * negatives.length)
}

const scores = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 2, maxLength: 40 })

test('the area is the share of pairs in which the first is above, ties counting half', () => {
  fc.assert(
    fc.property(scores, scores, (positives, negatives) => {
      const found = aucOf(Float64Array.from(positives), Float64Array.from(negatives))!
      expect(found.auc).toBeCloseTo(naiveAuc(positives, negatives), 12)
      expect(found.low).toBeLessThanOrEqual(found.auc)
      expect(found.high).toBeGreaterThanOrEqual(found.auc)
    }),
  )
})

test('the interval holds the true area about 19 times in 20', () => {
  const next = seeded(7)
  let within = 0
  // Of two uniform distributions, one shifted by 0.3, the first is above with a chance of 1 − 0.7² / 2.
  const truth = 1 - 0.7 ** 2 / 2
  for (let trial = 0; trial < 400; trial++) {
    const positives = Float64Array.from({ length: 60 }, () => next() + 0.3)
    const negatives = Float64Array.from({ length: 80 }, () => next())
    const { low, high } = aucOf(positives, negatives)!
    if (low <= truth && truth <= high) within++
  }
  expect(within / 400).toBeGreaterThan(0.91)
  expect(within / 400).toBeLessThan(0.99)
})

test('fewer than two of either tell nothing', () => {
  expect(aucOf(Float64Array.of(1), Float64Array.of(1, 2))).toBe(undefined)
})
