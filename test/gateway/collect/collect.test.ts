import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type CollectedEvent, unpackEvent } from '../../../audience/events/collected-event.ts'
import { QueueFull } from '../../../audience/store/event-stores.ts'
import { StoreFailed } from '../../../audience/store/store-failed.ts'
import { EdgeHouse, OPERATOR } from '../../support/edge-house.ts'

let house: EdgeHouse
let key: string
let europe: string

const PARTNER = { name: 'x', domain: 'x.example', roles: ['dmp'], region: 'US', gvlId: 21 }
const SOURCE = {
  name: 'Shop',
  kind: 'web',
  owner: 'dmp',
  namespaces: { anonymousId: 'shop.anon', userId: 'shop.user' },
  properties: { 'properties.email': 'hash', 'properties.card': 'drop', 'context.ip': 'drop' },
}
const TRAITS: Record<string, string> = {
  auto: 'event == "Products Searched" AND properties.category == "auto"',
  dear: 'properties.products.price >= 100',
  card: 'properties.card exists OR context.ip exists',
  email: 'properties.email == "a@b.fr"',
  hashed: 'properties.email matchesregex "^[0-9a-f]{64}$"',
  pro: 'type == "identify" AND traits.plan == "pro"',
}

beforeAll(async () => {
  house = await EdgeHouse.open({ edgeUrl: 'https://edge.example:444' })
  const { desk } = house.exchange
  await desk.putPartner(OPERATOR, { id: 'dmp', body: PARTNER })
  await desk.putSource(OPERATOR, { id: 'shop', body: SOURCE })
  await desk.putSource(OPERATOR, { id: 'europe', body: { ...SOURCE, gdprDefault: 1 } })
  for (const [id, when] of Object.entries(TRAITS))
    await desk.putTrait(OPERATOR, { id, body: { name: id, owner: 'dmp', when, ttlDays: 30 } })
  key = (await desk.createSourceKey(OPERATOR, { source: 'shop', body: {} })).key
  europe = (await desk.createSourceKey(OPERATOR, { source: 'europe', body: {} })).key
})
afterAll(() => house.close())
beforeEach(async () => {
  await queued()
})

/** What was queued since it was last asked. */
async function queued(): Promise<CollectedEvent[]> {
  const { events } = house.store
  const found = await events.read(1_000)
  await events.ack(found.map(({ id }) => id))
  return found.map(({ body }) => unpackEvent(body)!)
}

const traitIds = (event: CollectedEvent | undefined) =>
  event?.traits.map((number) => Object.keys(TRAITS)[number - 1]).sort()

const basic = (of = key) => `Basic ${Buffer.from(`${of}:`).toString('base64')}`

async function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = { authorization: basic() },
) {
  const raw = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  const answer = await house.ask('POST', path, { headers, body: raw })
  const said = JSON.parse(answer.body.toString())
  return { status: answer.status, headers: answer.headers, said }
}

const TRACK = {
  anonymousId: 'a1',
  event: 'Products Searched',
  properties: { query: 'clio', category: 'auto' },
  messageId: 'm1',
}

describe('a message', () => {
  test('is answered once whom it is about and what it shows are queued, and nothing else of it', async () => {
    const got = await post('/v1/track', TRACK)
    expect([got.status, got.said]).toEqual([200, { success: true }])
    const [body] = await house.store.events.read(1)
    expect(Buffer.from(body!.body).toString()).not.toMatch(/clio|auto|Searched/)
    const [event] = await queued()
    expect(event).toMatchObject({ source: 'shop', messageId: 'm1', about: { value: 'a1' } })
    expect(traitIds(event)).toEqual(['auto'])
  })

  test('comes to every endpoint, by its long name and its short one', async () => {
    const shows = { anonymousId: 'a1', properties: { products: [{ price: 5 }, { price: 200 }] } }
    for (const path of ['track', 't', 'page', 'p', 'screen', 's', 'group', 'g'])
      expect([
        path,
        (await post(`/v1/${path}`, { ...shows, event: 'x', groupId: 'g' })).status,
      ]).toEqual([path, 200])
    await post('/v1/identify', { userId: 'u1', traits: { plan: 'pro' } })
    await post('/v1/i', { userId: 'u1', anonymousId: 'a1' })
    await post('/v1/alias', { userId: 'u1', previousId: 'a2' })
    const events = await queued()
    expect(events.map(traitIds)).toEqual([...Array(8).fill(['dear']), ['pro'], [], []])
    const joins = events.slice(-2).map(({ about, sameAs }) => [about.value, sameAs?.value])
    expect(joins).toEqual([
      ['u1', 'a1'],
      ['u1', 'a2'],
    ])
  })

  test('of many in one batch, each says itself what it is; the bad ones are named, the others kept', async () => {
    const batch = [
      { type: 'track', ...TRACK },
      { type: 'tracc', anonymousId: 'a1' },
      { type: 'track', anonymousId: 'a1' },
      { type: 'track', event: 'x' },
      { type: 'page', anonymousId: 'a\u0000' },
      { type: 'page', anonymousId: 'a1', timestamp: 'yesterday' },
      { ...TRACK, type: 'track', anonymousId: 'a2', properties: { category: 'x'.repeat(40_000) } },
    ]
    const { status, said } = await post('/v1/batch', { batch, writeKey: key }, {})
    expect([status, said.success, said.rejected]).toEqual([200, true, 6])
    expect(
      said.errors.map((error: { message: number; field: string }) => [error.message, error.field]),
    ).toEqual([
      [1, 'type'],
      [2, 'event'],
      [3, 'anonymousId'],
      [4, 'anonymousId'],
      [5, 'timestamp'],
      [6, ''],
    ])
    expect(await queued()).toHaveLength(1)
  })

  test('is believed as to when it happened, less what the sender’s clock is off, and never the future', async () => {
    const nowMs = house.clock.now()
    const iso = (ms: number) => new Date(ms).toISOString()
    const day = 86_400_000
    const times = [
      { timestamp: iso(nowMs - 3_600_000) },
      { timestamp: iso(nowMs + 5 * day - 60_000), sentAt: iso(nowMs + 5 * day) },
      { originalTimestamp: iso(nowMs - 9 * day - 60_000), sentAt: iso(nowMs - 9 * day) },
      { timestamp: iso(nowMs + day) },
      { originalTimestamp: null, timestamp: iso(nowMs - 7_200_000) },
    ]
    for (const time of times) await post('/v1/track', { ...TRACK, ...time })
    const ages = (await queued()).map(({ atMs }) =>
      Math.max(0, Math.round((nowMs - atMs) / 60_000)),
    )
    expect(ages).toEqual([60, 1, 1, 0, 120])
    const old = await post('/v1/track', { ...TRACK, timestamp: iso(nowMs - 500 * day) })
    expect([old.status, old.said.message]).toEqual([400, expect.stringContaining('timestamp')])
  })

  test('loses what its source drops before anything is asked of it, and is asked of the hash of what it hashes', async () => {
    const properties = { ...TRACK.properties, email: 'a@b.fr', card: { number: '4111' } }
    await post('/v1/track', { ...TRACK, properties, context: { ip: '192.0.2.1' } })
    expect((await queued()).map(traitIds)).toEqual([['auto', 'hashed']])
  })

  test('that names nobody is refused', async () => {
    for (const anonymousId of ['', 'null', 'undefined', null, {}, 0]) {
      const { status } = await post('/v1/track', { ...TRACK, anonymousId })
      expect([anonymousId, status]).toEqual([anonymousId, 400])
    }
  })
})

test('what a tracking plan keeps out is named in the answer, and is no failure', async () => {
  const { desk } = house.exchange
  const events = { 'Order Completed': { properties: { total: { type: 'number' } } } }
  const plan = { name: 'Plan', owner: 'dmp', sources: ['shop'], mode: 'block', events }
  await desk.putTrackingPlan(OPERATOR, { id: 'shop', body: plan })
  const bad = { ...TRACK, event: 'Order Completed', properties: { total: 'much' } }
  const one = await post('/v1/track', bad)
  const problems = [{ field: 'properties.total', reason: 'must be number' }]
  const blocked = { mode: 'block', problems }
  expect([one.status, one.said]).toEqual([
    200,
    { success: true, unplanned: [{ message: 0, ...blocked }] },
  ])
  const batch = [bad, TRACK].map((message) => ({ type: 'track', ...message }))
  const many = await post('/v1/batch', { batch })
  expect(many.said).toEqual({ success: true, unplanned: [{ message: 0, ...blocked }] })
  expect((await queued()).map(traitIds)).toEqual([['auto']])
  expect(house.count('passerelle_collect_unplanned_total', { mode: 'block' })).toBe(2)
  await desk.deleteTrackingPlan(OPERATOR, { id: 'shop' })
})

describe('a body', () => {
  test('is read by its content: gzip, text and forms that hold JSON', async () => {
    const json = JSON.stringify({ batch: [{ type: 'track', ...TRACK }] })
    const form = { authorization: basic(), 'content-type': 'application/x-www-form-urlencoded' }
    await post('/v1/batch', gzipSync(json), { ...form, 'content-encoding': 'gzip' })
    await post('/v1/batch', gzipSync(json), { authorization: basic() })
    await post('/v1/b', json, { ...form, 'content-type': 'text/plain' })
    await post(`/beacon/v1/batch?writeKey=${key}`, json, { 'content-type': 'text/plain' })
    expect(await queued()).toHaveLength(4)
  })

  test('that is none, or too much of it, is refused with its reason', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const wide = JSON.stringify({
      ...TRACK,
      properties: Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`p${i}`, i])),
    })
    const bomb = gzipSync(Buffer.alloc(20_000_000, 0x20))
    const auth = { authorization: basic() }
    const gzip = { ...auth, 'content-encoding': 'gzip' }
    const asked: [string, string | Uint8Array, Record<string, string>, number, string][] = [
      ['/v1/track', '{', auth, 400, 'not_json'],
      ['/v1/track', '[]', auth, 400, 'not_object'],
      ['/v1/track', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), auth, 400, 'not_utf8'],
      ['/v1/track', deep, auth, 400, 'not_object'],
      ['/v1/batch', '{"batch":{}}', auth, 400, 'no_batch'],
      ['/v1/batch', bomb, gzip, 413, 'too_large'],
      ['/v1/batch', 'plain', gzip, 400, 'bad_gzip'],
      ['/v1/batch', '{}', { ...auth, 'content-encoding': 'br' }, 415, 'unknown_coding'],
      [
        '/v1/batch',
        JSON.stringify({ batch: Array(2_501).fill({}) }),
        auth,
        413,
        'too_many_messages',
      ],
      [
        '/v1/track',
        JSON.stringify({ ...TRACK, x: 'x'.repeat(33_000) }),
        auth,
        413,
        'message_too_large',
      ],
      ['/v1/track', JSON.stringify(TRACK), {}, 401, 'unknown_write_key'],
      [
        '/v1/track',
        JSON.stringify(TRACK),
        { authorization: basic('wk_none') },
        401,
        'unknown_write_key',
      ],
    ]
    for (const [path, body, headers, status, reason] of asked) {
      const got = await post(path, body, headers)
      expect([reason, got.status, got.headers['x-passerelle-reason']]).toEqual([
        reason,
        status,
        reason,
      ])
      expect(got.said).toMatchObject({ success: false, reason, message: expect.any(String) })
    }
    const origin = 'https://news.example'
    const answer = await post('/v1/track', wide, { ...auth, origin })
    expect(answer.status).toBe(413)
    // A page's SDK may read why: else it would take it for a network that failed, and send it again.
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'x-passerelle-reason': 'too_large',
    })
    expect(answer.said).toMatchObject({ success: false, reason: 'too_large' })
    expect(await queued()).toEqual([])
  })

  test('with a property named __proto__ does no harm', async () => {
    const body = `{"anonymousId":"a1","event":"x","properties":{"__proto__":{"category":"auto"}}}`
    expect((await post('/v1/track', body)).status).toBe(200)
    expect(({} as Record<string, unknown>)['category']).toBeUndefined()
  })
})

describe('consent', () => {
  const kept = async (more: object, headers: Record<string, string> = {}, of = key) => {
    const sent = { authorization: basic(of), ...headers }
    expect((await post('/v1/track', { ...TRACK, ...more }, sent)).status).toBe(200)
    return (await queued()).length
  }
  const consent = (of: object) => ({ context: { consent: of } })

  test('that is denied keeps nothing, and the sender is told that all is well', async () => {
    expect(await kept({})).toBe(1)
    expect(await kept({}, { 'sec-gpc': '1' })).toBe(0)
    expect(await kept({}, { 'sec-gpc': '1, 1' })).toBe(0)
    expect(await kept(consent({ gpc: 'true' }))).toBe(0)
    expect(await kept(consent({ gpc: 'false' }))).toBe(1)
    expect(await kept(consent({ gdpr: 1 }))).toBe(0)
    expect(await kept(consent({ gdpr: 0 }), {}, europe)).toBe(1)
    expect(await kept({}, {}, europe)).toBe(0)
    expect(await kept(consent({ usPrivacy: '1YYN' }))).toBe(0)
    expect(await kept(consent({ usPrivacy: '1YNN' }))).toBe(1)
    expect(await kept(consent({ gdpr: { applies: true } }))).toBe(0)
    expect(await kept(consent({ gdpr: 1, gdprConsent: 'unreadable' }))).toBe(0)
  })

  test('is asked of each message of a batch for itself', async () => {
    const batch = [
      { type: 'track', ...TRACK },
      { type: 'track', ...TRACK, ...consent({ gdpr: '1' }) },
    ]
    await post('/v1/batch', { batch })
    expect(await queued()).toHaveLength(1)
  })
})

describe('a third party’s source', () => {
  const DENIED = 'passerelle_collect_denied_total'
  const denied = (reason: string) => house.count(DENIED, { reason })

  test('is answered as ever once its contract is paused; nothing is kept, and it is counted why', async () => {
    const { desk } = house.exchange
    await desk.putPartner(OPERATOR, { id: 'feeds', body: { ...PARTNER, domain: 'f.example' } })
    const feed = { name: 'Feed', owner: 'feeds', provenance: 'first_party', ttlDays: 30 }
    await desk.putSegment(OPERATOR, { id: 'feed', body: feed })
    const terms = { seller: 'feeds', buyer: 'dmp', segments: ['feed'], uses: ['modeling'] }
    const days = { startsAt: '2020-01-01', endsAt: '2099-01-01' }
    const contract = { ...terms, ...days, price: { kind: 'free' } }
    await desk.putContract(OPERATOR, { id: 'feed', body: { ...contract, status: 'active' } })
    const licensed = { ...SOURCE, provenance: 'third_party', contract: 'feed' }
    await desk.putSource(OPERATOR, { id: 'licensed', body: licensed })
    const trait = { name: 'seen', owner: 'dmp', when: 'event exists', ttlDays: 30 }
    await desk.putTrait(OPERATOR, { id: 'seen', body: { ...trait, source: 'licensed' } })
    const { key: feedKey } = await desk.createSourceKey(OPERATOR, { source: 'licensed', body: {} })
    const authorization = { authorization: basic(feedKey) }
    expect((await post('/v1/track', TRACK, authorization)).said).toEqual({ success: true })
    expect(await queued()).toHaveLength(1)

    await desk.putContract(OPERATOR, { id: 'feed', body: { ...contract, status: 'paused' } })
    const batch = [1, 2].map((n) => ({ ...TRACK, type: 'track', messageId: `n${n}` }))
    const counted = denied('contract_not_live')
    expect((await post('/v1/batch', { batch }, authorization)).said).toEqual({ success: true })
    expect(await queued()).toEqual([])
    expect(denied('contract_not_live') - counted).toBe(2)
  })
})

describe('a browser', () => {
  test('is let ask with its own headers, from any page', async () => {
    const headers = {
      origin: 'https://shop.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,sentat',
    }
    const { status, headers: said } = await house.ask('OPTIONS', '/v1/t', { headers })
    expect([status, said['access-control-allow-origin']]).toEqual([204, 'https://shop.example'])
    expect(said['access-control-allow-headers']).toBe('authorization,content-type,sentat')
  })

  test('is let ask from apps and sandboxed frames, whose origin is no address, without cookies', async () => {
    for (const origin of ['null', 'capacitor://localhost', 'file://']) {
      const asked = { origin, 'access-control-request-method': 'POST' }
      const { headers: before } = await house.ask('OPTIONS', '/v1/batch', { headers: asked })
      const { headers: said } = await post('/v1/t', TRACK, { origin, authorization: basic() })
      for (const cors of [before, said]) {
        expect([origin, cors['access-control-allow-origin']]).toEqual([origin, '*'])
        expect(cors['access-control-allow-credentials']).toBeUndefined()
      }
    }
  })

  test('is given settings that lead back here, for a key that exists', async () => {
    const settings = await house.ask('GET', `/v1/projects/${key}/settings`, { headers: {} })
    expect(JSON.parse(settings.body.toString()).integrations['Segment.io']).toEqual({
      ...{ apiKey: key, apiHost: 'edge.example:444/v1', protocol: 'https' },
    })
    const unknown = await house.ask('GET', '/v1/projects/wk_none/settings', { headers: {} })
    expect(unknown.status).toBe(404)
  })

  test('may load a pixel, whose query is the message', async () => {
    const query = `writeKey=${key}&anonymousId=a1&event=Products%20Searched&p.category=auto`
    const { status, headers } = await house.ask('GET', `/c.gif?${query}`, { headers: {} })
    expect([status, headers['content-type']]).toEqual([200, 'image/png'])
    expect((await queued()).map(traitIds)).toEqual([['auto']])
    await house.ask('GET', `/c.gif?${query}&gdpr=1`, { headers: {} })
    expect(await queued()).toEqual([])
  })
})

describe('trouble', () => {
  test('is told as such, with when to try again, and nothing is half kept', async () => {
    const { events } = house.store
    const append = events.append.bind(events)
    const troubles = { 429: new QueueFull(3), 503: new StoreFailed('disk full') }
    for (const [status, error] of Object.entries(troubles)) {
      events.append = () => Promise.reject(error)
      const got = await post('/v1/track', TRACK)
      expect([got.status, got.headers['retry-after']]).toEqual([Number(status), '2'])
      expect(JSON.stringify(got.said)).not.toContain('disk')
    }
    events.append = append
    expect((await post('/v1/track', TRACK)).status).toBe(200)
  })

  test('did not come by itself', () => {
    expect(house.failures).toEqual([])
  })
})
