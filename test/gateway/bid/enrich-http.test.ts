import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BID_LIMITS } from '../../../gateway/bid/limits.ts'
import { BidHouse, caseWorld } from '../../support/bid-house.ts'

const known =
  '{"id":"1","imp":[{"id":7},{"id":"b\\u0065"},{}],"user":{"buyeruid":"driving-traveller"}}'
const stranger = '{"id":"1","user":{"buyeruid":"nobody"}}'
const buyer = 'north-dsp'
let house: BidHouse

beforeAll(async () => {
  house = await BidHouse.open()
  await house.settle(caseWorld())
})
afterAll(() => house.close())

describe('compressed requests', () => {
  test('gzip is read where the header, the query or the magic bytes say so', async () => {
    const plain = (await house.enrich(known, { buyer })).body.toString()
    expect(plain.length).toBeGreaterThan(known.length)
    const body = gzipSync(known)
    for (const said of [{ headers: { 'content-encoding': 'gzip' } }, { query: 'gzip=1' }, {}])
      expect((await house.enrich(body, { buyer, ...said })).body.toString()).toBe(plain)
  })

  test('a stranger’s compressed request comes back as its own plain bytes', async () => {
    const got = await house.enrich(gzipSync(stranger), { buyer })
    expect(got.headers['content-encoding']).toBeUndefined()
    expect(got.body.toString()).toBe(stranger)
  })

  test('a bomb is refused by its size, not inflated', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, 0x20))
    expect(bomb.length).toBeLessThan(BID_LIMITS.bodyBytesMax)
    const got = await house.enrich(bomb, { buyer, headers: { 'content-encoding': 'gzip' } })
    expect(got.status).toBe(413)
    expect(got.headers['x-passerelle-reason']).toBe('too_large')
  })

  test('answers are compressed where that was asked and pays', async () => {
    const long = `${known.slice(0, -1)},"ext":{"x":"${'y'.repeat(2_000)}"}}`
    const plain = await house.enrich(long, { buyer })
    const packed = await house.enrich(long, {
      buyer,
      headers: { 'accept-encoding': 'br, gzip;q=0.5' },
    })
    expect(packed.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true)
    const refused = await house.enrich(long, { buyer, headers: { 'accept-encoding': 'gzip;q=0' } })
    expect(refused.headers['content-encoding']).toBeUndefined()
    const short = await house.enrich(known, { buyer, headers: { 'accept-encoding': 'gzip' } })
    expect(short.headers['content-encoding']).toBeUndefined()
  })
})

describe('what the caller prefers', () => {
  test('return=minimal turns nothing to add into 204, and leaves enriched answers whole', async () => {
    const headers = { prefer: 'return=minimal' }
    const nothing = await house.enrich(stranger, { buyer, headers })
    expect(nothing.status).toBe(204)
    expect(nothing.body.length).toBe(0)
    expect(nothing.headers['x-passerelle-reason']).toBe('stranger')
    const plain = await house.enrich(known, { buyer })
    const got = await house.enrich(known, { buyer, headers })
    expect(got.body.equals(plain.body)).toBe(true)
  })

  test('return=additions answers only what is added, with imp ids as they were written', async () => {
    const headers = { prefer: 'return=additions' }
    const got = await house.enrich(known, { buyer, headers })
    const deals = [{ id: 'cars-deal', bidfloor: 2.5, bidfloorcur: 'EUR', at: 1, wseat: ['seat-7'] }]
    expect(JSON.parse(got.body.toString())).toEqual({
      user: {
        data: [
          { id: 'data-hill', name: 'hill.example', segment: [{ id: 'cars' }, { id: 'travel' }] },
        ],
      },
      imp: [{ id: 7, pmp: { deals } }, { id: 'be', pmp: { deals } }, { pmp: { deals } }],
    })
    expect((await house.enrich(stranger, { buyer, headers })).status).toBe(204)
  })

  test('a trace names what was given and only counts the rest', async () => {
    const headers = { prefer: 'trace' }
    const got = JSON.parse((await house.enrich(known, { buyer, headers })).body.toString())
    const { passerelle } = got.ext
    expect(passerelle).toMatchObject({
      consent: { allowed: true, gdpr: false },
      foundBy: 'buyeruid',
      segments: ['cars', 'travel'],
      deals: ['cars-deal'],
    })
    expect(Object.keys(passerelle.microseconds)).toContain('scan')
    const hidden = await house.enrich('{"id":"1","user":{"buyeruid":"southerner"}}', {
      buyer: 'south-dsp',
      headers,
    })
    expect(hidden.body.toString()).not.toContain('cars')
    expect(JSON.parse(hidden.body.toString()).ext.passerelle.segmentsLeftOut.not_entitled).toBe(1)
  })

  test('a trace tells the time of its own request, not of one before', async () => {
    for (let i = 0; i < 3; i++) {
      const got = await house.enrich(known, { buyer, headers: { prefer: 'trace' } })
      const { microseconds } = JSON.parse(got.body.toString()).ext.passerelle
      for (const step of ['arrive', 'scan', 'splice']) expect(microseconds[step]).toBeGreaterThan(0)
    }
  })

  test('a trace names only what was added, not what was there', async () => {
    const headers = { prefer: 'trace' }
    const first = await house.enrich(known, { buyer })
    const got = await house.enrich(first.body, { buyer, headers })
    expect(JSON.parse(got.body.toString()).ext.passerelle).toMatchObject({
      reason: 'nothing_new',
      segments: [],
      deals: [],
    })
  })

  test('where consent denies, a trace says only that', async () => {
    const denied = `${known.slice(0, -1)},"regs":{"coppa":1}}`
    const got = await house.enrich(denied, { buyer, headers: { prefer: 'trace' } })
    expect(JSON.parse(got.body.toString()).ext.passerelle).toEqual({
      consent: { allowed: false, reason: 'denied_coppa' },
    })
  })

  test('test: 1 alone changes nothing', async () => {
    const body = '{"id":"1","test":1,"user":{"buyeruid":"nobody"}}'
    expect((await house.enrich(body, { buyer })).body.toString()).toBe(body)
  })
})

describe('additions without measure', () => {
  const many = `{"id":"1","imp":[${'{},'.repeat(199)}{}]}`

  test('nothing is added where they would be too long, however the answer is asked for', async () => {
    const wadomain = Array.from({ length: 60 }, (_, i) => `advertiser-${i}.example`)
    const body = { name: 'long', seller: 'plaza', exchange: 'plaza', wadomain }
    await house.exchange.desk.putDeal({ operator: true }, { id: 'long-deal', body })
    await house.audience.poke()
    for (const prefer of ['', 'return=minimal', 'return=additions', 'trace']) {
      const got = await house.enrich(many, { buyer, headers: { prefer } })
      expect(got.headers['x-passerelle-reason'], prefer).toBe('no_ids')
      expect(got.body.length, prefer).toBeLessThan(many.length + 1_000)
    }
    await house.exchange.desk.deleteDeal({ operator: true }, { id: 'long-deal' })
    await house.audience.poke()
  })
})

describe('heads', () => {
  test('content type and OpenRTB version are the request’s, JSON and 2.6 where it has none', async () => {
    const given = { 'content-type': 'text/plain', 'x-openrtb-version': '2.5' }
    const got = await house.enrich(known, { buyer, headers: given })
    expect(got.headers).toMatchObject(given)
    const dated = { 'x-openrtb-version': '2.6-202409' }
    expect((await house.enrich(known, { buyer, headers: dated })).headers).toMatchObject(dated)
    const odd = await house.enrich(known, { buyer, headers: { 'x-openrtb-version': 'two' } })
    expect(odd.headers['x-openrtb-version']).toBe('2.6')
    expect(odd.headers['content-length']).toBe(String(odd.body.length))
  })

  test('a body over 256 KiB is 413, one of exactly that size is read', async () => {
    const room = BID_LIMITS.bodyBytesMax - '{"id":"1","x":""}'.length
    const fits = `{"id":"1","x":"${'y'.repeat(room)}"}`
    expect((await house.enrich(fits, { buyer })).status).toBe(200)
    expect((await house.enrich(`${fits} `, { buyer })).status).toBe(413)
  })

  test('a revoked key is out with the next catalog', async () => {
    const { id, key } = await house.exchange.desk.createKey(
      { operator: true },
      { partner: buyer, body: {} },
    )
    await house.audience.poke()
    expect((await house.enrich(known, { buyer: key })).status).toBe(200)
    await house.exchange.desk.deleteKey({ operator: true }, { partner: buyer, id })
    await house.audience.poke()
    expect((await house.enrich(known, { buyer: key })).status).toBe(401)
  })

  test('a key without scope bid is told no more than a wrong one', async () => {
    const { key } = await house.exchange.desk.createKey(
      { operator: true },
      { partner: buyer, body: { scopes: ['data'] } },
    )
    await house.audience.poke()
    const got = await house.enrich(known, { buyer: key })
    expect(got.status).toBe(401)
    expect(got.headers['x-passerelle-reason']).toBe('unauthorized')
  })

  test('a revoked contract is out of the next answers', async () => {
    const golfer = '{"id":"1","user":{"buyeruid":"golfer"}}'
    expect((await house.enrich(golfer, { buyer })).body.toString()).toContain('golf')
    await house.exchange.desk.revokeContract({ operator: true }, { id: 'lake-north' })
    await house.audience.poke()
    const got = await house.enrich(golfer, { buyer })
    expect(got.body.toString()).toBe(golfer)
    expect(got.headers['x-passerelle-reason']).toBe('nothing_entitled')
  })

  test('what happens is counted by its word', async () => {
    const count = (name: string, word: string) =>
      house.metrics
        .snapshot()
        .find((one) => one.name === name && Object.values(one.labels).includes(word)) as {
        value: number
      }
    const before = count('passerelle_bid_unenriched_total', 'stranger').value
    await house.enrich(stranger, { buyer })
    expect(count('passerelle_bid_unenriched_total', 'stranger').value).toBe(before + 1)
    expect(count('passerelle_bid_refused_total', 'unauthorized').value).toBeGreaterThan(0)
  })
})
