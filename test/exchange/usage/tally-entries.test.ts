import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Attribution } from '../../../exchange/usage/attribution/attribute-set.ts'
import type { LedgerRecord, NoticeRecord } from '../../../exchange/usage/ledger-record.ts'
import { knowsTerms } from '../../../exchange/usage/tally-entries.ts'
import { decodeField, encodeField, MEASURES } from '../../../exchange/usage/tally-field.ts'
import type { UsageTerms } from '../../../exchange/usage/usage-terms.ts'
import { contract, notice, price, shown, termsOf } from './usage-world.ts'

const win = (more: Partial<NoticeRecord> = {}) => notice({ what: 'win', ...more })
const billable = termsOf({ 'c@1': contract() })
const onWin = termsOf({ 'c@1': contract({ billOn: 'win' }) })

/** Counters but those of prices. */
async function units(records: readonly LedgerRecord[], terms: UsageTerms): Promise<object> {
  const counters = Object.entries(await shown(records, terms))
  return Object.fromEntries(counters.filter(([name]) => !/ (media|unpriced) /.test(name)))
}

describe('units', () => {
  test('delivered ones are counted as they are', async () => {
    const line = { contract: 'c', version: 1, segment: 'cars', day: '2026-11-10', units: 7 }
    const record: LedgerRecord = {
      kind: 'delivered',
      fromMs: 0,
      toMs: 1,
      lines: [line, { ...line, deal: 'premium', units: 2 }],
    }
    expect(await units([record, record], billable)).toEqual({
      '2026-11-10 units c@1/cars gateway': 14,
      '2026-11-10 units c@1/cars gateway premium': 4,
    })
  })

  test('a win is none where billable impressions are billed, a billing notice is', async () => {
    expect(await units([win()], billable)).toEqual({})
    expect(await units([win(), notice()], billable)).toEqual({
      '2026-11-10 units c@1/cars exchange': 1,
    })
  })

  test('win and billing of one impression are one, two impressions of one answer two', async () => {
    expect(await units([win(), notice(), win()], onWin)).toEqual({
      '2026-11-10 units c@1/cars exchange': 1,
    })
    expect(await units([win(), win({ imp: '2' })], onWin)).toEqual({
      '2026-11-10 units c@1/cars exchange': 2,
    })
  })

  test('no more impressions of an answer count than it was for, whoever told of them; one without a name beside them', async () => {
    const told = ['', '1', '2', '3', '1'].map((imp) => notice({ imp, imps: 2 }))
    expect(await units([...told, notice({ imp: '3', imps: 2, by: 'creative' })], billable)).toEqual(
      { '2026-11-10 units c@1/cars exchange': 3 },
    )
    const lost = ['1', '2', '3'].map((imp) => notice({ what: 'loss', imp, imps: 2 }))
    expect(await units([...lost, notice({ imps: 2 })], billable)).toEqual({
      '2026-11-10 lost c@1/ exchange': 2,
      '2026-11-10 units c@1/cars exchange': 1,
    })
    const wins = ['7', '8', '9'].map((imp) => win({ imp, imps: 2 }))
    expect(await units([...wins, notice({ imps: 2 })], billable)).toEqual({
      '2026-11-10 units c@1/cars exchange': 1,
    })
  })

  test('a loss is counted beside them, and is none', async () => {
    const lost = notice({ what: 'loss' })
    expect(await units([lost, lost, notice()], billable)).toEqual({
      '2026-11-10 lost c@1/ exchange': 1,
      '2026-11-10 units c@1/cars exchange': 1,
    })
  })

  test('their day is when the answer was given, where the contract is at home', async () => {
    const late = { answeredS: Date.UTC(2026, 10, 10, 23, 30) / 1000 }
    const paris = termsOf({ 'c@1': contract({ timeZone: 'Europe/Paris' }) })
    expect(await units([notice(late)], paris)).toEqual({
      '2026-11-11 units c@1/cars exchange': 1,
    })
  })

  test('under unknown terms they are kept apart, until a notice comes under known ones', async () => {
    const nobody = termsOf({})
    expect(knowsTerms(notice(), nobody)).toBe(false)
    expect(knowsTerms(notice(), billable)).toBe(true)
    expect(await units([win(), win({ imp: '2' }), notice()], nobody)).toEqual({
      '2026-11-10 unknownBilled c@1/cars exchange': 1,
      '2026-11-10 unknownWon c@1/cars exchange': 1,
    })
  })
})

describe('a share of the media price', () => {
  const terms = (more: object = {}) =>
    termsOf({
      'c@1': contract({
        billOn: 'win',
        price: { kind: 'percent_media', amountMicros: 300_000, currency: 'EUR', ...more },
      }),
    })

  test('is kept as sums of prices, and as units that the least or the most applies to', async () => {
    const bounds = terms({ floorMicros: 300_000, capMicros: 3_500_000 })
    const prices = [999_999, 1_000_000, 11_666_666, 11_666_667]
    const wins = prices.map((micros, i) => win({ imp: `${i}`, ...price(micros) }))
    expect(await shown([...wins, win({ imp: 'none' })], bounds)).toEqual({
      '2026-11-10 capped c@1/cars exchange EUR': 1,
      '2026-11-10 floored c@1/cars exchange EUR': 1,
      '2026-11-10 media c@1/cars exchange EUR': 12_666_666,
      '2026-11-10 shared c@1/cars exchange EUR': 12_666_666,
      '2026-11-10 units c@1/cars exchange EUR': 5,
      '2026-11-10 unpriced c@1/cars exchange EUR': 1,
    })
  })

  test('is in the currency of the notice, where least and most mean nothing', async () => {
    expect(await shown([win(price(9, 'USD'))], terms({ floorMicros: 300_000 }))).toEqual({
      '2026-11-10 shared c@1/cars exchange USD': 9,
      '2026-11-10 units c@1/cars exchange USD': 1,
    })
  })

  test('takes the price of a billing notice, and of several prices the lowest, counting the others', async () => {
    const told = [win(price(5)), win(price(3)), win(price(3)), win()]
    expect(await shown(told, terms())).toEqual({
      '2026-11-10 conflicts c@1/ gateway': 1,
      '2026-11-10 shared c@1/cars exchange EUR': 3,
      '2026-11-10 units c@1/cars exchange EUR': 1,
    })
    expect(await shown([notice(price(9)), ...told], terms())).toMatchObject({
      '2026-11-10 shared c@1/cars exchange EUR': 9,
    })
  })
})

describe('what was used', () => {
  const carried = [{ contract: 'c', version: 1, segments: ['boats', 'cars'] }]
  const one = { '2026-11-10 units c@1/cars exchange': 1 }
  const all = { ...one, '2026-11-10 units c@1/boats exchange': 1 }

  test('is what the notice says, under the ids that stood in the request; silent, it is all', async () => {
    expect(await units([notice({ carried })], billable)).toEqual(all)
    expect(await units([notice({ carried, used: ['cars', 'x'] })], billable)).toEqual(one)
    expect(await units([notice({ carried, used: ['dmp:cars'] })], billable)).toEqual(one)
    expect(await units([notice({ carried, used: [] })], billable)).toEqual({})
    const external = termsOf({ 'c@1': contract({ externalIds: { cars: '77' } }) })
    expect(await units([notice({ carried, used: ['77'] })], external)).toEqual(one)
    const nodes = termsOf({ 'c@1': contract({ writeAs: 'taxonomy' }) }, { cars: '243' })
    expect(await units([notice({ carried, used: ['243'] })], nodes)).toEqual(one)
  })

  test('is all of a deal’s audience', async () => {
    const onDeal = [{ ...carried[0]!, deal: 'premium' }]
    expect(await units([notice({ carried: onDeal, used: ['x'] })], billable)).toEqual({
      '2026-11-10 units c@1/boats exchange premium': 1,
      '2026-11-10 units c@1/cars exchange premium': 1,
    })
  })

  test('is named as a set where segments compete for the impression', async () => {
    const answer = ['c', 'd', 'e'].map((id) => ({ contract: id, version: 1, segments: [id] }))
    const under = (attribution: Attribution) =>
      termsOf({
        'c@1': contract({ attribution }),
        'd@1': contract({ attribution }),
        'e@1': contract({ attribution, seller: 'other' }),
      })
    const sets = async (terms: UsageTerms) =>
      Object.keys(await units([notice({ carried: answer })], terms))
        .filter((name) => name.endsWith(' set'))
        .map((name) => name[name.indexOf('@') - 1])
        .join(' ')
    expect(await sets(under('used_all'))).toBe('')
    expect(await sets(under('used_lowest'))).toBe('c d e')
    expect(await sets(under('by_population'))).toBe('c d e')
    expect(await sets(under('used_highest'))).toBe('c d')
    expect(await sets(under('used_sum_by_category'))).toBe('c d')
  })
})

describe('a buyer’s own report', () => {
  const line = { contract: 'c', version: 1, segment: 'cars', day: '2026-11-10', units: 9 }
  const report: LedgerRecord = { kind: 'report', id: 'line-1', ...line }

  test('is compared with ours where we count, and is the usage where we cannot', async () => {
    expect(await shown([report, report], billable)).toEqual({
      '2026-11-10 reported c@1/cars buyer': 9,
    })
    const elsewhere = termsOf({ 'c@1': contract({ uses: ['activation'] }) })
    expect(await shown([report, report], elsewhere)).toEqual({
      '2026-11-10 units c@1/cars buyer': 9,
    })
  })

  test('is no usage where ids alone are told: we count what we tell', async () => {
    const ids = termsOf({ 'c@1': contract({ uses: ['identity', 'activation'] }) })
    expect(await shown([report], ids)).toEqual({ '2026-11-10 reported c@1/cars buyer': 9 })
  })
})

const someNotice: fc.Arbitrary<NoticeRecord> = fc
  .record({
    what: fc.constantFrom('win', 'billing', 'loss'),
    answer: fc.constantFrom('a1', 'a2'),
    imp: fc.constantFrom('', '1'),
    by: fc.constantFrom('buyer', 'exchange', 'creative'),
    price: fc.option(
      fc.record({
        micros: fc.integer({ min: 0, max: 3 }),
        currency: fc.constantFrom('EUR', 'USD'),
      }),
      { nil: undefined },
    ),
    used: fc.option(fc.subarray(['boats', 'cars']), { nil: undefined }),
  })
  .map((told) => {
    const carried = ['billable', 'won', 'share', 'split'].map((id) => ({
      contract: id,
      version: 1,
      segments: ['boats', 'cars'],
    }))
    return notice({ ...(told as Partial<NoticeRecord>), carried })
  })

test('any order and any repetition of notices ends in the same counters', async () => {
  const share = { kind: 'percent_media', amountMicros: 500_000, currency: 'EUR' } as const
  const terms = termsOf({
    'billable@1': contract(),
    'won@1': contract({ billOn: 'win' }),
    'share@1': contract({ billOn: 'win', price: { ...share, capMicros: 1 } }),
    'split@1': contract({ attribution: 'by_population' }),
  })
  const shuffled = fc
    .array(someNotice, { maxLength: 8 })
    .chain((told) =>
      fc.tuple(
        fc.constant(told),
        fc.shuffledSubarray([...told, ...told], { minLength: told.length * 2 }),
      ),
    )
  await fc.assert(
    fc.asyncProperty(shuffled, async ([told, again]) => {
      expect(await shown(again, terms)).toEqual(await shown(told, terms))
    }),
  )
})

test('the name of a counter says all that it is about', () => {
  for (const measure of Object.keys(MEASURES) as (keyof typeof MEASURES)[])
    for (const witness of ['gateway', 'buyer', 'exchange', 'creative'] as const) {
      const field = { measure, witness, contract: 'a-b_c', version: 12, segment: 's' }
      const whole = { ...field, deal: 'd', currency: 'EUR', set: '0af' }
      expect(decodeField(encodeField(whole))).toEqual(whole)
    }
  for (const name of ['', 'u', 'zz|c|1|s|d||', 'ug|c|1|s|d|'])
    expect(decodeField(name)).toBe(undefined)
})
