import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ContractRecord, Price } from '../../../exchange/contract.ts'
import { LIMITS } from '../../../exchange/limits.ts'
import { NO_PAST } from '../../../exchange/usage/cap-usage.ts'
import { CapComparison } from '../../../exchange/usage/compare-caps.ts'
import type { LedgerRecord } from '../../../exchange/usage/ledger-record.ts'
import { grouped, priceLines } from '../../../exchange/usage/price/price-lines.ts'
import { reachedCap } from '../../../exchange/usage/reached-cap.ts'
import { readUsage } from '../../../exchange/usage/read/read-usage.ts'
import type { UsageLine } from '../../../exchange/usage/read/usage-line.ts'
import { tallyEntriesOf } from '../../../exchange/usage/tally-entries.ts'
import type { UsageTerms } from '../../../exchange/usage/usage-terms.ts'
import { MemoryTallies } from '../../support/memory-tallies.ts'
import { contract, NOON_S, notice, tallied, termsOf } from './usage-world.ts'

// Caps are compared over lines of days and months; the oracle compares them over every line there is.

const EUR = { currency: 'EUR' }
const PRICES: readonly Price[] = [
  { kind: 'cpm', amountMicros: 333_333, ...EUR },
  { kind: 'per_match', amountMicros: 7, ...EUR },
  { kind: 'percent_media', amountMicros: 123_457, floorMicros: 1_001, capMicros: 90_003, ...EUR },
  {
    kind: 'tiered_cpm',
    amountMicros: 900_001,
    tiers: [{ fromUnits: 4, amountMicros: 300_007 }],
    ...EUR,
  },
  {
    kind: 'tiered_cpm',
    tierMode: 'all',
    amountMicros: 900_001,
    tiers: [{ fromUnits: 4, amountMicros: 300_007 }],
    ...EUR,
  },
]
const SEGMENTS = ['cars', 'boats', 'bikes']
const DAY_S = 86_400
/** Few enough that now and then they are read in passes. */
const SET_MEMBERS_MAX = 30
const NOW_MS = NOON_S * 1000
const POPULATIONS = new Map([
  ['cars', 5n],
  ['boats', 3n],
  ['bikes', 1n],
])

interface Sale {
  price: Price
  later: Price
  attribution: ContractRecord['attribution']
  caps: NonNullable<ContractRecord['caps']>
}

const anyPrice = fc.constantFrom(...PRICES)
const sale: fc.Arbitrary<Sale> = fc.record({
  price: anyPrice,
  later: anyPrice,
  attribution: fc.constantFrom(
    undefined,
    'used_all',
    'used_lowest',
    'used_highest',
    'by_population',
  ),
  caps: fc.constant([]),
})
const told = fc.record({
  imp: fc.integer({ min: 0, max: 40 }),
  daysAgo: fc.constantFrom(0, 0, 1, 4, 5, 6, 9, 15, 40, 41, 70),
  by: fc.constantFrom('exchange' as const, 'buyer' as const, 'creative' as const),
  segments: fc.subarray(SEGMENTS, { minLength: 1 }),
  version: fc.constantFrom(1, 2),
  deal: fc.constantFrom(undefined, 'deal'),
  withOther: fc.boolean(),
  micros: fc.option(fc.integer({ min: 1, max: 900_000 }), { nil: undefined }),
  currency: fc.constantFrom('EUR', 'USD'),
})

function termsFor({ price, later, attribution }: Sale): UsageTerms {
  const more = attribution === undefined ? {} : { attribution }
  const c = (version: number, of: Price) =>
    contract({ ...more, price: of, version, keptVersions: version === 2 ? [1] : [] })
  return termsOf({
    'c@1': c(1, price),
    'c@2': c(2, later),
    // Another seller's, of the same buyer, that nobody capped.
    'd@1': contract({ ...more, price: { kind: 'cpm', amountMicros: 1, ...EUR }, keptVersions: [] }),
  })
}

function recordOf({
  imp,
  daysAgo,
  deal,
  ...one
}: typeof told extends fc.Arbitrary<infer T> ? T : never): LedgerRecord {
  const { by, segments, version, withOther, micros, currency } = one
  const of = deal === undefined ? {} : { deal }
  const carried = [{ contract: 'c', version, segments, ...of }]
  if (withOther) carried.push({ contract: 'd', version: 1, segments: ['golf'], ...of })
  return notice({
    answer: `a${daysAgo}`,
    answeredS: NOON_S - daysAgo * DAY_S,
    imp: String(imp),
    by,
    carried,
    ...(micros === undefined ? {} : { price: { micros, currency } }),
  })
}

const lookupsWith = (terms: UsageTerms) => ({
  terms,
  audience: () => ({ any: ['cars', 'boats'], all: ['golf'], none: ['bikes'] }),
  category: (segment: string) => segment,
  populations: async () => POPULATIONS,
})

/** Every line of the contract, and what it costs, rounded line by line. */
async function allLines(tallies: MemoryTallies, terms: UsageTerms) {
  const wants = ({ contract: id }: { contract: string }) => id === 'c'
  const lines = await readUsage(tallies.read('', '9999'), { ...lookupsWith(terms), wants })
  const months = grouped(lines, ({ day }) => day.slice(0, 7))
  const amounts = new Map<UsageLine, bigint>()
  for (const some of months.values())
    for (const [line, amount] of priceLines(some, terms)) amounts.set(line, amount)
  const today = lines.filter(({ day }) => day === '2026-11-10')
  const sums = (some: readonly UsageLine[]) => ({
    units: Number(some.reduce((n, { units }) => n + units, 0n)),
    spend: Number(some.reduce((n, line) => n + amounts.get(line)!, 0n)),
  })
  return { lines, contract: sums(lines), day: sums(today) }
}

test('a cap is reached over lines of days and months where it is over every line there is', async () => {
  await fc.assert(
    fc.asyncProperty(
      sale,
      fc.array(told, { minLength: 1, maxLength: 40 }),
      async (sold, notices) => {
        const terms = termsFor(sold)
        const tallies = await tallied(notices.map(recordOf), terms)
        const { lines, ...sums } = await allLines(tallies, terms)
        for (const per of ['contract', 'day'] as const) {
          const { units, spend } = sums[per]
          // Each line is rounded, and the lines are others: less than a micro-unit on each of both.
          const apart = lines.length + 2
          const around: [object, boolean][] = [
            ...(units > 0 ? [[{ units }, true] as [object, boolean]] : []),
            [{ units: units + 1 }, false],
            ...(spend > apart ? [[{ spendMicros: spend - apart }, true] as [object, boolean]] : []),
            [{ spendMicros: spend + apart + 1 }, false],
          ]
          for (const [limit, isReached] of around) {
            const capped = { ...terms.contract('c', 2)!, caps: [{ per, ...limit }] }
            const comparison = new CapComparison({
              tallies,
              lookups: () => lookupsWith(terms),
              clock: { now: () => NOW_MS, elapsed: () => 0 },
              setMembersMax: SET_MEMBERS_MAX,
            })
            const compared = (await comparedBy(comparison, new Map([['c', capped]]))).get('c')!
            expect(compared, JSON.stringify(limit)).toHaveProperty('reached')
            expect('reached' in compared && compared.reached !== undefined).toBe(isReached)
            const oracle = reachedCap(capped, { lines, past: NO_PAST }, { terms, nowMs: NOW_MS })
            expect(oracle !== undefined).toBe(isReached)
          }
        }
      },
    ),
    { numRuns: 60 },
  )
})

const step = fc.oneof(
  { weight: 6, arbitrary: told.map((one) => ({ ...one, what: 'told' as const })) },
  { weight: 4, arbitrary: fc.constant({ what: 'look' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('wind' as const),
      days: fc.integer({ min: -1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('capped' as const),
      per: fc.constantFrom('contract' as const, 'day' as const, undefined),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ what: 'cleared' as const }) },
)

async function comparedBy({ lanes }: CapComparison, contracts: Map<string, ContractRecord>) {
  // What turns out to be too much to be followed is read the next time.
  await Promise.all(lanes.map((lane) => lane.compare(contracts)))
  const compared = await Promise.all(lanes.map((lane) => lane.compare(contracts)))
  return new Map(compared.flatMap((one) => [...one]))
}

/** The contract with this cap, which makes a version of it; nothing to compare without one. */
function cappedBy(
  terms: UsageTerms,
  cap: { per: 'contract' | 'day'; units: number } | undefined,
  version: number,
): Map<string, ContractRecord> {
  if (!cap) return new Map()
  const capped = { ...terms.contract('c', 2)!, caps: [cap], version, keptVersions: [1, 2] }
  return new Map([['c', capped]])
}

test('a comparison that is kept by what changes comes to the same as one that reads everything', async () => {
  await fc.assert(
    fc.asyncProperty(sale, fc.array(step, { maxLength: 40 }), async (sold, steps) => {
      const terms = termsFor(sold)
      const tallies = new MemoryTallies()
      let [nowMs, elapsedMs] = [NOW_MS, 0]
      let per: 'contract' | 'day' | undefined = 'contract'
      const comparison = (more: object = {}) =>
        new CapComparison({
          ...more,
          tallies,
          lookups: () => lookupsWith(terms),
          clock: { now: () => nowMs, elapsed: () => elapsedMs },
        })
      const kept = comparison()
      const read = comparison({ followedMax: 0 })
      let version = 3
      for (const one of [...steps, { what: 'look' as const }]) {
        if (one.what === 'told') await tallies.enter(tallyEntriesOf(recordOf(one), terms))
        else if (one.what === 'wind') nowMs += one.days * DAY_S * 1000
        else if (one.what === 'capped') per = one.per
        else if (one.what === 'cleared') await tallies.clear()
        else {
          // What comes late for old days is read once an hour, and parts are put together anew.
          elapsedMs += LIMITS.capsOldEveryMs
          for (const units of [1, 3, 9, 27]) {
            const contracts = cappedBy(terms, per && { per, units }, version++)
            const anew = await comparedBy(comparison(), contracts)
            expect(await comparedBy(kept, contracts), `${units} units`).toEqual(anew)
            // Whoever reads each time looks no further than a day ahead of a clock that was put back.
            if (nowMs >= NOW_MS)
              expect(await comparedBy(read, contracts), `${units} units`).toEqual(anew)
          }
        }
      }
    }),
    { numRuns: 100 },
  )
})
