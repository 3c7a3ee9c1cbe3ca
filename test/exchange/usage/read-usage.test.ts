import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ContractRecord } from '../../../exchange/contract.ts'
import type { Attribution } from '../../../exchange/usage/attribution/attribute-set.ts'
import type { NoticeRecord } from '../../../exchange/usage/ledger-record.ts'
import { readUsage } from '../../../exchange/usage/read/read-usage.ts'
import type { UsageLine } from '../../../exchange/usage/read/usage-line.ts'
import type { UsageTerms } from '../../../exchange/usage/usage-terms.ts'
import { contract, notice, price, tallied, termsOf } from './usage-world.ts'

const PEOPLE = new Map([
  ['cars', 60n],
  ['vans', 40n],
  ['golf', 100n],
])

interface Asked {
  terms: UsageTerms
  deals?: Record<string, { any?: string[]; all?: string[]; none?: string[] }>
}

/** Lines of all days, as the counters of these notices are read. */
async function read(
  notices: readonly NoticeRecord[],
  { terms, deals = {} }: Asked,
): Promise<UsageLine[]> {
  const tallies = await tallied(notices, terms)
  return readUsage(tallies.read('2026-01-01', '2026-12-31'), {
    terms,
    audience: (deal) => deals[deal],
    category: (segment) => terms.segment(segment)?.taxonomy?.id ?? segment,
    populations: async () => PEOPLE,
    wants: () => true,
  })
}

function units(lines: readonly UsageLine[]): string {
  return lines.map(({ contract: id, segment, units }) => `${id}/${segment} ${units}`).join(', ')
}

const impressions = (count: number, more: Partial<NoticeRecord>) =>
  Array.from({ length: count }, (_, i) => notice({ imp: String(i), ...more }))

describe('segments used together', () => {
  const carried = [
    { contract: 'c', version: 1, segments: ['cars', 'vans'] },
    { contract: 'd', version: 1, segments: ['golf'] },
  ]
  const under = (attribution: Attribution): Asked => ({
    terms: termsOf({
      'c@1': contract({ attribution }),
      'd@1': contract({
        attribution,
        price: { kind: 'cpm', amountMicros: 900_000, currency: 'EUR' },
      }),
    }),
  })

  test('are billed as the contracts’ attribution says', async () => {
    const ten = impressions(10, { carried })
    const billed = async (attribution: Attribution) => units(await read(ten, under(attribution)))
    expect(await billed('used_all')).toBe('c/cars 10, c/vans 10, d/golf 10')
    expect(await billed('used_lowest')).toBe('c/cars 10')
    expect(await billed('used_highest')).toBe('d/golf 10')
    expect(await billed('used_sum_by_category')).toBe('c/cars 10, c/vans 10, d/golf 10')
    expect(await billed('by_population')).toBe('c/cars 3, c/vans 2, d/golf 5')
  })

  test('by category are billed once a taxonomy node', async () => {
    const attribution = 'used_sum_by_category'
    const terms = termsOf({ 'c@1': contract({ attribution }) }, { cars: '243', vans: '243' })
    expect(units(await read(impressions(4, { carried: [carried[0]!] }), { terms }))).toBe(
      'c/cars 4',
    )
  })

  test('on a deal are alternatives only where it says any', async () => {
    const onDeal = [
      { contract: 'c', version: 1, segments: ['cars', 'vans', 'golf'], deal: 'premium' },
    ]
    const asked = {
      ...under('used_lowest'),
      deals: { premium: { any: ['cars', 'vans'], none: ['golf'] } },
    }
    const lines = await read(impressions(4, { carried: onDeal }), asked)
    expect(units(lines)).toBe('c/cars 4, c/golf 4')
    expect(lines.map(({ deal }) => deal)).toEqual(['premium', 'premium'])
  })

  test('are billed once whichever way each is priced, be a price told or not', async () => {
    const share = { kind: 'percent_media', amountMicros: 500_000, currency: 'EUR' } as const
    const terms = termsOf({
      'c@1': contract({ attribution: 'used_lowest', price: { ...share, capMicros: 900_000 } }),
      'd@1': contract({ attribution: 'used_lowest' }),
    })
    const both = carried.map((one) => ({ ...one, segments: one.segments.slice(0, 1) }))
    const unpriced = await read(impressions(4, { carried: both }), { terms })
    expect(units(unpriced)).toBe('d/golf 4')
    for (const currency of ['EUR', 'USD']) {
      const lines = await read(impressions(4, { carried: both, ...price(9_000, currency) }), {
        terms,
      })
      // Under a share of the price, what is paid in another currency competes with nothing here.
      const shared = currency === 'EUR' ? '' : 'c/cars 4, '
      expect(units(lines.filter((line) => line.units > 0n))).toBe(`${shared}d/golf 4`)
    }
  })

  test('have their prices divided with them', async () => {
    const share = { kind: 'percent_media', amountMicros: 500_000, currency: 'EUR' } as const
    const more = { attribution: 'by_population', billOn: 'win', price: share } as const
    const terms = termsOf({ 'c@1': contract(more) })
    const lines = await read(impressions(5, { carried: [carried[0]!], ...price(1_000) }), { terms })
    expect(lines.map(({ segment, units, shared }) => `${segment} ${units} ${shared}`)).toEqual([
      'cars 3 3000',
      'vans 2 2000',
    ])
  })
})

test('divided by population, no unit is lost or made, and each segment is within one of its due', async () => {
  const used = fc.subarray(['cars', 'golf', 'vans'], { minLength: 1 })
  const terms = termsOf({ 'c@1': contract({ attribution: 'by_population' }) })
  await fc.assert(
    fc.asyncProperty(fc.array(used, { minLength: 1, maxLength: 12 }), async (all) => {
      const notices = all.map((segments, i) =>
        notice({ imp: String(i), carried: [{ contract: 'c', version: 1, segments }] }),
      )
      const lines = await read(notices, { terms })
      expect(lines.reduce((sum, line) => sum + Number(line.units), 0)).toBe(all.length)
      for (const segment of ['cars', 'golf', 'vans']) {
        const due = all.reduce((sum, segments) => {
          const people = segments.reduce((n, id) => n + Number(PEOPLE.get(id)), 0)
          return sum + (segments.includes(segment) ? Number(PEOPLE.get(segment)) / people : 0)
        }, 0)
        const got = Number(lines.find((line) => line.segment === segment)?.units ?? 0n)
        expect(Math.abs(got - due)).toBeLessThan(1)
      }
    }),
    { numRuns: 50 },
  )
})

test('what was told under unknown terms is billed once they are known', async () => {
  const told = [notice(), notice({ what: 'win', imp: '2' })]
  const nobody = await tallied(told, termsOf({}))
  const as = async (known: Record<string, ContractRecord>) => {
    const lines = await readUsage(nobody.read('2026-01-01', '2026-12-31'), {
      terms: termsOf(known),
      audience: () => undefined,
      category: (segment) => segment,
      populations: async () => PEOPLE,
      wants: () => true,
    })
    return lines.map(({ units, unknown }) => `${units} known, ${unknown} unknown`)
  }
  expect(await as({})).toEqual(['0 known, 2 unknown'])
  expect(await as({ 'c@1': contract() })).toEqual(['1 known, 0 unknown'])
  expect(await as({ 'c@1': contract({ billOn: 'win' }) })).toEqual(['2 known, 0 unknown'])
})
