import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  attributeSet,
  type SetMember,
} from '../../../../exchange/usage/attribution/attribute-set.ts'
import { chargedLeaves } from '../../../../exchange/usage/attribution/charged-leaves.ts'
import {
  type Expression,
  isTrue,
  leavesOf,
} from '../../../../exchange/usage/attribution/expression.ts'
import {
  populationShares,
  WHOLE,
} from '../../../../exchange/usage/attribution/population-shares.ts'

/** Expressions over leaves 0, 1, 2 …, each of which stands once. */
const expressions: fc.Arbitrary<Expression<number>> = fc
  .letrec<{ shape: unknown; group: unknown[] }>((tie) => ({
    shape: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constant('leaf'),
      fc.record({ not: tie('shape') }),
      fc.record({ and: tie('group') }),
      fc.record({ or: tie('group') }),
    ),
    group: fc.array(tie('shape'), { minLength: 1, maxLength: 3 }),
  }))
  .shape.map((shape) => numbered(shape, { next: 0 }))
  .filter((expression) => leavesOf(expression).length <= 8)

const prices = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 8, maxLength: 8 })

// biome-ignore lint/suspicious/noExplicitAny: the shape of an expression without its leaves
function numbered(shape: any, counter: { next: number }): Expression<number> {
  if (shape === 'leaf') return { leaf: counter.next++ }
  if (shape.not) return { not: numbered(shape.not, counter) }
  const list = (shape.and ?? shape.or).map((one: unknown) => numbered(one, counter))
  return shape.and ? { and: list } : { or: list }
}

/** Every way in which the expression can be said to hold, as the leaves it then rests on. */
function waysToHold(expression: Expression<number>, person: ReadonlySet<number>): number[][] {
  if ('leaf' in expression) return person.has(expression.leaf) ? [[expression.leaf]] : []
  if ('not' in expression)
    return isTrue(expression.not, (leaf) => person.has(leaf)) ? [] : [leavesOf(expression.not)]
  if ('or' in expression) return expression.or.flatMap((one) => waysToHold(one, person))
  return expression.and.reduce<number[][]>(
    (ways, one) =>
      ways.flatMap((way) => waysToHold(one, person).map((other) => [...way, ...other])),
    [[]],
  )
}

function* people(count: number): Iterable<ReadonlySet<number>> {
  for (let bits = 0; bits < 2 ** count; bits++)
    yield new Set(Array.from({ length: count }, (_, i) => i).filter((i) => bits & (1 << i)))
}

test('by Xandr’s rule an impression is charged for the cheapest way in which the target holds', () => {
  fc.assert(
    fc.property(expressions, prices, (expression, priceOf) => {
      const cost = (leaves: readonly number[]) => leaves.reduce((sum, i) => sum + priceOf[i]!, 0)
      for (const person of people(leavesOf(expression).length)) {
        const ways = waysToHold(expression, person).map((way) => way.sort())
        const charged = chargedLeaves(expression, {
          holds: (leaf) => person.has(leaf),
          priceMicros: (leaf) => priceOf[leaf]!,
        }).sort()
        if (ways.length === 0) expect(charged).toEqual([])
        else {
          expect(ways).toContainEqual(charged)
          expect(cost(charged)).toBe(Math.min(...ways.map(cost)))
        }
      }
    }),
    { numRuns: 200 },
  )
})

/** By AAM's rule, in exact fractions: numerator and denominator of each leaf's part. */
function parts(
  expression: Expression<number>,
  size: (one: Expression<number>) => bigint,
): Map<number, [bigint, bigint]> {
  const found = new Map<number, [bigint, bigint]>()
  const walk = (one: Expression<number>, [num, den]: [bigint, bigint]): void => {
    if ('leaf' in one) found.set(one.leaf, [num, den])
    else if ('not' in one) for (const leaf of leavesOf(one.not)) found.set(leaf, [num, den])
    else if ('and' in one) for (const part of one.and) walk(part, [num, den])
    else {
      const sum = one.or.map(size).reduce((a, b) => a + b, 0n)
      for (const part of one.or)
        walk(part, sum > 0n ? [num * size(part), den * sum] : [num, den * BigInt(one.or.length)])
    }
  }
  walk(expression, [1n, 1n])
  return found
}

test('by AAM’s rule every part is the fraction it should be, and an OR gives away no more and no less than it has', () => {
  fc.assert(
    fc.property(expressions, prices, (expression, sizes) => {
      const size = (one: Expression<number>) =>
        BigInt(leavesOf(one).reduce((sum, i) => sum + sizes[i]!, 0))
      const shares = populationShares(expression, size)
      const exact = parts(expression, size)
      expect([...shares.keys()].sort()).toEqual([...exact.keys()].sort())
      for (const [leaf, share] of shares) {
        const [num, den] = exact.get(leaf)!
        const off = share * den - num * WHOLE
        expect((off < 0n ? -off : off) <= 64n * den).toBe(true)
      }
      const alternatives = leavesOf(expression).map((leaf) => ({ leaf }))
      const all = [...populationShares({ or: alternatives }, size).values()]
      expect(all.reduce((a, b) => a + b, 0n)).toBe(WHOLE)
    }),
  )
})

describe('segments used together', () => {
  const member = (
    segment: string,
    priceMicros: number,
    population: bigint,
    category = segment,
  ) => ({
    segment,
    priceMicros,
    population,
    category,
  })
  const cars = member('cars', 300, 60n, 'auto')
  const vans = member('vans', 200, 40n, 'auto')
  const golf = member('golf', 500, 100n)
  const all = [cars, vans, golf]
  const shown = (shares: ReadonlyMap<SetMember, bigint>) =>
    [...shares].map(([{ segment }, share]) => `${segment} ${(share * 1000n + WHOLE / 2n) / WHOLE}`)

  test('are alternatives without a deal', () => {
    expect(shown(attributeSet(all, 'used_all'))).toEqual(['cars 1000', 'vans 1000', 'golf 1000'])
    expect(shown(attributeSet(all, 'used_lowest'))).toEqual(['vans 1000'])
    expect(shown(attributeSet(all, 'used_highest'))).toEqual(['golf 1000'])
    expect(shown(attributeSet(all, 'used_sum_by_category'))).toEqual(['cars 1000', 'golf 1000'])
    expect(shown(attributeSet(all, 'by_population'))).toEqual(['cars 300', 'vans 200', 'golf 500'])
  })

  test('belong to every impression of a deal that asks for all of them, or for none', () => {
    const deal = { any: ['cars', 'vans'], none: ['golf'] }
    expect(shown(attributeSet(all, 'used_lowest', deal))).toEqual(['vans 1000', 'golf 1000'])
    expect(shown(attributeSet(all, 'by_population', deal))).toEqual([
      'cars 600',
      'vans 400',
      'golf 1000',
    ])
    const both = { all: ['cars', 'golf'] }
    expect(shown(attributeSet([cars, golf], 'used_lowest', both))).toEqual([
      'cars 1000',
      'golf 1000',
    ])
  })
})
