import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Price } from '../../../exchange/contract.ts'
import { getStatements, type PeriodStatements } from '../../../exchange/desk/statements.ts'
import type { UsageDeps } from '../../../exchange/desk/usage-deps.ts'
import type { LedgerRecord, NoticeRecord } from '../../../exchange/usage/ledger-record.ts'
import { tallyEntriesOf } from '../../../exchange/usage/tally-entries.ts'
import { usageTerms } from '../../../exchange/usage/usage-terms.ts'
import { Fraction } from '../../support/fraction.ts'
import { MemoryTallies } from '../../support/memory-tallies.ts'
import { OPERATOR, World } from '../world.ts'

const EUR = 'EUR'
const PRICES: Record<string, Price> = {
  plain: { kind: 'cpm', amountMicros: 1_234_567, currency: EUR },
  won: { kind: 'cpm', amountMicros: 999, currency: EUR },
  share: {
    kind: 'percent_media',
    amountMicros: 333_333,
    currency: EUR,
    floorMicros: 500_000,
    capMicros: 900_000,
  },
  volume: {
    kind: 'tiered_cpm',
    amountMicros: 7_777,
    currency: EUR,
    tiers: [{ fromUnits: 3, amountMicros: 1_111 }],
    tierMode: 'all',
  },
}
const SHARED = ['split', 'lowest', 'highest', 'category']
let world: World

/** Contracts of dmp and dsp under every kind of price, in force since the first of November. */
beforeAll(async () => {
  world = await World.open()
  world.clock.nowMs = Date.UTC(2026, 10, 1)
  await world.partner('dmp')
  await world.partner('dsp')
  for (const id of ['boats', 'cars', 'vans']) await world.segment(id, 'dmp')
  const terms = { segments: ['boats', 'cars', 'vans'], platformFeeBps: 1_234 }
  const billOn = (id: string) => (id === 'won' || id === 'share' ? 'win' : 'billable')
  for (const [id, price] of Object.entries(PRICES))
    await world.contract(id, { ...terms, price, billOn: billOn(id) })
  const attributions = {
    split: 'by_population',
    lowest: 'used_lowest',
    highest: 'used_highest',
    category: 'used_sum_by_category',
  }
  for (const [id, attribution] of Object.entries(attributions))
    await world.contract(id, { ...terms, price: PRICES['plain'], attribution })
  world.clock.nowMs = Date.UTC(2026, 11, 1)
})
afterAll(() => world.close())

async function statement(records: readonly LedgerRecord[]): Promise<PeriodStatements> {
  const terms = usageTerms(world.feed.current()!)
  const tallies = new MemoryTallies()
  for (const record of records) await tallies.enter(tallyEntriesOf(record, terms))
  const deps: UsageDeps = {
    ...world.exchange.deskDeps,
    tallies,
    append: async () => {},
    populations: async () =>
      new Map([
        ['boats', 1n],
        ['cars', 2n],
        ['vans', 4n],
      ]),
  }
  return getStatements(deps, OPERATOR, { period: '2026-11', limit: 1_000 })
}

const notices: fc.Arbitrary<NoticeRecord[]> = fc.array(
  fc
    .record({
      what: fc.constantFrom('win', 'billing', 'loss'),
      answer: fc.constantFrom('a1', 'a2', 'a3'),
      imp: fc.constantFrom('', '1', '2'),
      by: fc.constantFrom('buyer', 'exchange', 'creative'),
      price: fc.option(
        fc.record({
          micros: fc.integer({ min: 1_000_000, max: 3_000_000 }),
          currency: fc.constantFrom(EUR, EUR, EUR, 'USD'),
        }),
        { nil: undefined },
      ),
      used: fc.option(fc.subarray(['boats', 'cars', 'vans']), { nil: undefined }),
    })
    .map(
      (told) =>
        ({
          kind: 'notice',
          answeredS: Date.UTC(2026, 10, 10) / 1000,
          buyer: 1,
          exchange: 2,
          carried: [...Object.keys(PRICES), ...SHARED].map((contract) => ({
            contract,
            version: 1,
            segments: ['boats', 'cars', 'vans'],
          })),
          receivedMs: 0,
          ...told,
        }) as NoticeRecord,
    ),
  { maxLength: 12 },
)
const told = notices.chain((list) =>
  fc.tuple(
    fc.constant(list),
    fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2 }),
  ),
)

describe('a statement', () => {
  test('is the same whatever the order of notices, and however often they come', async () => {
    await fc.assert(
      fc.asyncProperty(told, async ([list, again]) => {
        expect(await statement(again)).toEqual(await statement(list))
      }),
      { numRuns: 60 },
    )
  })

  test('sums its lines to its totals, each line to what the exchange and the seller get', async () => {
    await fc.assert(
      fc.asyncProperty(notices, async (list) => {
        const { items, totals, statements } = await statement(list)
        for (const { amountMicros, feeMicros, payoutMicros, units, witnesses } of items) {
          expect(feeMicros + payoutMicros).toBe(amountMicros)
          expect(new Fraction(amountMicros * 1_234, 10_000).rounded()).toBe(BigInt(feeMicros))
          expect(Object.values(witnesses).reduce((a, b) => a + b, 0)).toBe(units)
        }
        for (const total of [...totals, ...statements.flatMap((one) => one.totals)])
          for (const field of ['units', 'amountMicros', 'feeMicros', 'payoutMicros'] as const)
            expect(total[field]).toBe(
              items
                .filter(({ currency }) => currency === total.currency)
                .reduce((sum, line) => sum + line[field], 0),
            )
      }),
      { numRuns: 60 },
    )
  })

  test('comes to what counting the notices by hand comes to', async () => {
    await fc.assert(
      fc.asyncProperty(notices.filter(isPlain), async (list) => {
        const { items } = await statement(list)
        for (const contract of Object.keys(PRICES)) {
          const found = items
            .filter((line) => line.contract === contract)
            .map(({ segment, currency, units, amountMicros }) => [
              `${segment} ${currency}`,
              units,
              amountMicros,
            ])
          expect(Object.fromEntries(found.map(([key, ...rest]) => [key, rest]))).toEqual(
            byHand(contract, list),
          )
        }
      }),
      { numRuns: 100 },
    )
  })
})

/** Units and amount by segment and currency, impression by impression, without counters. */
function byHand(contract: string, list: readonly NoticeRecord[]): Record<string, [number, number]> {
  const price = PRICES[contract]!
  const onWin = contract === 'won' || contract === 'share'
  const counted = new Map<string, NoticeRecord>()
  for (const one of list) {
    if (one.what === 'loss') continue
    const key = `${one.answer} ${one.imp}`
    const known = counted.get(key)
    if (!known || isBefore(one, known)) counted.set(key, one)
  }
  const sums = new Map<string, { units: number; exact: Fraction }>()
  for (const one of counted.values()) {
    if (one.what === 'win' && !onWin) continue
    const currency = price.kind === 'percent_media' ? (one.price?.currency ?? EUR) : EUR
    for (const segment of one.used ?? ['boats', 'cars', 'vans']) {
      const key = `${segment} ${currency}`
      const sum = sums.get(key) ?? { units: 0, exact: new Fraction(0) }
      sums.set(key, { units: sum.units + 1, exact: sum.exact.plus(unitPrice(price, one)) })
    }
  }
  const volume = [...sums.values()].reduce((all, { units }) => all + units, 0)
  return Object.fromEntries(
    [...sums].map(([key, { units, exact }]) => {
      const tier = volume >= 3 ? 1_111 : 7_777
      const amount = price.kind === 'tiered_cpm' ? new Fraction(tier * units, 1_000) : exact
      return [key, [units, Number(amount.rounded())]]
    }),
  )
}

function unitPrice(price: Price, { price: media }: NoticeRecord): Fraction {
  if (price.kind !== 'percent_media') return new Fraction(price.amountMicros!, 1_000)
  if (!media) return new Fraction(price.floorMicros!, 1_000)
  const share = (media.micros * price.amountMicros!) / 1_000_000
  if (media.currency === EUR && share < price.floorMicros!)
    return new Fraction(price.floorMicros!, 1_000)
  if (media.currency === EUR && share > price.capMicros!)
    return new Fraction(price.capMicros!, 1_000)
  return new Fraction(BigInt(media.micros) * BigInt(price.amountMicros!), 1_000_000_000)
}

/** Without notices of which a digest would have to choose: what decides there is not to be worked out by hand. */
function isPlain(list: readonly NoticeRecord[]): boolean {
  const said = new Map<string, string>()
  return list.every(({ answer, imp, what, by, price, used }) => {
    const key = [answer, imp, what, by, price?.micros, !!used].join(' ')
    const rest = JSON.stringify([price, used])
    if ((said.get(key) ?? rest) !== rest) return false
    said.set(key, rest)
    return true
  })
}

/** Billing before win, a price before none, the lower before the higher; then who told it, and what of. */
function isBefore(a: NoticeRecord, b: NoticeRecord): boolean {
  if (a.what !== b.what) return a.what === 'billing'
  if (!a.price !== !b.price) return !!a.price
  if (a.price && a.price.micros !== b.price!.micros) return a.price.micros < b.price!.micros
  const rank = { exchange: 2, buyer: 1, creative: 0 }
  if (a.by !== b.by) return rank[a.by] > rank[b.by]
  return !!a.used && !b.used
}

describe('in the middle of a month', () => {
  const delivered = (version: number, day: string, units: number): LedgerRecord => {
    const line = { contract: 'changing', version, segment: 'cars', day, units }
    return { kind: 'delivered', fromMs: 0, toMs: 0, lines: [line] }
  }

  test('a change of price, and a revocation, split the lines by version and the fee by days', async () => {
    const monthly = { kind: 'flat_month', prorated: true, currency: EUR }
    const put = (id: string, price: object, more: object = {}) =>
      world.contract(id, { price, billOn: 'delivered', ...more })
    const goTo = (day: number) => {
      world.clock.nowMs = Date.UTC(2026, 10, day, 12)
    }
    goTo(1)
    await put('changing', { kind: 'cpm', amountMicros: 1_000, currency: EUR })
    await put('monthly', { ...monthly, amountMicros: 30_000 })
    goTo(11)
    await put('changing', { kind: 'cpm', amountMicros: 3_000, currency: EUR })
    await put('monthly', { ...monthly, amountMicros: 60_000 })
    goTo(21)
    await world.desk.revokeContract(OPERATOR, { id: 'monthly' })
    world.clock.nowMs = Date.UTC(2026, 11, 1)
    const { items } = await statement([
      delivered(1, '2026-11-05', 1_000),
      delivered(2, '2026-11-11', 1_000),
      delivered(1, '2026-11-11', 500),
    ])
    const lines = items.map(
      ({ contract, version, units, days, amountMicros }) =>
        `${contract}@${version} ${days ? `${days} days` : units} ${amountMicros}`,
    )
    expect(lines).toEqual([
      'changing@1 1500 1500',
      'changing@2 1000 3000',
      'monthly@1 11 days 11000',
      'monthly@2 10 days 20000',
    ])
  })
})
