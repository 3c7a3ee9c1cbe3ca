import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mutateJson } from '../../support/mutate-json.ts'
import { type Random, seeded } from '../../support/random.ts'
import { CollectWorld } from './collect-world.ts'

const SEED = Number(process.env['PASSERELLE_FUZZ_SEED'] ?? 20_261_126)
const BODIES = Number(process.env['PASSERELLE_FUZZ_COLLECT'] ?? 3_000)
const AT_ONCE = 16

let world: CollectWorld
beforeAll(async () => {
  world = await CollectWorld.open()
})
afterAll(() => world.close())

const SINGLE = [
  'track',
  'identify',
  'page',
  'screen',
  'group',
  'alias',
  't',
  'i',
  'p',
  's',
  'g',
  'a',
]
const BATCH = ['/v1/batch', '/v1/b', '/beacon/v1/batch']
/** What a sender of odd bodies may be told: nothing else, and never that this server failed. */
const TOLD = [200, 400, 401, 413, 415]

const ODD: unknown[] = [
  ...[null, true, 0, -1, 1e308, 1.5, '', 'x', '\u0000', '\ud800', '__proto__', 'é\u2028', [], {}],
  ...[[[]], [null], { a: { b: {} } }, 'x'.repeat(600), 'x'.repeat(40_000), '2026-02-30', '0'],
  ...[{ toString: 'x' }, { constructor: { prototype: {} } }, { length: 1e9 }, [1, [2, [3]]]],
]
const FIELDS = [
  ...['type', 'event', 'anonymousId', 'userId', 'previousId', 'groupId', 'messageId', 'timestamp'],
  ...['originalTimestamp', 'sentAt', 'properties', 'traits', 'context', 'integrations', 'writeKey'],
  ...['batch', '__proto__', 'constructor', ''],
]
const CONSENT = ['gdpr', 'gdprConsent', 'gpp', 'gppSid', 'usPrivacy', 'gpc']
const SOUND = {
  ...{ type: 'track', event: 'x', anonymousId: 'a1', userId: 'u1', previousId: 'p', groupId: 'g' },
  properties: { category: 'auto', products: [{ price: 5 }, { price: 7 }] },
  context: { consent: { gdpr: 0, gdprConsent: '', usPrivacy: '1YNN' }, page: { path: '/x' } },
  ...{ timestamp: '2026-01-01T00:00:00Z', sentAt: '2026-01-01T00:00:01Z' },
}

/** A message with some fields of odd values. */
function oddMessage(random: Random): Record<string, unknown> {
  const message: Record<string, unknown> = structuredClone(SOUND)
  for (let times = 1 + random.int(3); times > 0; times--)
    message[random.pick(FIELDS)] = random.pick(ODD)
  if (random.int(3) === 0)
    message['context'] = { consent: { [random.pick(CONSENT)]: random.pick(ODD) } }
  return message
}

interface Sent {
  path: string
  body: Buffer
  headers: Record<string, string>
  /** Message ids of what is sound in it: kept where it is answered 200. */
  sound: string[]
}

function oddDelivery(random: Random, number: number): Sent {
  const isBatch = random.int(2) === 0
  const path = isBatch ? random.pick(BATCH) : `/v1/${random.pick(SINGLE)}`
  if (!isBatch) {
    const messageId = `m-${number}`
    const isSound = random.int(4) === 0
    const single = isSound ? { ...SOUND, messageId } : oddMessage(random)
    const body = Buffer.from(JSON.stringify(single))
    const isTrack = ['track', 't'].includes(path.slice(4))
    return bent(random, { path, body, headers: {}, sound: isSound && isTrack ? [messageId] : [] })
  }
  const sound: string[] = []
  const batch = Array.from({ length: random.int(6) }, (_, i) => {
    if (random.int(2) === 0) return random.int(3) === 0 ? random.pick(ODD) : oddMessage(random)
    sound.push(`m-${number}-${i}`)
    return { ...SOUND, messageId: sound.at(-1) }
  })
  const around = random.int(4) === 0 ? { [random.pick(FIELDS)]: random.pick(ODD) } : {}
  const isKept = !('batch' in around)
  const body = Buffer.from(JSON.stringify({ batch, ...around }))
  return bent(random, { path, body, headers: {}, sound: isKept ? sound : [] })
}

/** Some as they are, some gzipped, some bent: of those nothing is known any more. */
function bent(random: Random, sent: Sent): Sent {
  const how = random.int(6)
  const gzip = { 'content-encoding': 'gzip' }
  if (how === 0) return { ...sent, body: gzipSync(sent.body), headers: gzip }
  if (how === 1) return { ...sent, body: gzipSync(sent.body) }
  const others = [Buffer.from(JSON.stringify(SOUND))]
  if (how === 2) return { ...sent, body: mutateJson(sent.body, random, others), sound: [] }
  if (how === 3) {
    const whole = gzipSync(sent.body)
    return { ...sent, body: mutateJson(whole, random, others), headers: gzip, sound: [] }
  }
  const types = ['text/plain', 'application/xml', 'multipart/form-data', '', 'é', 'x'.repeat(300)]
  const type = random.pick(types)
  return type === '' ? sent : { ...sent, headers: { 'content-type': type } }
}

describe('thousands of odd bodies', () => {
  test('are each told what is wrong, and what is sound of them is queued once where they are taken', async () => {
    const random = seeded(SEED)
    const deliveries = Array.from({ length: BODIES }, (_, i) => oddDelivery(random, i))
    const acknowledged: string[] = []
    const told = new Map<number, number>()
    const sendAll = async (from: number) => {
      for (let i = from; i < deliveries.length; i += AT_ONCE) {
        const { path, body, headers, sound } = deliveries[i]!
        const { status, body: said } = await world.send(path, body, { headers })
        told.set(status, (told.get(status) ?? 0) + 1)
        expect(TOLD, `${path} ${body.toString('latin1').slice(0, 200)} ${said}`).toContain(status)
        if (status === 200) acknowledged.push(...sound)
        else if (status === 400 && sound.length > 0)
          expect.fail(`${path} was refused with ${sound.length} sound messages: ${said}`)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, (_, lane) => sendAll(lane)))
    expect(world.house.failures).toEqual([])
    const queued = (await world.queued()).filter((id) => id.startsWith('m-'))
    expect(new Set(queued).size).toBe(queued.length)
    const kept = new Set(queued)
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(BODIES / 4)
    expect([...told.keys()].sort()).toEqual(expect.arrayContaining([200, 400]))
  }, 60_000)
})

describe('a body made to cost much', () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
  const track = (properties: string, messageId = 'm') =>
    `{"type":"track","event":"x","anonymousId":"a1","messageId":"${messageId}","properties":${properties}}`

  test('nested deep is kept as far as it is looked into, or named as too long; nothing fails', async () => {
    for (const depth of [17, 1_000, 4_000]) {
      const { status } = await world.send('/v1/track', track(nested(depth), `deep-${depth}`))
      expect([depth, status]).toEqual([depth, 200])
    }
    const lists = `${'['.repeat(80_000)}${']'.repeat(80_000)}`
    for (const bomb of [nested(70_000), `{"a":${lists}}`]) {
      const batch = `{"batch":[${track(bomb, 'bomb')},${track('{}', 'beside')}]}`
      const { status, body } = await world.send('/v1/batch', batch)
      expect(status).toBe(200)
      expect(JSON.parse(body.toString())).toMatchObject({ rejected: 1, errors: [{ message: 0 }] })
    }
    expect(world.house.failures).toEqual([])
    expect(await world.queued()).toEqual(['deep-17', 'deep-1000', 'deep-4000', 'beside', 'beside'])
  })

  test('of 100,000 properties is refused alone, and what comes with it is kept', async () => {
    const wide = `{${Array.from({ length: 40_000 }, (_, i) => `"p${i}":1`).join(',')}}`
    const batch = `{"batch":[${track(wide, 'wide')},${track('{}', 'beside')}]}`
    const { status, body } = await world.send('/v1/batch', batch)
    expect([status, JSON.parse(body.toString()).errors]).toEqual([
      200,
      [{ message: 0, field: '', reason: expect.stringContaining('32768 bytes') }],
    ])
    const hundred = `{${Array.from({ length: 100_000 }, (_, i) => `"p${i}":1`).join(',')}}`
    expect((await world.send('/v1/batch', `{"batch":[${track(hundred)}]}`)).status).toBe(413)
    expect(await world.queued()).toEqual(['beside'])
  })

  test('that inflates to more than may come is refused before it is whole', async () => {
    for (const bytes of [600_000, 200_000_000]) {
      const bomb = gzipSync(Buffer.alloc(bytes, 0x20))
      const { status, headers } = await world.send('/v1/batch', bomb)
      expect([bytes, status, headers['x-passerelle-reason']]).toEqual([bytes, 413, 'too_large'])
    }
  })

  test('that is longer than may come is refused, and nothing of it is kept', async () => {
    const some = Array.from({ length: 600 }, (_, i) => track(`{"x":"${'x'.repeat(900)}"}`, `n${i}`))
    expect((await world.send('/v1/batch', `{"batch":[${some}]}`)).status).toBe(413)
    expect(await world.queued()).toEqual([])
  })
})

describe('an odd request', () => {
  const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
    world.house.ask(method, path, { headers })

  test('from an odd origin is answered, and no header of its making comes back', async () => {
    // What is no page at all may read what became of its messages, whoever it is: lest it send them again.
    const odd = { null: '*', 'https://x.example, https://y': undefined, 'javascript:1': '*' }
    for (const [origin, allowed] of [
      ...Object.entries(odd),
      ...['é', 'x'.repeat(900)].map((other) => [other, '*'] as const),
    ]) {
      const given = Buffer.from(origin).toString('latin1')
      const { status, headers } = await ask('OPTIONS', '/v1/track', { origin: given })
      expect([origin, status, headers['access-control-allow-origin']]).toEqual([
        origin,
        204,
        allowed,
      ])
      const sent = await world.send('/v1/track', '{}', { headers: { origin: given } })
      expect([sent.status, sent.headers['access-control-allow-origin']]).toEqual([400, allowed])
    }
    const asked = { 'access-control-request-headers': 'x'.repeat(2_000) }
    const { headers } = await ask('OPTIONS', '/v1/batch', { origin: 'https://x.example', ...asked })
    expect(headers['access-control-allow-headers']).toBe('authorization, content-type')
  })

  test('by another method is told which one it is', async () => {
    for (const path of ['/v1/track', '/v1/batch', '/beacon/v1/batch'])
      for (const method of ['GET', 'PUT', 'DELETE', 'HEAD']) {
        const { status, headers } = await ask(method, path)
        expect([method, status, headers['allow']]).toEqual([
          method,
          405,
          expect.stringContaining('POST'),
        ])
      }
    expect((await ask('POST', '/c.gif')).status).toBe(405)
  })

  test('for a pixel, however its query is made, is an image or a reason', async () => {
    const random = seeded(SEED)
    const parts = [
      ...[
        `writeKey=${world.key}`,
        'anonymousId=a1',
        'event=x',
        'event=%',
        'p.=1',
        'p.a=%ff',
        'p.a=1',
      ],
      ...[
        'properties.__proto__=1',
        'timestamp=never',
        'timestamp=1e999',
        'gdpr=2',
        'gdprConsent=%00',
      ],
      ...[
        'userId=%ED%A0%80',
        '=',
        '&&',
        'event',
        '%',
        'gpp=~~~',
        'gppSid=x',
        'messageId=%0a',
        '?',
        '+',
      ],
    ]
    for (let i = 0; i < 500; i++) {
      const query = Array.from({ length: random.int(8) }, () => random.pick(parts)).join('&')
      const { status, headers } = await ask('GET', `/c.gif?${query}`)
      expect([200, 302, 400, 401], query).toContain(status)
      if (status >= 400) expect(headers['x-passerelle-reason'], query).toBeTruthy()
    }
    const many = Array.from({ length: 1_200 }, (_, i) => `p.${i}=1`).join('&')
    const sound = `writeKey=${world.key}&anonymousId=a1&event=x&messageId=pixel`
    expect((await ask('GET', `/c.gif?${sound}&${many}`)).status).toBe(200)
    expect(world.house.failures).toEqual([])
    expect(await world.queued()).toContain('pixel')
  })
})
