import protobuf from 'protobufjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../../audience/clock.ts'
import { openBidRooms } from '../../../gateway/bid/open-bid-rooms.ts'
import { scope3Routes } from '../../../gateway/dropin/drop-in-routes.ts'
import type { Door } from '../../../gateway/http/door.ts'
import { openNodeDoor } from '../../../gateway/http/open-node-door.ts'
import { BidHouse, caseWorld } from '../../support/bid-house.ts'
import { encodeJson, ownType } from '../../support/openrtb-message.ts'

// Clients that exist, asked and answered as they expect it; each knows nothing of us.

const IFA = '6d92078a-8246-4ba4-ae5b-76104861e7dc'
/** As Beeswax publishes it: written here anew, so that it is not our own schema that is asked. */
const AUGMENT = protobuf.parse(
  `syntax = "proto2"; package augment;
  message AugmentorRequest { optional bytes bid_request = 1; }
  message AugmentorResponse { repeated Segment segments = 1; repeated Macro dynamic_macros = 2; }
  message Segment { optional string id = 1; optional string value = 2; optional float multiplier = 3; }
  message Macro { optional string name = 1; optional string value = 2; }`,
  { keepCase: true },
).root

let house: BidHouse
let bids: ReturnType<typeof openBidRooms>
let edge: Door
let key: string
let token: string

beforeAll(async () => {
  house = await BidHouse.open()
  const world = caseWorld()
  Object.assign(world.contracts['hill-north']!, { externalIds: { cars: 'HILLKEY-8' } })
  world.contracts['hill-ids'] = {
    ...{ seller: 'data-hill', buyer: 'north-dsp', segments: ['cars'], uses: ['identity'] },
  }
  await house.settle(world)
  key = house.keys.get('north-dsp')!
  const body = { scopes: ['wire:xandr'] }
  const { desk } = house.exchange
  token = (await desk.createKey({ operator: true }, { partner: 'north-dsp', body })).key
  await house.audience.poke()
  const { audience, exchange, usage, egress, matchCounts, metrics } = house
  bids = openBidRooms({
    ...{ audience, exchange, usage, egress, matchCounts, metrics, clock: systemClock },
    ...{ gvl: undefined, ownGvlId: undefined, domain: 'gateway.example' },
  })
  const routes = scope3Routes(bids.rooms)
  edge = await openNodeDoor({ host: '127.0.0.1', port: 0, routes, clock: systemClock })
})

afterAll(async () => {
  await edge.close(100)
  bids.close()
  await house.close()
})

const bearer = () => ({ authorization: `Bearer ${key}` })

describe('GET /v2/targeting, of Optable', () => {
  const ask = async (tail: string, headers: Record<string, string> = bearer()) => {
    const { status, body } = await house.get(`/v2/targeting${tail}`, headers)
    return { status, told: body.length > 0 ? JSON.parse(body.toString()) : undefined }
  }
  const NOTHING = { status: 200, told: { audience: [], ortb2: { user: {} } } }

  test('is answered with audiences and what is to be merged', async () => {
    const asked = '?t=tenant&o=origin&id=c%3Adriver&gdpr=0&timeout=100ms&osdk=prebid-server'
    const { status, told } = await ask(asked)
    expect(status).toBe(200)
    expect(told).toEqual({
      audience: [{ provider: 'hill.example', ids: [{ id: 'HILLKEY-8' }], keyspace: 'data-hill' }],
      ortb2: {
        user: { data: [{ id: 'data-hill', name: 'hill.example', segment: [{ id: 'HILLKEY-8' }] }] },
      },
    })
  })

  test('takes a query that begins with &, and no other path', async () => {
    expect((await ask('&id=v:driver&gdpr=0')).told.audience).toHaveLength(1)
    expect((await ask('ted?id=v:driver')).status).toBe(404)
  })

  test('knows people by devices, and by the first of the asker’s own ids', async () => {
    expect((await ask(`?id=a:${IFA}&gdpr=0`)).told.audience[0].ids).toEqual([{ id: 'travel' }])
    expect((await ask('?id=c1:driver&id=c2:golfer&gdpr=0')).told.audience).toHaveLength(1)
    expect(await ask('?id=e:driver&id=zz:driver&id=driver&gdpr=0')).toEqual(NOTHING)
  })

  test('says 200 to strangers, and to those who say no', async () => {
    expect(await ask('?id=c:nobody&gdpr=0')).toEqual(NOTHING)
    expect(await ask('')).toEqual(NOTHING)
    expect(await ask('?id=c:driver&gdpr=1&gdpr_consent=')).toEqual(NOTHING)
    expect(await ask('?id=c:driver&gdpr=maybe')).toEqual(NOTHING)
  })

  test('reads sections of the GPP as Prebid Server Java writes them', async () => {
    const us = 'DBABLA~BVQqAAAAAgA.QA'
    const withSections = (sid: string) => ask(`?id=c:driver&gdpr=0&gpp=${us}&gpp_sid=${sid}`)
    expect((await withSections('Optional[7]')).told).toEqual((await withSections('7')).told)
    expect((await withSections('Optional.empty')).told.audience).toHaveLength(1)
    expect(await withSections('Optional[seven]')).toEqual(NOTHING)
    expect(await withSections('Optional[8]')).toEqual(NOTHING)
  })

  test('needs a key', async () => {
    expect((await ask('?id=c:driver', {})).status).toBe(401)
    expect((await ask('?id=c:driver', { authorization: `Bearer ${token}` })).status).toBe(401)
  })
})

describe('GET /xandr/<wire token>', () => {
  const ask = async (query: string, path = token) => {
    const { status, body } = await house.get(`/xandr/${path}${query}`, {})
    return { status, text: body.toString() }
  }

  test('is a line for each segment, by the code its buyer knows it by', async () => {
    expect(await ask('?uid=driver&gdpr=0')).toEqual({ status: 200, text: 'HILLKEY-8\n' })
    const golf = await ask('?uid=golfer&gdpr=0&country=USA')
    expect(golf.text.split('\n').sort()).toEqual(['', '530', 'boats', 'golf'])
  })

  test('is one empty line where there is nothing, or the person says no', async () => {
    const nothing = { status: 200, text: '\n' }
    for (const query of [
      '?uid=nobody',
      '?uid=%24%7BUID%7D',
      '',
      '?uid=driver&gdpr=1',
      '?uid=driver&us_privacy=1YYN',
    ])
      expect(await ask(query)).toEqual(nothing)
  })

  test('says that it is ready', async () => {
    expect(await ask('', `${token}/ready`)).toEqual({ status: 200, text: '1\n' })
    expect((await ask('', 'somebody/ready')).status).toBe(401)
  })

  test('takes a token of its own scope, which opens nothing else', async () => {
    expect((await ask('?uid=driver', key)).status).toBe(401)
    expect((await house.enrich('{"id":"1"}', { buyer: token })).status).toBe(401)
  })
})

describe('POST /augment, of Beeswax', () => {
  const asMessage = (request: object) =>
    AUGMENT.lookupType('augment.AugmentorRequest')
      .encode({ bid_request: encodeJson(ownType(), request) })
      .finish()
  const ask = (body: Uint8Array, secret = key) =>
    house.post('/augment', body, {
      'content-type': 'application/x-protobuf',
      'beeswax-auth-secret': secret,
    })
  const bidOf = (buyeruid: string, more: object = {}) => ({
    ...{ id: '1', imp: [{ id: '1' }], user: { buyeruid }, regs: { gdpr: 0 }, ...more },
  })

  test('is answered with segments by the ids the contract names', async () => {
    const { status, headers, body } = await ask(asMessage(bidOf('driver')))
    expect([status, headers['content-type']]).toEqual([200, 'application/x-protobuf'])
    const told = AUGMENT.lookupType('augment.AugmentorResponse').decode(body).toJSON()
    expect(told).toEqual({ segments: [{ id: 'HILLKEY-8' }] })
  })

  test('is answered 204 where there is nothing, or the person says no', async () => {
    for (const request of [bidOf('nobody'), bidOf('driver', { regs: { coppa: 1 } })]) {
      const { status, body } = await ask(asMessage(request))
      expect([status, body.length]).toEqual([204, 0])
    }
  })

  test('is refused where it is none, or nobody’s', async () => {
    const cut = asMessage(bidOf('driver'))
    expect((await ask(cut.subarray(0, cut.length - 3))).status).toBe(400)
    expect((await ask(new Uint8Array(0))).headers['x-passerelle-reason']).toBe('no_bid_request')
    expect((await ask(Buffer.from([0x08, 0x01]))).status).toBe(400)
    expect((await ask(cut, 'nobody')).status).toBe(401)
  })
})

describe('POST /prebid/scope3', () => {
  const ask = async (body: object | string, auth = key) => {
    const url = `http://127.0.0.1:${edge.port}/prebid/scope3`
    const sent = typeof body === 'string' ? body : JSON.stringify(body)
    const headers = { 'x-scope3-auth': auth, 'content-type': 'application/json' }
    const answer = await fetch(url, { method: 'POST', headers, body: sent })
    const text = await answer.text()
    return { status: answer.status, told: text === '' ? undefined : JSON.parse(text).aee_signals }
  }
  const user = { buyeruid: 'driver' }
  const include = ['data-hill:HILLKEY-8']
  const own = { 'north-dsp': { segments: include, deals: ['cars-deal', 'not-travel-deal'] } }

  test('answers Prebid Server with bidders in an array', async () => {
    const request = { id: '1', imp: [{ id: '1' }], user }
    expect(await ask(request)).toEqual({
      status: 200,
      told: { include, exclude: [], bidders: [own] },
    })
  })

  test('answers a page with bidders in an object', async () => {
    const ortb2 = { imp: [{ id: 'ad-unit' }], user }
    const page = { orgId: 'o', ortb2, bidders: ['x'], timestamp: 1, source: 'prebid-rtd' }
    expect(await ask(page)).toEqual({ status: 200, told: { include, exclude: [], bidders: own } })
    const nobody = { ...page, ortb2: {} }
    expect((await ask(nobody)).told).toEqual({ include: [], exclude: [], bidders: {} })
  })

  test('says nothing of who says no, and nothing to who has no key', async () => {
    const request = { id: '1', imp: [{ id: '1' }], user, regs: { coppa: 1 } }
    expect((await ask(request)).told).toEqual({ include: [], exclude: [], bidders: [] })
    expect((await ask(request, 'nobody')).status).toBe(401)
    expect((await ask('{"ortb2":')).status).toBe(400)
  })

  test('lets pages ask whether they may', async () => {
    const url = `http://127.0.0.1:${edge.port}/prebid/scope3`
    const headers = { origin: 'https://shop.example', 'access-control-request-method': 'POST' }
    const answer = await fetch(url, { method: 'OPTIONS', headers })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example')
    expect(answer.headers.get('access-control-allow-headers')).toContain('x-scope3-auth')
  })
})
