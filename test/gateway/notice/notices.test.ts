import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../audience/clock.ts'
import { NoticeBook } from '../../../exchange/usage/notice-book.ts'
import { openToken } from '../../../exchange/usage/open-token.ts'
import { TokenMint } from '../../../exchange/usage/token-mint.ts'
import { SEAL_CHARS } from '../../../exchange/usage/token-seal.ts'
import { usageTerms } from '../../../exchange/usage/usage-terms.ts'
import { openNodeDoor } from '../../../gateway/http/open-node-door.ts'
import { NoticeMetrics } from '../../../gateway/notice/notice-metrics.ts'
import { noticeRoutes } from '../../../gateway/notice/notice-routes.ts'
import { BidHouse } from '../../support/bid-house.ts'
import { noticesIn, requestOf, saleWorld, tokenIn } from '../../support/sale-world.ts'

// Notices over a real door: what is refused and why, and what the ledger then holds. How units follow
// from it is test/exchange/usage/tally-entries.test.ts.

const buyer = 'dsp'
const HOUR_MS = 3_600_000
let house: BidHouse

beforeAll(async () => {
  house = await BidHouse.open()
  await house.settle(saleWorld)
})
afterAll(() => house.close())
beforeEach(() => {
  house.aheadMs = 0
  house.ledger.isFailing = false
  house.ledger.isLate = false
  noticesIn(house)
})

const answer = (uid = 'won', more: object = {}, query = '') =>
  house.enrich(requestOf(uid, more), { buyer, query })
const token = async (uid = 'won', more: object = {}) => tokenIn(await answer(uid, more))

/** As a bidder leaves it that replaces nothing. */
const macro = (name: string) => `\${${name}}`

async function refusalOf(sent: Promise<{ status: number; headers: Record<string, unknown> }>) {
  const { status, headers } = await sent
  return `${status} ${headers['x-passerelle-reason'] ?? ''}`.trim()
}

describe('what a notice writes', () => {
  test('which answer, imp, price and contracts, and who says so', async () => {
    const t = await token()
    const beforeS = Math.floor(Date.now() / 1000)
    const got = await house.notice('win', { t, imp: 'a', price: '2.50', cur: 'EUR' })
    expect([got.status, got.body.length]).toEqual([204, 0])
    const [record] = noticesIn(house)
    expect(record).toEqual({
      kind: 'notice',
      what: 'win',
      answer: openToken(t, house.usage.keys()!)!.id,
      answeredS: expect.closeTo(beforeS, -1),
      imp: 'a',
      imps: 2,
      buyer: house.exchange.catalog()!.partner('dsp')!.number,
      exchange: house.exchange.catalog()!.partner('ssp')!.number,
      by: 'exchange',
      price: { micros: 2_500_000, currency: 'EUR' },
      carried: [
        { contract: 'win', version: 1, segments: ['won'] },
        { contract: 'lake-win', version: 1, segments: ['tide'] },
      ],
      receivedMs: expect.any(Number),
    })
  })

  test('GET and POST, query and form, are alike; the query counts where both speak', async () => {
    const t = await token()
    await house.notice('billing', { t, imp: 'a', price: '1' })
    await house.notice('billing', { t, imp: 'b', price: '1' }, { method: 'POST' })
    const [get, post] = noticesIn(house).map(({ receivedMs: _, ...rest }) => rest)
    expect(post).toEqual({ ...get, imp: 'b' })
  })

  test('macros that nobody replaced, and empty values, say nothing; a price without currency is in USD', async () => {
    const t = await token()
    const macros = {
      imp: macro('AUCTION_IMP_ID'),
      price: macro('AUCTION_PRICE'),
      cur: macro('AUCTION_CURRENCY'),
    }
    await house.notice('win', { t, ...macros, used: '', by: '%%BY%%' })
    await house.notice('win', { t, imp: '', price: '0.5', cur: '{CUR}' })
    const [silent, priced] = noticesIn(house)
    expect(silent).toMatchObject({ imp: '', by: 'exchange' })
    expect(Object.keys(silent!)).not.toContain('price')
    expect(Object.keys(silent!)).not.toContain('used')
    expect(priced).toMatchObject({ imp: '', price: { micros: 500_000, currency: 'USD' } })
  })

  test('two impressions of one answer are two, and losses are kept too', async () => {
    const t = await token()
    for (const imp of ['a', 'b']) await house.notice('win', { t, imp })
    await house.notice('loss', { t, imp: 'c' })
    expect(noticesIn(house).map(({ what, imp }) => [what, imp])).toEqual([
      ['win', 'a'],
      ['win', 'b'],
      ['loss', 'c'],
    ])
  })

  test('segments said to be used are those written, by whatever id; others are left out and counted', async () => {
    const t = await token()
    const ignored = () => counted('passerelle_notice_ignored_total', 'unknown_segment')
    const before = ignored()
    await house.notice('win', { t, used: 'x-won, won,lake:tide ,own,, x-won' })
    expect(noticesIn(house)[0]?.used).toEqual(['x-won', 'lake:tide'])
    expect(ignored()).toBe(before + 2)
    await house.notice('win', { t, used: 'own' })
    expect(noticesIn(house)[0]?.used).toEqual([])
  })

  test('the terms of the answer count, though the contract was changed since', async () => {
    const t = await token('billed')
    const body = {
      seller: 'dmp',
      buyer: 'dsp',
      segments: ['counted', 'billed'],
      billOn: 'billable',
    }
    await house.settle({ partners: {}, segments: {}, contracts: { billable: body }, people: [] })
    expect((await house.notice('billing', { t })).status).toBe(204)
    expect(noticesIn(house)[0]?.carried).toEqual([
      { contract: 'billable', version: 1, segments: ['billed'] },
    ])
  })
})

describe('how many impressions a token tells of', () => {
  const won = (t: string, imp: string, what = 'win') => refusalOf(house.notice(what, { t, imp }))
  const namedIn = () => noticesIn(house).map(({ imp, imps }) => [imp, imps])

  test('as many as the request had, of each kind; the same again, and one without a name, are taken', async () => {
    const t = await token()
    for (const imp of ['a', 'b', 'a', '']) expect(await won(t, imp)).toBe('204')
    for (const imp of ['c', 'd']) expect(await won(t, imp)).toBe('400 too_many_imps')
    expect(await won(t, 'x', 'loss')).toBe('204')
    expect(namedIn()).toEqual([
      ['a', 2],
      ['b', 2],
      ['', 2],
      ['x', 2],
    ])
  })

  test('of a request with one, whatever it is called is that one', async () => {
    const t = await token('won', { imp: [{ id: 'a' }] })
    for (const imp of ['a', '', 'made-up']) expect(await won(t, imp)).toBe('204')
    expect(namedIn()).toEqual([['', undefined]])
  })

  test('of a request with more than a token can say, as many as it can', async () => {
    const imp = Array.from({ length: 200 }, (_, i) => ({ id: `i${i}` }))
    const t = await token('won', { imp })
    for (let i = 0; i < 127; i++) expect(await won(t, `i${i}`)).toBe('204')
    expect(await won(t, 'i127')).toBe('400 too_many_imps')
    expect(noticesIn(house)).toHaveLength(127)
  })
})

describe('who says so', () => {
  test('the buyer where its key stands beside the token, else the exchange or whom it names', async () => {
    const t = await token('won', { imp: [{ id: '1' }, { id: '2' }, { id: '3' }] })
    await house.notice('win', { t, imp: '1' }, { buyer })
    await house.notice('win', { t, imp: '2', by: 'creative' })
    await house.notice('win', { t, imp: '3', by: 'exchange' }, { buyer })
    expect(noticesIn(house).map(({ by }) => by)).toEqual(['buyer', 'creative', 'exchange'])
    expect(await refusalOf(house.notice('win', { t, by: 'buyer' }))).toBe('400 bad_witness')
    expect(await refusalOf(house.notice('win', { t, by: 'me' }))).toBe('400 bad_witness')
  })

  test('another partner’s key beside a token is refused, and so is one nobody has', async () => {
    const t = await token()
    expect(await refusalOf(house.notice('win', { t }, { buyer: 'rival' }))).toBe('403 foreign_key')
    expect(await refusalOf(house.notice('win', { t }, { buyer: 'pk_none' }))).toBe(
      '401 unauthorized',
    )
    expect(noticesIn(house)).toEqual([])
  })

  test('a key of the buyer’s for a path alone, which others may read, is none beside a token', async () => {
    const t = await token()
    const { key } = await house.exchange.desk.createKey(
      { operator: true },
      { partner: buyer, body: { scopes: ['wire:xandr'] } },
    )
    expect(await refusalOf(house.notice('win', { t }, { buyer: key }))).toBe('401 unauthorized')
    expect(noticesIn(house)).toEqual([])
  })
})

describe('what is refused', () => {
  test('a token that is absent, forged, cut, or not one', async () => {
    const t = await token()
    const refusal = (fields: Record<string, string>) => refusalOf(house.notice('win', fields))
    expect(await refusal({})).toBe('400 no_token')
    expect(await refusal({ t: macro('TOKEN') })).toBe('400 no_token')
    const other = t.endsWith('AAA') ? 'BBB' : 'AAA'
    for (const bad of [t.slice(0, -3) + other, t.slice(0, -1), `x${t}`, 'x', `${t}.${t}`])
      expect(await refusal({ t: bad })).toBe('400 bad_token')
    expect(noticesIn(house)).toEqual([])
  })

  test('a token four days old, and one from the future; three days less a minute is in time', async () => {
    const t = await token()
    house.aheadMs = 72 * HOUR_MS - 60_000
    expect((await house.notice('win', { t })).status).toBe(204)
    const before = counted('passerelle_notice_refused_total', 'expired')
    house.aheadMs = 96 * HOUR_MS
    expect(await refusalOf(house.notice('win', { t }))).toBe('410 expired')
    expect(counted('passerelle_notice_refused_total', 'expired')).toBe(before + 1)
    house.aheadMs = -50_000
    expect((await house.notice('win', { t, imp: 'skewed' })).status).toBe(204)
    house.aheadMs = -120_000
    expect(await refusalOf(house.notice('win', { t }))).toBe('400 from_future')
  })

  test.each([
    [{ price: '1,5' }, 'bad_price'],
    [{ price: '-1' }, 'bad_price'],
    [{ price: '1e3' }, 'bad_price'],
    [{ cur: 'EURO' }, 'bad_currency'],
    [{ cur: 'ßa' }, 'bad_currency'],
    [{ imp: 'x'.repeat(257) }, 'bad_imp'],
    [{ used: Array.from({ length: 1_001 }, (_, i) => i).join() }, 'bad_used'],
  ])('%j is %s', async (fields, word) => {
    const t = await token()
    const sent = house.notice('win', { t, ...fields }, { method: 'POST' })
    expect(await refusalOf(sent)).toBe(`400 ${word}`)
    expect(noticesIn(house)).toEqual([])
  })

  test('other kinds and methods', async () => {
    expect((await house.notice('view', {})).status).toBe(404)
    expect((await house.notice('win', {}, { method: 'POST' })).status).toBe(400)
  })

  test('a contract nobody knows any more asks to come again', async () => {
    const mint = new TokenMint(house.usage.keys()!)
    const stamp = mint.stampOf({
      buyer: 1,
      deal: '',
      lines: [{ contract: 'gone', version: 1, positions: [0] }],
    })
    const seal = Buffer.alloc(SEAL_CHARS)
    mint.seal(stamp, { atMs: Date.now(), exchange: 0, isTest: false, imps: 2 }, seal, 0)
    const sent = await house.notice('win', { t: `${stamp.descriptor}.${seal}` })
    expect([sent.status, sent.headers['retry-after']]).toEqual([503, '1'])
    expect(sent.headers['x-passerelle-reason']).toBe('unknown_terms')
  })
})

describe('durability', () => {
  test('a notice is answered 2xx only once it is written', async () => {
    const t = await token()
    let letGo = () => {}
    house.ledger.held = new Promise((resolve) => {
      letGo = resolve
    })
    let status = 0
    const sent = house.notice('win', { t }).then((got) => {
      status = got.status
    })
    // A later request over the same door is answered while the notice still waits.
    await answer('owner')
    expect([status, noticesIn(house)]).toEqual([0, []])
    house.ledger.held = undefined
    letGo()
    await sent
    expect([status, noticesIn(house).length]).toEqual([204, 1])
  })

  test('a ledger that fails is 503 with Retry-After, and the notice is taken when it comes again', async () => {
    const t = await token()
    house.ledger.isFailing = true
    const sent = await house.notice('win', { t })
    expect([sent.status, sent.headers['retry-after']]).toEqual([503, '1'])
    house.ledger.isFailing = false
    house.ledger.isLate = true
    expect(await refusalOf(house.notice('win', { t }))).toBe('503 ledger')
    house.ledger.isLate = false
    expect((await house.notice('win', { t })).status).toBe(204)
    expect(noticesIn(house)).toHaveLength(1)
  })

  test('the same notice again is written once; one that says something else is written too', async () => {
    const t = await token()
    for (let i = 0; i < 3; i++) await house.notice('win', { t, imp: 'a', price: '2.50' })
    await Promise.all([1, 2].map(() => house.notice('win', { t, imp: 'b' })))
    await house.notice('win', { t, imp: 'a', price: '2.40' })
    await house.notice('billing', { t, imp: 'a', price: '2.50' })
    const written = noticesIn(house).map(({ what, imp, price }) => [what, imp, price?.micros])
    expect(written).toEqual([
      ['win', 'a', 2_500_000],
      ['win', 'b', undefined],
      ['win', 'a', 2_400_000],
      ['billing', 'a', 2_500_000],
    ])
    expect(counted('passerelle_notice_ignored_total', 'repeated')).toBeGreaterThanOrEqual(3)
  })

  test('notices about a test are answered 2xx and written nowhere', async () => {
    const t = await token('won', { test: 1 })
    expect((await house.notice('billing', { t, price: '1' })).status).toBe(204)
    expect(noticesIn(house)).toEqual([])
    expect(counted('passerelle_notice_ignored_total', 'test')).toBeGreaterThan(0)
  })
})

test('over node:http, where no native door opens, they are the same', async () => {
  const routes = noticeRoutes({
    exchange: house.exchange,
    book: new NoticeBook({
      ledger: house.ledger,
      clock: systemClock,
      keys: () => house.usage.keys(),
      terms: () => usageTerms(house.audience.feed.current()!),
    }),
    metrics: new NoticeMetrics(house.metrics),
  })
  const door = await openNodeDoor({ host: '127.0.0.1', port: 0, routes, clock: systemClock })
  const url = `http://127.0.0.1:${door.port}/notice/win`
  const query = new URLSearchParams({ t: await token(), imp: 'a' })
  const answers = [
    await fetch(`${url}?${query}`),
    await fetch(url, { method: 'POST', body: query }),
    await fetch(`${url}?t=x`),
    await fetch(url, { method: 'PUT' }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([204, 204, 400, 405])
  expect(noticesIn(house)).toHaveLength(1)
  await door.close(0)
})

function counted(name: string, word: string): number {
  const found = house.metrics
    .snapshot()
    .find((one) => one.name === name && Object.values(one.labels).includes(word))
  return (found as { value: number }).value
}
