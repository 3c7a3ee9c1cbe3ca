import type { Metadata } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../../audience/clock.ts'
import { ARTF_SERVICES } from '../../../gateway/artf/artf-routes.ts'
import { artfProtobuf } from '../../../gateway/artf/artf-wire.ts'
import { INTENTS, type Intent } from '../../../gateway/artf/intents.ts'
import { createBidHandler } from '../../../gateway/bid/handle-bid.ts'
import { openBidRooms } from '../../../gateway/bid/open-bid-rooms.ts'
import { messageField, numberField, textField } from '../../../proto/message-fields.ts'
import { ArtfClient, encodeBidRequest, encodeRtb, TLS } from '../../support/artf-client.ts'
import { BidHouse, caseWorld } from '../../support/bid-house.ts'

let house: BidHouse
let client: ArtfClient
let key: string

beforeAll(async () => {
  house = await BidHouse.open({ artfDataSegments: true })
  await house.settle(caseWorld())
  client = new ArtfClient(house.gateway.grpcPort!)
  key = house.keys.get('north-dsp')!
})

afterAll(async () => {
  client.close()
  await house.close()
})

const requestOf = (buyeruid: string, more: object = {}) => ({
  id: 'r1',
  imp: [{ id: '1' }, { id: '2' }],
  user: { buyeruid },
  ...more,
})

const ask = (bid_request: object, intents: Intent[] = []) =>
  client.mutations(
    encodeRtb({ bid_request, applicable_intents: intents.map((one) => INTENTS[one]) } as object),
    { key },
  )

const [ADD, REMOVE, REPLACE] = [1, 2, 3]
const withDeal = (deal: object) => ({ imp: [{ id: '1', pmp: { deals: [deal] } }] })

describe('GetMutations', () => {
  test('segments and deals of a known person come as mutations, under either name of the service', async () => {
    for (const service of ARTF_SERVICES) {
      const bytes = encodeRtb({ bid_request: requestOf('driver') })
      const told = await client.mutations(bytes, { key, service })
      expect(told.id).toBe('q1')
      expect(told.metadata).toEqual({
        api_version: '1.0',
        model_version: String(house.exchange.catalog()!.version),
      })
      const deals = { id: ['cars-deal', 'not-travel-deal'] }
      expect(told.mutations).toMatchObject([
        { intent: 1, op: ADD, path: '/user/data/segment', ids: { id: ['data-hill:cars'] } },
        { intent: 2, op: ADD, path: '/imp/1', ids: deals },
        { intent: 2, op: ADD, path: '/imp/2', ids: deals },
      ])
    }
  })

  test('a stranger, a person who says no and one with nothing to give get none, and no error', async () => {
    for (const request of [
      requestOf('nobody'),
      requestOf('driver', { regs: { coppa: true } }),
      requestOf('driver', { regs: { gpp_sid: [7], gpp: 'DBABMA~' } }),
      requestOf('driver', { regs: { ext: { gpc: '1' } } }),
      requestOf('driver', { regs: { old_ext: { us_privacy: '1YYN' } } }),
      requestOf('driver', { device: { lmt: true } }),
      { id: 'r1', imp: [{ id: '1' }] },
    ])
      expect((await ask(request)).mutations).toEqual([])
  })

  test('why nothing is given is said beside the answer, over gRPC and in JSON; and nothing where something is', async () => {
    const reasonFor = async (bid_request: object) => {
      let told: unknown
      const onStatus = (metadata: Metadata) => (told = metadata.get('x-passerelle-reason')[0])
      await client.mutations(encodeRtb({ bid_request }), { key, onStatus })
      const { headers } = await house.post('/artf/mutations', JSON.stringify({ bid_request }), {
        authorization: `Bearer ${key}`,
      })
      expect(headers['x-passerelle-reason']).toBe(told)
      return told
    }
    expect(await reasonFor(requestOf('nobody'))).toBe('stranger')
    expect(await reasonFor(requestOf('driver', { regs: { coppa: 1 } }))).toBe('denied_coppa')
    expect(await reasonFor(requestOf('driver'))).toBeUndefined()
  })

  test('only intents that apply are given, and only what is given is paid for', async () => {
    const usesBefore = await unitsOf('hill-north')
    expect((await ask(requestOf('driver'), ['ADD_CIDS', 'BID_SHADE'])).mutations).toEqual([])
    const deals = await ask(requestOf('driver'), ['ACTIVATE_DEALS'])
    expect(deals.mutations.map(({ intent }) => intent)).toEqual([2, 2])
    expect(await unitsOf('hill-north')).toBe(usesBefore)
    const segments = await ask(requestOf('driver'), ['ACTIVATE_SEGMENTS'])
    expect(segments.mutations.map(({ intent }) => intent)).toEqual([1])
    expect(await unitsOf('hill-north')).toBe(usesBefore + 1)
  })

  test('what the request holds already is not proposed again', async () => {
    const data = [{ name: 'hill.example', segment: [{ id: 'cars' }] }]
    const request = { ...requestOf('driver'), user: { buyeruid: 'driver', data } }
    expect((await ask(request, ['ACTIVATE_SEGMENTS'])).mutations).toEqual([])
  })

  test('what is billed on notice is left out, as no mutation carries a token', async () => {
    const told = await ask(requestOf('stage'), ['ACTIVATE_SEGMENTS'])
    expect(told.mutations.map(({ ids }) => ids)).toEqual([{ id: ['north-dsp:buyers-own'] }])
  })

  test('a deal of ours that is not to be had is suppressed; others are left alone', async () => {
    const request = (id: string, buyeruid: string) => ({
      ...requestOf(buyeruid),
      ...withDeal({ id, bidfloor: 2.5, bidfloorcur: 'EUR' }),
    })
    const suppress: Intent[] = ['SUPPRESS_DEALS', 'ADJUST_DEAL_FLOOR']
    const gone = { intent: 3, op: REMOVE, path: '/imp/1', ids: { id: ['cars-deal'] } }
    expect((await ask(request('cars-deal', 'golfer'), suppress)).mutations).toMatchObject([gone])
    expect((await ask(request('cars-deal', 'nobody'), suppress)).mutations).toMatchObject([gone])
    for (const [id, person] of [
      ['cars-deal', 'driver'],
      ['bazaar-deal', 'driver'],
      ['a-deal-of-others', 'golfer'],
    ] as const)
      expect((await ask(request(id, person), suppress)).mutations).toEqual([])
  })

  test('the floor of a deal of ours is put right, in the currency it was made in', async () => {
    const floor = (deal: object) =>
      ask({ ...requestOf('driver'), ...withDeal({ id: 'cars-deal', ...deal }) }, [
        'ADJUST_DEAL_FLOOR',
      ])
    expect((await floor({ bidfloor: 1, bidfloorcur: 'EUR' })).mutations).toMatchObject([
      {
        intent: 4,
        op: REPLACE,
        path: '/imp/1/pmp/deals/cars-deal',
        adjust_deal: { bidfloor: 2.5 },
      },
    ])
    expect((await floor({ bidfloor: 1, bidfloorcur: 'USD' })).mutations).toEqual([])
  })

  test('segments that name their provider are given to who asks for them by name', async () => {
    const told = await ask(requestOf('golfer'), ['ADD_DATA_SEGMENT_WITH_EMBEDDINGS'])
    expect(told.mutations).toMatchObject([{ intent: 9, op: ADD, path: '/user/data' }])
    const [own, node] = told.mutations[0]!.data_segments!.data
    const segment = (id: string) => messageField(3, textField(1, id))
    const head = [textField(1, 'data-lake'), textField(2, 'lake.example')]
    expect(own).toEqual(Buffer.concat([...head, segment('golf')]))
    expect(node).toEqual(Buffer.concat([...head, segment('530')]))
    expect((await ask(requestOf('golfer'))).mutations[0]!.intent).toBe(1)
  })

  test('what the text of the specification has in other places than the schema is no fault', async () => {
    const [ext, tmax] = [messageField(3, Buffer.from([8, 1])), numberField(6, 5_000)]
    const bidRequest = messageField(4, encodeBidRequest(requestOf('driver')))
    const bytes = Buffer.concat([ext, tmax, bidRequest])
    const { mutations } = await client.mutations(bytes, { key, service: ARTF_SERVICES[1] })
    expect(mutations.length).toBeGreaterThan(0)
  })

  test('a bid request in two parts is one', async () => {
    const [a, b] = [{ id: 'r1' }, { user: { buyeruid: 'driver' } }].map(encodeBidRequest)
    const bytes = Buffer.concat([textField(2, 'q2'), messageField(4, a!), messageField(4, b!)])
    const told = await client.mutations(bytes, { key })
    expect(told).toMatchObject({ id: 'q2', mutations: [{ ids: { id: ['data-hill:cars'] } }] })
  })

  test.for<[string, number, string, Uint8Array, string?]>([
    ['bytes that are no message', 3, 'not_protobuf', Buffer.from([0xff])],
    ['a bid request that is cut off', 3, 'not_protobuf', messageField(4, Buffer.from([0x32, 9]))],
    ['a group', 3, 'not_protobuf', Buffer.from([0x0b])],
    ['no bid request', 3, 'no_bid_request', textField(2, 'q')],
    ['a bid request without an id', 3, 'no_id', messageField(4, Buffer.alloc(0))],
    ['no key', 16, 'unauthorized', encodeRtb({ bid_request: requestOf('driver') }), ''],
  ])('%s: refused with status %i, %s', async ([, code, reason, bytes, asKey = key]) => {
    const failed = client.mutations(bytes, { key: asKey })
    await expect(failed).rejects.toMatchObject({ code })
    const error = await failed.catch((one) => one)
    expect(error.metadata.get('x-passerelle-reason')).toEqual([reason])
  })

  test('a call whose time is over is answered with that; a store that is late, with no mutations', async () => {
    const ask = async (timeout: string, isSlow: boolean) => {
      const { audience, exchange, usage, egress, matchCounts, metrics } = house
      const slow = {
        userKeys: () => audience.userKeys(),
        recall: () => new Promise(() => {}),
      } as unknown as typeof audience
      const { rooms, close } = openBidRooms({
        ...{ audience: isSlow ? slow : audience, exchange, usage, egress, matchCounts, metrics },
        ...{ clock: systemClock, gvl: undefined, ownGvlId: undefined, domain: 'gateway.example' },
      })
      const handle = createBidHandler(
        { ...rooms, overload: { isBehind: false } },
        artfProtobuf({ mayNameProvider: false }),
      )
      const body = encodeRtb({ bid_request: requestOf('driver'), tmax: 60_000 } as object)
      const sent = await new Promise<{ status: number; body: Buffer }>((resolve) => {
        const asked = { method: 'POST', path: '', query: '', body, keepBody: () => body }
        const headers = [`Bearer ${key}`, timeout]
        const arrivedMs = systemClock.elapsed()
        handle(
          { ...asked, headers, arrivedMs, remote: () => '' },
          {
            done: false,
            send: (status, _, got = '') =>
              resolve({ status, body: Buffer.from(got as Uint8Array) }),
            onAbort() {},
          },
        )
      })
      close()
      return sent
    }
    expect((await ask('0m', false)).status).toBe(504)
    const late = await ask('200m', true)
    expect([late.status, late.body.includes('data-hill:cars')]).toEqual([200, false])
    expect((await ask('60000m', false)).body.length).toBeGreaterThan(late.body.length)
  })

  test('a message that is too long: RESOURCE_EXHAUSTED', async () => {
    const failed = client.mutations(Buffer.alloc(300 * 1024), { key })
    await expect(failed).rejects.toMatchObject({ code: 8 })
  })
})

describe('over TLS, and in health', () => {
  test('the same is served over TLS', async () => {
    const safe = await BidHouse.open({ tls: TLS })
    await safe.settle(caseWorld())
    const secure = new ArtfClient(safe.gateway.grpcPort!, { isTls: true })
    const bytes = encodeRtb({ bid_request: requestOf('driver') })
    const told = await secure.mutations(bytes, { key: safe.keys.get('north-dsp')! })
    expect(told.mutations[0]!.ids).toEqual({ id: ['data-hill:cars'] })
    secure.close()
    await safe.close()
  })

  test('the standard health service answers, once and watched', async () => {
    const check = (service: string) =>
      client.call('/grpc.health.v1.Health/Check', service ? textField(1, service) : Buffer.alloc(0))
    for (const service of ['', ...ARTF_SERVICES])
      expect(await check(service)).toEqual(Buffer.from([0x08, 1]))
    await expect(check('other')).rejects.toMatchObject({ code: 5 })
    const watched = client.watch('/grpc.health.v1.Health/Watch', Buffer.alloc(0))
    const [first] = await new Promise<Buffer[]>((resolve) =>
      watched.once('data', (got: Buffer) => resolve([got])),
    )
    expect(first).toEqual(Buffer.from([0x08, 1]))
    watched.on('error', () => {})
    watched.cancel()
  })
})

/** Units counted so far under a contract, once all were written. */
async function unitsOf(contract: string): Promise<number> {
  let units = 0
  await vi.waitFor(async () => {
    await house.usage.meter.flush()
    units = 0
    for (const record of house.ledger.records)
      if (record.kind === 'delivered')
        for (const line of record.lines) if (line.contract === contract) units += line.units
  })
  return units
}

describe('POST /artf/mutations', () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    house.post('/artf/mutations', body, { authorization: `Bearer ${key}`, ...headers })

  test('a bid request that stands twice is one: of its privacy the strictest counts', async () => {
    const [asked, coppa] = ['{"id":"r","user":{"buyeruid":"driver"}}', '{ "regs": { "coppa": 1 } }']
    const given = async (...parts: string[]) =>
      JSON.parse((await post(`{"id":"q",${parts.join()}}`)).body.toString()).mutations.length
    expect(await given(`"bid_request":${asked}`, '"bidRequest":{ }')).toBe(1)
    expect(await given(`"bid_request":${coppa}`, `"bid_request":${asked}`)).toBe(0)
    expect(await given(`"bidRequest":${coppa}`, `"bid_request":${asked}`)).toBe(0)
  })

  test('the same in JSON, names in either case, flags in either spelling', async () => {
    const request = '"imp":[{"id":"1"}],"user":{"buyeruid":"driver"}'
    for (const text of [
      `{"id":"q","bid_request":{"id":"r",${request},"test":0},"applicable_intents":["ACTIVATE_SEGMENTS"]}`,
      `{"id":"q","bidRequest":{"id":"r",${request},"test":false},"applicableIntents":[1]}`,
    ]) {
      const { status, headers, body } = await post(text)
      expect([status, headers['content-type']]).toEqual([200, 'application/json'])
      expect(JSON.parse(body.toString())).toEqual({
        id: 'q',
        mutations: [
          {
            intent: 'ACTIVATE_SEGMENTS',
            op: 'OPERATION_ADD',
            path: '/user/data/segment',
            ids: { id: ['data-hill:cars'] },
          },
        ],
        metadata: { api_version: '1.0', model_version: expect.any(String) },
      })
    }
  })

  test.for<[string, string]>([
    ['"usPrivacy":"1YYN"', 'denied_us_privacy'],
    ['"ext":{"usPrivacy":"1YYN"}', 'denied_us_privacy'],
    ['"us_privacy":"1YNN","usPrivacy":"1YYN"', 'denied_us_privacy'],
    ['"gppSid":[7]', 'denied_gpp_missing'],
    ['"ext":{"gppSid":["7"]}', 'denied_gpp_missing'],
  ])('what forbids counts as ProtoJSON calls it, too: %s', async ([regs, reason]) => {
    const request = `{"id":"r","user":{"buyeruid":"driver"},"regs":{${regs}}}`
    const { headers, body } = await post(`{"id":"q","bidRequest":${request}}`)
    expect(headers['x-passerelle-reason']).toBe(reason)
    expect(JSON.parse(body.toString()).mutations).toEqual([])
  })

  test.for<[string, number, string]>([
    ['{"id":"q"}', 400, 'no_bid_request'],
    ['{"id":"q","bid_request":{}}', 400, 'no_id'],
    ['{"id":"q","bid_request":7}', 400, 'not_object'],
    ['[]', 400, 'not_json'],
    ['{', 400, 'not_json'],
  ])('%s: %i, %s', async ([body, status, reason]) => {
    const got = await post(body)
    expect([got.status, got.headers['x-passerelle-reason']]).toEqual([status, reason])
  })

  test('without a key: 401', async () => {
    expect((await post('{}', { authorization: 'Bearer nobody' })).status).toBe(401)
  })
})
