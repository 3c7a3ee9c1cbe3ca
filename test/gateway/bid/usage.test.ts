import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BidHouse } from '../../support/bid-house.ts'
import { askOf, heldBid, waitingRequest } from '../../support/held-bid.ts'
import { patiently } from '../../support/patiently.ts'
import {
  dealTokenIn,
  deliveredBy,
  noticesIn,
  parsed,
  requestOf,
  saleWorld,
  tokenIn,
} from '../../support/sale-world.ts'

// What an answer costs: deliveries counted when it was handed to the socket, and tokens for what is
// billed on notice.

const buyer = 'dsp'
const additions = { prefer: 'return=additions' }
let house: BidHouse

beforeAll(async () => {
  house = await BidHouse.open()
  await house.settle(saleWorld)
})
afterAll(async () => {
  await house.close()
})
beforeEach(async () => {
  await deliveredBy(house)
})

const enrich = (uid: string, more: object = {}, headers: Record<string, string> = {}) =>
  house.enrich(requestOf(uid, more), { buyer, headers })

describe('deliveries', () => {
  test('each answer is one unit of each segment, and own segments are free', async () => {
    for (let i = 0; i < 3; i++) await enrich('counted')
    await enrich('billed')
    await enrich('owner')
    expect(await deliveredBy(house)).toEqual({ 'delivered/counted': 4, 'delivered/counted-too': 3 })
  })

  test('additions alone, and traced answers, count like whole ones', async () => {
    await enrich('counted', {}, additions)
    await enrich('counted', {}, { prefer: 'trace' })
    await enrich('counted', {}, { prefer: 'trace, return=additions' })
    await enrich('counted', {}, { prefer: 'return=minimal' })
    expect(await deliveredBy(house)).toEqual({ 'delivered/counted': 4, 'delivered/counted-too': 4 })
  })

  test('answers to tests are not counted, nor such as say nothing', async () => {
    await enrich('counted', { test: 1 })
    await enrich('counted', { regs: { coppa: 1 } })
    await enrich('nobody')
    expect(await deliveredBy(house)).toEqual({})
  })

  test('what was in the request already is not counted', async () => {
    const first = await enrich('counted')
    expect(await deliveredBy(house)).toEqual({ 'delivered/counted': 1, 'delivered/counted-too': 1 })
    const second = await house.enrich(first.body, { buyer })
    expect(second.body.equals(first.body)).toBe(true)
    const data = [{ name: 'dmp.example', segment: [{ id: 'counted' }] }]
    await enrich('counted', { user: { buyeruid: 'counted', data } })
    expect(await deliveredBy(house)).toEqual({ 'delivered/counted-too': 1 })
  })

  test('an answer that would be too long is not given, so it is not counted', async () => {
    const imp = Array.from({ length: 200 }, (_, i) => ({ id: `i${i}` }))
    const wide = { any: ['counted'] }
    for (let i = 0; i < 40; i++)
      await house.exchange.desk.putDeal(
        { operator: true },
        { id: `wide-${i}`, body: { name: 'w', seller: 'dmp', exchange: 'ssp', audience: wide } },
      )
    await house.audience.poke()
    const got = await enrich('counted', { imp })
    expect(got.headers['x-passerelle-reason']).toBe('too_much')
    expect(await deliveredBy(house)).toEqual({})
    for (let i = 0; i < 40; i++)
      await house.exchange.desk.deleteDeal({ operator: true }, { id: `wide-${i}` })
    await house.audience.poke()
  })

  test('a client that went away before its answer is not charged', async () => {
    const { handle, answer, sent } = heldBid(house)
    const ask = askOf(waitingRequest('counted'), house.keys.get(buyer)!)
    handle(ask, { ...answer, done: true })
    expect(sent).toHaveLength(1)
    expect(await deliveredBy(house)).toEqual({})
    handle(ask, answer)
    expect(await deliveredBy(house)).toEqual({ 'delivered/counted': 1, 'delivered/counted-too': 1 })
  })

  test('segments that share a node are written once and each used; the node beside an id is never a unit', async () => {
    const nodes = parsed(await enrich('nodes')).user?.data
    expect(nodes).toEqual([
      { id: 'dmp', name: 'dmp.example', segment: [{ id: '99' }], ext: { segtax: 4 } },
    ])
    expect(await deliveredBy(house)).toEqual({ 'nodes/node': 1, 'nodes/twin': 1 })
    const data = [{ name: 'dmp.example', segment: [{ id: 'both' }] }]
    const both = await enrich('both', { user: { buyeruid: 'both', data } })
    expect(parsed(both).user?.data?.slice(1)).toEqual([
      { id: 'dmp', name: 'dmp.example', segment: [{ id: '530' }], ext: { segtax: 4 } },
    ])
  })

  test('the day is that of the contract’s time zone, also across its midnight', async () => {
    const { desk } = house.exchange
    const contract = desk.getContract({ operator: true }, 'delivered').value
    const { id: _id, version: _v, signed: _s, createdAt: _c, ...terms } = contract
    const body = { ...terms, timeZone: 'Pacific/Kiritimati' }
    await desk.putContract({ operator: true }, { id: 'delivered', body })
    await house.audience.poke()
    const daysOf = async () => {
      await enrich('counted')
      await house.usage.meter.flush()
      return house.ledger.records.flatMap((one) =>
        one.kind === 'delivered' ? one.lines.map(({ day }) => day) : [],
      )
    }
    const there = () =>
      new Date(Date.now() + house.aheadMs + 14 * 3_600_000).toISOString().slice(0, 10)
    const today = there()
    expect(new Set(await daysOf())).toEqual(new Set([today]))
    house.aheadMs = 24 * 3_600_000
    expect(new Set(await daysOf())).toEqual(new Set([today, there()]))
    house.aheadMs = 0
  })
})

describe('tokens', () => {
  test('stand in Data objects that carry something billed on notice, and in no other', async () => {
    const counted = parsed(await enrich('counted')).user?.data
    expect(counted?.every(({ ext }) => ext === undefined)).toBe(true)
    const won = await enrich('won')
    const data = parsed(won).user?.data ?? []
    expect(data.map(({ name, ext }) => [name, ext?.t !== undefined]).sort()).toEqual([
      ['dmp.example', true],
      ['dsp.example', false],
      ['lake.example', true],
    ])
    expect(tokenIn(won)).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{48}$/)
  })

  test('differ from answer to answer, and come with additions alone and with traces too', async () => {
    const all = await Promise.all([
      enrich('won'),
      enrich('won'),
      enrich('won', {}, additions),
      enrich('won', {}, { prefer: 'trace' }),
    ])
    expect(new Set(all.map(tokenIn)).size).toBe(4)
  })

  test('stand in both forms of a segment written both ways', async () => {
    const data = parsed(await enrich('both')).user?.data ?? []
    expect(data.map(({ ext }) => [ext?.segtax, ext?.t !== undefined])).toEqual([
      [undefined, true],
      [4, true],
    ])
  })

  test('name only what this answer added', async () => {
    const data = [{ name: 'dmp.example', segment: [{ id: 'x-won' }] }]
    const got = await enrich('won', { user: { buyeruid: 'won', data } })
    await house.notice('win', { t: tokenIn(got) })
    expect(noticesIn(house)[0]?.carried).toEqual([
      { contract: 'lake-win', version: 1, segments: ['tide'] },
    ])
  })

  test('enriching twice changes nothing the second time', async () => {
    for (const uid of ['won', 'billed', 'both', 'in-billed-deal']) {
      const first = await enrich(uid)
      expect((await house.enrich(first.body, { buyer })).body.equals(first.body)).toBe(true)
    }
  })
})

describe('deals whose audience rests on contracts of their seller', () => {
  const curated = (deal: string) => ({ imp: [{ id: 'a' }, { id: 'b' }], ext: { deal } })

  test('of own segments owe nothing', async () => {
    const got = await enrich('in-own-deal', curated('own-deal'))
    const deals = parsed(got).imp?.[0]?.pmp?.deals?.filter(({ id }) => id === 'own-deal')
    expect(deals).toEqual([{ id: 'own-deal' }])
    expect(await deliveredBy(house)).toEqual({})
  })

  test('are counted once an answer where the contract bills on delivery, with what must not hold as well', async () => {
    const got = await enrich('in-counted-deal')
    for (const imp of parsed(got).imp ?? [])
      expect(imp.pmp?.deals?.map(({ id }) => id).sort()).toEqual(['counted-deal', 'mixed-deal'])
    // Two deals use the same segment under the same contract in one answer: one unit.
    const { 'to-curator/deal-none/counted-deal': none, ...held } = await deliveredBy(house)
    expect([none, Object.values(held)]).toEqual([1, [1]])
    expect(Object.keys(held)[0]).toMatch(/^to-curator\/deal-counted\//)
  })

  test('carry a token of their own where it bills on notice, of the segments that hold', async () => {
    const got = await enrich('in-billed-deal')
    const [billed, mixed] = ['billed-deal', 'mixed-deal'].map((id) => dealTokenIn(got, id))
    expect(billed).not.toBe(mixed)
    await house.notice('billing', { t: billed!, imp: 'a' })
    const carried = { contract: 'to-curator-billed', version: 1, segments: ['deal-billed'] }
    expect(noticesIn(house)).toMatchObject([
      { what: 'billing', imp: 'a', carried: [{ ...carried, deal: 'billed-deal' }] },
    ])
    const alone = JSON.parse((await enrich('in-billed-deal', {}, additions)).body.toString())
    expect(alone.imp[0].pmp.deals[0].ext.t).toMatch(/\./)
    expect(await deliveredBy(house)).toEqual({})
  })

  test('of a test are neither counted nor billed', async () => {
    const got = await enrich('in-billed-deal', { test: 1 })
    expect((await house.notice('billing', { t: dealTokenIn(got, 'billed-deal') })).status).toBe(204)
    await enrich('in-counted-deal', { test: 1 })
    expect(noticesIn(house)).toEqual([])
    expect(await deliveredBy(house)).toEqual({})
  })
})

describe('failing closed', () => {
  test('while the ledger is behind nothing contracted is given, own segments go on, and it comes back', async () => {
    house.ledger.isLate = true
    const shut = parsed(await enrich('won'))
    expect(shut.user?.data?.map(({ name }) => name)).toEqual(['dsp.example'])
    expect((await enrich('billed')).headers['x-passerelle-reason']).toBe('nothing_entitled')
    expect(parsed(await enrich('in-billed-deal')).imp?.[0]?.pmp).toBeUndefined()
    house.ledger.isLate = false
    expect(parsed(await enrich('won')).user?.data).toHaveLength(3)
  })

  test('a partner gone while its request waits gets nothing more, and its tokens still count', async () => {
    const token = tokenIn(await enrich('won'))
    const { handle, answer, sent, found } = heldBid(house, { isStoreSlow: true })
    handle(askOf(waitingRequest('won'), house.keys.get(buyer)!), answer)
    await house.exchange.desk.putPartner(
      { operator: true },
      { id: 'dsp', body: { ...(saleWorld.partners['dsp'] as object), status: 'paused' } },
    )
    await house.audience.poke()
    found()
    await patiently(() => expect(sent).toHaveLength(1))
    expect(sent[0]?.body).toBe(waitingRequest('won'))
    expect((await enrich('won')).status).toBe(401)
    expect((await house.notice('win', { t: token })).status).toBe(204)
    expect(noticesIn(house)).toHaveLength(1)
  })
})
