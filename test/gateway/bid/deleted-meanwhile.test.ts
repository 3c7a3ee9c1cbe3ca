import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { tallyEntriesOf } from '../../../exchange/usage/tally-entries.ts'
import { decodeField } from '../../../exchange/usage/tally-field.ts'
import { usageTerms } from '../../../exchange/usage/usage-terms.ts'
import { BidHouse } from '../../support/bid-house.ts'
import { askOf, heldBid, type SentBid, waitingRequest } from '../../support/held-bid.ts'
import { patiently } from '../../support/patiently.ts'
import {
  dealTokenIn,
  deliveredBy,
  noticesIn,
  requestOf,
  saleWorld,
  tokenIn,
} from '../../support/sale-world.ts'

// A partner is deleted while a request waits for the store: its contracts ended, its deals and segments
// gone, its keys with it. What was given before is still billed to whom it was given.

const OPERATOR = { operator: true }
let house: BidHouse

beforeEach(async () => {
  house = await BidHouse.open()
  await house.settle(saleWorld)
})
afterEach(() => house.close())

const enrich = (uid: string, more: object = {}) =>
  house.enrich(requestOf(uid, more), { buyer: 'dsp' })

describe('the buyer is deleted', () => {
  test('its request goes out as it came, and nothing is counted or noted as given', async () => {
    const got = await sentAfter('won', () => deletePartner('dsp'))
    expect(got).toEqual({ status: 200, reason: 'nothing_entitled', body: waitingRequest('won') })
    expect(await deliveredBy(house)).toEqual({})
    expect(await givenTo()).toEqual([])
    expect((await enrich('won')).status).toBe(401)
  })

  test('made anew under its old name while the request waits, it is somebody else', async () => {
    const token = tokenIn(await enrich('won'))
    const got = await sentAfter('won', async () => {
      await deletePartner('dsp')
      const body = saleWorld.partners['dsp']!
      await house.exchange.desk.putPartner(OPERATOR, { id: 'dsp', body })
    })
    expect(got).toMatchObject({ status: 200, body: waitingRequest('won') })
    const { key } = await house.exchange.desk.createKey(OPERATOR, { partner: 'dsp', body: {} })
    await house.audience.poke()
    const sent = await house.notice('win', { t: token }, { buyer: key })
    expect([sent.status, sent.headers['x-passerelle-reason']]).toEqual([403, 'foreign_key'])
  })

  test('what it was given before is counted and billed: deliveries not yet written, and notices', async () => {
    const token = tokenIn(await enrich('won'))
    await enrich('counted')
    await deletePartner('dsp')
    expect((await house.notice('win', { t: token })).status).toBe(204)
    const terms = usageTerms(house.audience.feed.current()!)
    const counted = noticesIn(house).flatMap((record) => tallyEntriesOf(record, terms))
    const units = counted.flatMap(({ adds }) => adds.map(({ field }) => decodeField(field)!))
    expect(units.filter(({ measure }) => measure === 'units')).toMatchObject([
      { contract: 'win', version: 1, segment: 'won' },
      { contract: 'lake-win', version: 1, segment: 'tide' },
    ])
    expect(await deliveredBy(house)).toEqual({ 'delivered/counted': 1, 'delivered/counted-too': 1 })
  })
})

describe('the seller is deleted', () => {
  test('its segments are gone from the answer; the buyer’s own and other sellers’ stand in it', async () => {
    const got = await sentAfter('won', () => deletePartner('dmp'))
    const { user } = JSON.parse(got.body) as { user: { data: { id: string }[] } }
    expect(user.data.map(({ id }) => id).sort()).toEqual(['dsp', 'lake'])
    await house.notice('win', { t: tokenIn({ body: Buffer.from(got.body) } as never), imp: 'a' })
    expect(noticesIn(house)[0]?.carried).toEqual([
      { contract: 'lake-win', version: 1, segments: ['tide'] },
    ])
    expect(await givenTo()).toEqual([numberOfSegments('own', 'tide')])
  })

  test('what was to be counted is not', async () => {
    const got = await sentAfter('counted', () => deletePartner('dmp'))
    const { user } = JSON.parse(got.body) as { user: { data: { id: string }[] } }
    expect(user.data.map(({ id }) => id)).toEqual(['dsp'])
    expect(await deliveredBy(house)).toEqual({})
  })

  test('a deal of another seller over its segments is withheld, and its earlier token still counts', async () => {
    const token = dealTokenIn(await enrich('in-billed-deal'), 'billed-deal')
    const got = await sentAfter('in-billed-deal', () => deletePartner('dmp'))
    expect(got).toMatchObject({
      reason: 'nothing_entitled',
      body: waitingRequest('in-billed-deal'),
    })
    expect((await house.notice('billing', { t: token, imp: 'a' })).status).toBe(204)
    expect(noticesIn(house)).toMatchObject([
      {
        carried: [
          { contract: 'to-curator-billed', deal: 'billed-deal', segments: ['deal-billed'] },
        ],
      },
    ])
  })
})

test('the exchange is deleted: its deals are gone, and segments are given all the same', async () => {
  const got = await sentAfter('in-own-deal', () => deletePartner('ssp'))
  expect(got).toMatchObject({ status: 200, body: waitingRequest('in-own-deal') })
  expect(JSON.parse((await sentAfter('won', async () => {})).body).user.data).toHaveLength(3)
})

/** What goes out of a request that waits for the store while something happens. */
async function sentAfter(uid: string, happens: () => Promise<void>): Promise<SentBid> {
  const { handle, answer, sent, found } = heldBid(house, { isStoreSlow: true })
  handle(askOf(waitingRequest(uid), house.keys.get('dsp')!), answer)
  await happens()
  await house.audience.poke()
  expect(sent).toEqual([])
  found()
  await patiently(() => expect(sent).toHaveLength(1))
  return sent[0]!
}

/** As an operator does it: ends its contracts, then deletes what rests on it, and the partner. */
async function deletePartner(id: string): Promise<void> {
  const { desk } = house.exchange
  const all = <T>(list: (actor: typeof OPERATOR, page: { limit: number }) => { items: T[] }) =>
    list(OPERATOR, { limit: 1_000 }).items
  for (const { id: contract, seller, buyer } of all(desk.listContracts))
    if (seller === id || buyer === id) await desk.endContract(OPERATOR, { id: contract })
  const segments = all(desk.listSegments).filter(({ owner }) => owner === id)
  for (const deal of all(desk.listDeals)) {
    const used = [deal.audience?.any, deal.audience?.all, deal.audience?.none].flat()
    if ([deal.seller, deal.exchange].includes(id) || segments.some((one) => used.includes(one.id)))
      await desk.deleteDeal(OPERATOR, { id: deal.id })
  }
  for (const segment of segments) await desk.deleteSegment(OPERATOR, { id: segment.id })
  for (const other of all(desk.listPartners)) {
    const { id: name, exchange, ...body } = other
    if (exchange === id) await desk.putPartner(OPERATOR, { id: name, body })
  }
  await desk.deletePartner(OPERATOR, { id })
  await house.audience.poke()
}

/** Sets of segments noted as given away since the house opened. */
async function givenTo(): Promise<(readonly number[])[]> {
  await house.egress.flush()
  return house.given.flatMap(({ sets }) => sets)
}

function numberOfSegments(...ids: string[]): number[] {
  const catalog = house.exchange.catalog()!
  return ids.map((id) => catalog.segment(id)!.number).sort((a, b) => a - b)
}
