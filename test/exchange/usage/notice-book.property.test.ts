import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NOTICE_KINDS } from '../../../exchange/usage/ledger-record.ts'
import { NoticeBook } from '../../../exchange/usage/notice-book.ts'
import type { NoticeGiven } from '../../../exchange/usage/read-notice.ts'
import { TokenMint } from '../../../exchange/usage/token-mint.ts'
import { SEAL_CHARS, TokenKeys } from '../../../exchange/usage/token-seal.ts'
import { MemoryLedger } from '../../support/memory-ledger.ts'
import { WoundClock } from '../world.ts'
import { contract, shown, termsOf } from './usage-world.ts'

// Whatever order notices come in, however often, through whichever process, and however often a ledger
// fails in between: once each was answered 2xx, the counters are the same.

const keys = new TokenKeys(Buffer.alloc(32, 1))
const clock = new WoundClock()
const terms = termsOf({
  'billable@1': contract({ segments: ['a', 'b'] }),
  'won@3': contract({ segments: ['c', 'd'], billOn: 'win' }),
  'share@1': contract({
    segments: ['e'],
    billOn: 'win',
    price: { kind: 'percent_media', amountMicros: 300_000, currency: 'EUR' },
  }),
})

function tokens(count: number): string[] {
  const mint = new TokenMint(keys)
  const stamp = mint.stampOf({
    buyer: 1,
    deal: '',
    lines: [
      { contract: 'billable', version: 1, positions: [0, 1] },
      { contract: 'won', version: 3, positions: [1] },
      { contract: 'share', version: 1, positions: [0] },
    ],
  })
  return Array.from({ length: count }, () => {
    const seal = Buffer.alloc(SEAL_CHARS)
    mint.seal(stamp, { atMs: clock.nowMs, exchange: 2, isTest: false, imps: 2 }, seal, 0)
    return `${stamp.descriptor}.${seal}`
  })
}

const [one, two] = tokens(2)
const notice: fc.Arbitrary<NoticeGiven> = fc.record({
  what: fc.constantFrom(...NOTICE_KINDS),
  t: fc.constantFrom(one!, two!),
  imp: fc.constantFrom('', '1', '2'),
  price: fc.constantFrom('', '1.10', '2', '3.333'),
  cur: fc.constantFrom('', 'EUR'),
  used: fc.constantFrom('', 'a', 'd,e', 'unknown'),
  by: fc.constantFrom('', 'creative'),
})

/** Each notice until it is taken or refused for good, by one of three processes, with a ledger that fails when told to. */
async function countersOf(notices: readonly NoticeGiven[], failing: readonly boolean[]) {
  const ledger = new MemoryLedger()
  const options = { ledger, clock, keys: () => keys, terms: () => terms }
  const books = [1, 2, 3].map(() => new NoticeBook(options))
  for (const [i, given] of notices.entries()) {
    ledger.isFailing = failing[i % failing.length] ?? false
    const refusal = await books[i % books.length]!.take(given, undefined)
    ledger.isFailing = false
    if (refusal === 'too_many_imps') continue
    if (refusal !== undefined) {
      expect(refusal).toBe('ledger')
      expect(await books[i % books.length]!.take(given, undefined)).toBeUndefined()
    }
  }
  return shown(ledger.records, terms)
}

test('any order and any repetition of notices gives the same counters', async () => {
  const shuffled = fc.array(notice, { minLength: 1, maxLength: 12 }).chain((notices) =>
    fc.tuple(
      fc.constant(notices),
      fc.shuffledSubarray([...notices, ...notices, ...notices], {
        minLength: notices.length * 3,
      }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
    ),
  )
  await fc.assert(
    fc.asyncProperty(shuffled, async ([notices, again, failing]) => {
      expect(await countersOf(again, failing)).toEqual(await countersOf(notices, [false]))
    }),
  )
})

test('however many impressions are made up, and in whatever order, no more are counted than two and one without a name', async () => {
  const imp = fc.integer({ min: 0, max: 20 }).map((n) => (n === 0 ? '' : `made-up-${n}`))
  const made = fc.tuple(notice, imp).map(([given, name]) => ({ ...given, t: one!, imp: name }))
  await fc.assert(
    fc.asyncProperty(fc.array(made, { maxLength: 60 }), async (notices) => {
      for (const order of [notices, notices.toReversed()]) {
        const counters = Object.entries(await countersOf([...order, ...order], [false]))
        const units = counters.filter(([name]) => / units won@3\/d /.test(name))
        const named = new Set(notices.filter(({ what }) => what !== 'loss').map((n) => n.imp))
        const most = Math.min(2, [...named].filter((name) => name !== '').length)
        const all = units.reduce((sum, [, count]) => sum + count, 0)
        expect(all).toBeLessThanOrEqual(most + (named.has('') ? 1 : 0))
      }
    }),
  )
})
