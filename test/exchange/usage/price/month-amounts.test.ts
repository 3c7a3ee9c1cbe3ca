import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Price } from '../../../../exchange/contract.ts'
import { apportion } from '../../../../exchange/usage/price/apportion.ts'
import { type Counts, noCounts } from '../../../../exchange/usage/price/counts.ts'
import { halfEven } from '../../../../exchange/usage/price/half-even.ts'
import { monthAmounts } from '../../../../exchange/usage/price/month-amounts.ts'
import { Fraction } from '../../../support/fraction.ts'

const EUR = { currency: 'EUR' } as const
const line = (more: Partial<Counts>): Counts => ({ ...noCounts(), ...more })
const units = (count: number) => line({ units: BigInt(count) })
const sum = (list: readonly bigint[]) => list.reduce((a, b) => a + b, 0n)
const tiers = [
  { fromUnits: 1_001, amountMicros: 500_000 },
  { fromUnits: 3_001, amountMicros: 200_000 },
]

describe('a month of usage costs', () => {
  test.each<[string, Price, Counts, bigint]>([
    ['cpm', { kind: 'cpm', amountMicros: 500_000, ...EUR }, units(1_234), 617_000n],
    ['cpm, half to even', { kind: 'cpm', amountMicros: 2_500, ...EUR }, units(1), 2n],
    ['cpm, half to even, up', { kind: 'cpm', amountMicros: 3_500, ...EUR }, units(1), 4n],
    ['per match', { kind: 'per_match', amountMicros: 40_000, ...EUR }, units(3), 120_000n],
    ['free', { kind: 'free' }, units(9), 0n],
    ['by the month', { kind: 'flat_month', amountMicros: 9, ...EUR }, units(9), 0n],
    [
      // 2 EUR per 1,000 at 30 % is 0.60; one at least 0.50, one at most 3.50, one of no price at 0.50.
      'a share of the media price',
      {
        kind: 'percent_media',
        amountMicros: 300_000,
        floorMicros: 500_000,
        capMicros: 3_500_000,
        ...EUR,
      },
      line({ units: 5n, shared: 4_000_000n, floored: 1n, capped: 1n, unpriced: 1n }),
      (1_200_000n + 500_000n + 3_500_000n + 500_000n) / 1_000n,
    ],
    [
      'marginal tiers',
      { kind: 'tiered_cpm', amountMicros: 1_000_000, tiers, ...EUR },
      units(4_000),
      1_000_000n + 1_000_000n + 200_000n,
    ],
    [
      'all at the highest tier',
      { kind: 'tiered_cpm', amountMicros: 1_000_000, tiers, tierMode: 'all', ...EUR },
      units(3_001),
      600_200n,
    ],
    [
      'all at the first tier',
      { kind: 'tiered_cpm', amountMicros: 1_000_000, tiers, tierMode: 'all', ...EUR },
      units(1_000),
      1_000_000n,
    ],
  ])('%s', (_name, price, usage, amount) => {
    expect(monthAmounts([{ price, lines: [usage] }])).toEqual([[amount]])
  })

  test('tiers go on counting where a version follows another, in its own prices', () => {
    const dear = { kind: 'tiered_cpm', amountMicros: 1_000_000, tiers, ...EUR } as const
    const cheap = { ...dear, amountMicros: 800_000 }
    const usage = [
      { price: dear, lines: [units(900)] },
      { price: { kind: 'cpm', amountMicros: 7_000, ...EUR } as const, lines: [units(1_000)] },
      { price: cheap, lines: [units(300)] },
    ]
    expect(monthAmounts(usage)).toEqual([[900_000n], [7_000n], [80_000n + 100_000n]])
  })
})

const count = fc.integer({ min: 0, max: 40 })
const micros = fc.integer({ min: 0, max: 9_999 })
const counts: fc.Arbitrary<Counts> = fc.record({
  units: count.map(BigInt),
  shared: fc.bigInt({ min: 0n, max: 10n ** 12n }),
  media: count.map(BigInt),
  floored: count.map(BigInt),
  capped: count.map(BigInt),
  unpriced: count.map(BigInt),
})
const anyTiers = fc
  .uniqueArray(fc.record({ fromUnits: fc.integer({ min: 1, max: 60 }), amountMicros: micros }), {
    minLength: 1,
    maxLength: 4,
    selector: ({ fromUnits }) => fromUnits,
  })
  .map((list) => list.sort((a, b) => a.fromUnits - b.fromUnits))
const prices: fc.Arbitrary<Price> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('cpm', 'per_match', 'flat_month', 'free'),
    amountMicros: micros,
  }),
  fc.record({
    kind: fc.constant('percent_media'),
    amountMicros: fc.integer({ min: 0, max: 1_000_000 }),
    floorMicros: micros,
    capMicros: micros,
  }),
  fc.record({
    kind: fc.constant('tiered_cpm'),
    amountMicros: micros,
    tiers: anyTiers,
    tierMode: fc.constantFrom('all', 'marginal'),
  }),
) as fc.Arbitrary<Price>
const months = fc.array(fc.record({ price: prices, lines: fc.array(counts, { maxLength: 4 }) }), {
  maxLength: 3,
})

test('every amount is the exact fraction it should be, rounded once; lines of a version sum to its amount', () => {
  fc.assert(
    fc.property(months, (versions) => {
      const amounts = monthAmounts(versions)
      const volume = versions
        .filter(({ price }) => price.kind === 'tiered_cpm')
        .flatMap(({ lines }) => lines)
        .reduce((all, one) => all + Number(one.units), 0)
      let place = 0
      for (const [v, { price, lines }] of versions.entries()) {
        const isMarginal = price.kind === 'tiered_cpm' && price.tierMode !== 'all'
        if (isMarginal) {
          const used = Number(sum(lines.map((one) => one.units)))
          const each = Array.from({ length: used }, (_, i) => tierPrice(price, place + i + 1))
          const whole = each.reduce((a, b) => a.plus(b), new Fraction(0))
          expect(sum(amounts[v]!)).toBe(whole.rounded())
        } else
          for (const [i, one] of lines.entries())
            expect(amounts[v]![i]).toBe(exact(price, one, volume).rounded())
        if (price.kind === 'tiered_cpm') place += Number(sum(lines.map((one) => one.units)))
      }
    }),
    { numRuns: 500 },
  )
})

/** What the unit of this number costs, in micro-units. */
function tierPrice({ amountMicros = 0, tiers = [] }: Price, number: number): Fraction {
  const reached = [{ fromUnits: 1, amountMicros }, ...tiers].filter(
    ({ fromUnits }) => fromUnits <= number,
  )
  return new Fraction(reached.at(-1)!.amountMicros, 1_000)
}

function exact(price: Price, one: Counts, volume: number): Fraction {
  const times = (amount: number | undefined, count: bigint) =>
    new Fraction(amount ?? 0, 1_000).times(new Fraction(count))
  switch (price.kind) {
    case 'cpm':
      return times(price.amountMicros, one.units)
    case 'per_match':
      return times(price.amountMicros, one.units * 1_000n)
    case 'percent_media':
      return new Fraction(price.amountMicros!, 1_000_000)
        .times(new Fraction(one.shared, 1_000))
        .plus(times(price.floorMicros, one.floored))
        .plus(times(price.floorMicros, one.unpriced))
        .plus(times(price.capMicros, one.capped))
    case 'tiered_cpm':
      return tierPrice(price, Math.max(1, volume)).times(new Fraction(one.units))
    default:
      return new Fraction(0)
  }
}

test('half to even is what a fraction says', () => {
  const fraction = fc.tuple(fc.bigInt({ min: -999n, max: 999n }), fc.bigInt({ min: 1n, max: 20n }))
  fc.assert(
    fc.property(fraction, ([num, den]) => {
      expect(halfEven(num, den)).toBe(new Fraction(num, den).rounded())
    }),
  )
})

test('what is divided by weights sums to the whole, each part within one of its due', () => {
  const weights = fc.array(fc.bigInt({ min: 0n, max: 99n }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10_000n }), weights, (total, list) => {
      const parts = apportion(total, list)
      const all = sum(list)
      expect(sum(parts)).toBe(all === 0n ? 0n : total)
      for (const [i, part] of parts.entries()) {
        const off = part * all - total * list[i]!
        if (all > 0n) expect(off < all && off > -all).toBe(true)
        if (list[i] === 0n) expect(part).toBe(0n)
      }
    }),
  )
})
