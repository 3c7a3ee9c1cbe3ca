import { deflateSync, gzipSync } from 'node:zlib'
import type { Data } from 'iab-openrtb/v26'
import protobuf from 'protobufjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeTcString } from '../../../bench/tc-string.ts'
import { BID_LIMITS } from '../../../gateway/bid/limits.ts'
import { messageField, textField } from '../../../proto/message-fields.ts'
import { BidHouse, caseWorld } from '../../support/bid-house.ts'
import { type EdgeWires, openEdgeWires } from '../../support/edge-wires.ts'
import { encodeJson, ownType } from '../../support/openrtb-message.ts'

// Clients that exist, each knowing nothing of us: what their golden cases (test/cases/wires) do not say.

/** Yes to everybody. */
const TC_YES = writeTcString({ createdDay: 20_500, vendorsMax: 60, has: () => true })
const IFA = '6d92078a-8246-4ba4-ae5b-76104861e7dc'
/** As Beeswax publishes it: written here anew, so that it is not our own schema that is asked. */
const AUGMENT = protobuf.parse(
  `syntax = "proto2"; package augment;
  message AugmentorRequest { optional bytes bid_request = 1; }
  message OwnRequest { optional BidRequest bid_request = 1; }
  message BidRequest {
    optional string id = 1; optional Device device = 5; optional User user = 6; optional Regs regs = 14;
  }
  message Device {
    optional int32 dnt = 1; optional Geo geo = 4; optional bool lmt = 20; optional string hwv = 21;
    optional int32 w = 22; optional int32 h = 23; optional double pxratio = 25; optional string ifa = 26;
  }
  message Geo { optional string country = 3; }
  message User { optional string id = 1; optional string buyeruid = 2; repeated Eid eids = 9; optional bytes ext = 1000; }
  message Eid { optional string source = 1; repeated Uid uids = 2; }
  message Uid { optional string id = 1; }
  message Regs { optional int32 coppa = 1; optional RegsExt ext = 1000; }
  message RegsExt { optional int32 gdpr = 1; optional string gdpr_consent_string = 2; }
  message AugmentorResponse { repeated Segment segments = 1; repeated Macro dynamic_macros = 2; }
  message Segment { optional string id = 1; optional string value = 2; optional float multiplier = 3; }
  message Macro { optional string name = 1; optional string value = 2; }`,
  { keepCase: true },
).root

let house: BidHouse
let edge: EdgeWires
let key: string
let token: string

beforeAll(async () => {
  house = await BidHouse.open()
  const world = caseWorld()
  Object.assign(world.contracts['hill-north']!, { externalIds: { cars: 'HILLKEY-8' } })
  await house.settle(world)
  key = house.keys.get('north-dsp')!
  const body = { scopes: ['wire:xandr'] }
  const { desk } = house.exchange
  token = (await desk.createKey({ operator: true }, { partner: 'north-dsp', body })).key
  await house.audience.poke()
  edge = await openEdgeWires(house)
})

afterAll(async () => {
  await edge.close()
  await house.close()
})

const bearer = () => ({ authorization: `Bearer ${key}` })

describe('GET /v2/targeting, of Optable', () => {
  const ask = async (tail: string, headers: Record<string, string> = bearer()) => {
    const { status, body } = await house.get(`/v2/targeting${tail}`, headers)
    return { status, told: body.length > 0 ? JSON.parse(body.toString()) : undefined }
  }
  const NOTHING = { status: 200, told: { audience: [], ortb2: { user: {} } } }

  test('knows people by devices, and by the first of the asker’s own ids', async () => {
    expect((await ask(`?id=a:${IFA}&gdpr=0`)).told.audience[0].ids).toEqual([{ id: 'travel' }])
    expect((await ask('?id=c1:driver&id=c2:golfer&gdpr=0')).told.audience).toHaveLength(1)
    expect(await ask('?id=e:driver&id=zz:driver&id=driver&gdpr=0')).toEqual(NOTHING)
  })

  test('names Data objects of one provider apart, since its client merges by their ids', async () => {
    const { told } = await ask('?id=c:golfer&gdpr=0&country=USA')
    const written = (told.ortb2.user.data as Data[]).map(({ id, segment, ext }) => [
      id,
      segment!.map((one) => one.id),
      ext ?? {},
    ])
    const expected = [
      ['data-lake', ['golf'], {}],
      ['data-lake:4', ['530'], { segtax: 4 }],
      ['data-lake:own', ['boats'], { seats: ['seat-7'] }],
    ]
    expect(new Set(written)).toEqual(new Set(expected))
    expect(told.audience.map(({ keyspace }: { keyspace: string }) => keyspace)).toEqual(
      written.map(([id]) => id),
    )
  })

  test('reads sections of the GPP as Prebid Server Java writes them', async () => {
    const us = 'DBABLA~BVQqAAAAAgA.QA'
    const withSections = (sid: string) => ask(`?id=c:driver&gdpr=0&gpp=${us}&gpp_sid=${sid}`)
    expect((await withSections('Optional[7]')).told).toEqual((await withSections('7')).told)
    expect((await withSections('Optional.empty')).told.audience).toHaveLength(1)
    expect(await withSections('Optional[seven]')).toEqual(NOTHING)
    expect(await withSections('Optional[8]')).toEqual(NOTHING)
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
})

describe('POST /prebid/scope3', () => {
  test('lets pages ask whether they may', async () => {
    const url = `http://127.0.0.1:${edge.port}/prebid/scope3`
    const headers = { origin: 'https://shop.example', 'access-control-request-method': 'POST' }
    const answer = await fetch(url, { method: 'OPTIONS', headers })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example')
    expect(answer.headers.get('access-control-allow-headers')).toContain('x-scope3-auth')
  })

  test('an ortb2 that stands twice is one: of its privacy the strictest counts', async () => {
    const asked = '"ortb2":{"user":{"buyeruid":"driver"}}'
    const given = async (first: string) => {
      const headers = { 'x-scope3-auth': key }
      const url = `http://127.0.0.1:${edge.port}/prebid/scope3`
      const answer = await fetch(url, { method: 'POST', headers, body: `{${first},${asked}}` })
      return ((await answer.json()) as { aee_signals: { include: string[] } }).aee_signals.include
    }
    expect(await given('"ortb2":{}')).toHaveLength(1)
    expect(await given('"ortb2":{"regs":{"coppa":1}}')).toEqual([])
  })

  test.each([
    [401, 'unauthorized', '{}'],
    [413, 'too_large', ' '.repeat(BID_LIMITS.bodyBytesMax + 1)],
  ])('lets them read why they are refused: %i', async (status, reason, body) => {
    const url = `http://127.0.0.1:${edge.port}/prebid/scope3`
    const headers = { origin: 'https://shop.example', 'x-scope3-auth': 'nobody' }
    const answer = await fetch(url, { method: 'POST', headers, body })
    const header = (name: string) => answer.headers.get(name)
    expect([answer.status, header('x-passerelle-reason')]).toEqual([status, reason])
    expect(header('access-control-allow-origin')).toBe('https://shop.example')
    expect(header('access-control-expose-headers')).toContain('x-passerelle-reason')
  })
})

describe('a bid request under Beeswax’ own numbers', () => {
  const SCREEN = { hwv: '5S', w: 1, h: 1080, pxratio: 2 }
  const ask = async (request: object) => {
    const type = AUGMENT.lookupType('augment.OwnRequest')
    const message = type.encode(type.fromObject({ bid_request: { id: '1', ...request } })).finish()
    const told = await house.post('/augment', message, { 'beeswax-auth-secret': key })
    return [told.status, told.headers['x-passerelle-reason'] ?? told.body.toString().slice(4)]
  }

  test('names people by their device, eids and the id of its buyer', async () => {
    expect(await ask({ device: { ...SCREEN, ifa: IFA } })).toEqual([200, 'travel'])
    expect(await ask({ device: SCREEN, user: { buyeruid: 'driver' } })).toEqual([200, 'HILLKEY-8'])
    const eids = [{ source: 'pubcid.org', uids: [{ id: 'nobody-known' }] }]
    expect(await ask({ user: { eids } })).toEqual([204, 'stranger'])
    expect(await ask({ user: {} })).toEqual([204, 'no_ids'])
  })

  const user = { buyeruid: 'driver' }
  test.for<[string, object, string]>([
    ['a device that limits tracking', { device: { ...SCREEN, lmt: true } }, 'denied_lmt'],
    ['one that is not to be tracked', { device: { ...SCREEN, dnt: 1 } }, 'denied_dnt'],
    ['a child', { regs: { coppa: 1 } }, 'denied_coppa'],
    ['the GDPR, without a string', { regs: { ext: { gdpr: 1 } } }, 'denied_tcf_no_string'],
    [
      'a string that cannot be read',
      { regs: { ext: { gdpr: 1, gdpr_consent_string: '?' } } },
      'denied_tcf_unreadable',
    ],
    ['a country of the EEA', { device: { geo: { country: 'FRA' } } }, 'denied_tcf_no_string'],
  ])('is nothing to be answered with for %s', async ([, more, reason]) => {
    expect(await ask({ user, ...more })).toEqual([204, reason])
  })

  test('is answered where a consent string says yes', async () => {
    const regs = { ext: { gdpr: 1, gdpr_consent_string: TC_YES } }
    expect(await ask({ user, regs })).toEqual([200, 'HILLKEY-8'])
  })

  test('under the numbers of the IAB means what it means elsewhere', async () => {
    const kwarray = messageField(
      6,
      Buffer.concat(['sports', 'news'].map((one) => textField(9, one))),
    )
    const send = async (device: object) => {
      const request = encodeJson(ownType(), { id: '1', user, device })
      const message = messageField(1, Buffer.concat([request, kwarray]))
      const told = await house.post('/augment', message, { 'beeswax-auth-secret': key })
      return [told.status, told.headers['x-passerelle-reason']]
    }
    expect(await send({ ifa: IFA, lmt: true })).toEqual([204, 'denied_lmt'])
    expect(await send({ ifa: IFA, lmt: false })).toEqual([200, undefined])
  })
})

describe('a body in gzip', () => {
  const JSON_BID = JSON.stringify({ id: '1', imp: [{ id: '1' }], user: { buyeruid: 'driver' } })
  const MESSAGE = messageField(1, encodeJson(ownType(), JSON.parse(JSON_BID)))

  test.for<[string, () => Record<string, string>, string | Uint8Array]>([
    ['/artf/mutations', bearer, `{"id":"q","bid_request":${JSON_BID}}`],
    ['/prebid/scope3', () => ({ 'x-scope3-auth': key }), JSON_BID],
    ['/augment', () => ({ 'beeswax-auth-secret': key }), MESSAGE],
  ])(
    'is read on %s as it is elsewhere; other codings and bombs are refused by name',
    async ([path, named, body]) => {
      const ask = async (bytes: string | Uint8Array, coding = '') => {
        const headers = coding === '' ? named() : { ...named(), 'content-encoding': coding }
        if (!path.startsWith('/prebid')) {
          const told = await house.post(path, bytes, headers)
          return [told.status, told.headers['x-passerelle-reason'] ?? null, `${told.body}`]
        }
        const url = `http://127.0.0.1:${edge.port}${path}`
        const answer = await fetch(url, { method: 'POST', headers, body: Buffer.from(bytes) })
        return [answer.status, answer.headers.get('x-passerelle-reason'), await answer.text()]
      }
      const plain = await ask(body)
      expect(plain).toEqual([200, null, expect.stringContaining('HILLKEY-8')])
      expect(await ask(gzipSync(body), 'GZIP')).toEqual(plain)
      expect(await ask(gzipSync(body))).toEqual(plain)
      expect(await ask(deflateSync(body), 'deflate')).toEqual([415, 'unknown_coding', ''])
      expect(await ask(body, 'gzip')).toEqual([400, 'bad_gzip', ''])
      expect(await ask(gzipSync(Buffer.alloc(5_000_000)), 'gzip')).toEqual([413, 'too_large', ''])
    },
  )
})
