import { afterAll, beforeAll, expect, test } from 'vitest'
import { mintToken, RAW_ID, TOKEN_KEYS } from '../support/mint-token.ts'
import { ConsoleWorld, fill } from './world.ts'

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
})
afterAll(() => world.close())

const PATH = '/api/namespaces/uidapi.com/token-keys'
const put = (body: object, token?: string) =>
  world.ask('PUT', PATH, { body, ...(token ? { token } : {}) })

test('keys of a source that is not declared are refused', async () => {
  expect((await put(TOKEN_KEYS)).status).toBe(404)
})

test('keys are taken, counted, and never shown again', async () => {
  await world.must('PUT', '/api/namespaces/uidapi.com', { body: { kind: 'eid', resolver: 'uid2' } })
  expect((await put(TOKEN_KEYS)).status).toBe(201)
  const { body } = await world.ask('GET', PATH)
  expect(body).toEqual({ count: 3, changedAt: expect.any(String) })
  const { secret } = TOKEN_KEYS.keys[0]!
  const records = [...world.audience.feed.current()!.kind('token-keys').values()]
  expect(JSON.stringify(records)).not.toContain(secret)
})

test('the same keys again change nothing', async () => {
  const { headers } = await world.ask('GET', PATH)
  const again = await put(TOKEN_KEYS)
  expect(again.status).toBe(200)
  expect(again.headers.get('etag')).toBe(headers.get('etag'))
})

test.each([
  ['no keys', { keys: [] }, 'keys'],
  ['a secret that is no key', { keys: [{ id: 1, secret: 'short' }] }, 'keys.0.secret'],
  ['a field nobody knows', { ...TOKEN_KEYS, extra: 1 }, 'extra'],
])('%s: refused, and the field is named', async (_, body, field) => {
  const refused = await put(body)
  expect(refused.status).toBe(400)
  expect(JSON.stringify(refused.body)).toContain(field)
})

test('keys are their source’s owner’s to give', async () => {
  expect((await put(TOKEN_KEYS, await world.key('dmp'))).status).toBe(404)
})

test('a resolver is one of four, and can be changed', async () => {
  const source = (resolver?: string) =>
    world.ask('PUT', '/api/namespaces/ids.example', {
      body: { kind: 'eid', ...(resolver ? { resolver } : {}) },
    })
  expect((await source('raw')).body.resolver).toBe('raw')
  expect((await source('none')).body.resolver).toBe('none')
  expect((await source()).body.resolver).toBeUndefined()
  expect((await source('magic')).status).toBe(400)
})

test('a person is looked up by a token as by the raw id in it; what does not open is taken as it is', async () => {
  const uid = RAW_ID.toString('base64')
  await world.import('matches', [
    { source: 'uidapi.com', uid, with: { source: 'dsp', uid: 'ann' }, ttlDays: 20 },
  ])
  const token = mintToken({ expiresMs: Date.now() + 3_600_000, privacyBits: 2 })
  const reason = 'request 4711 of the person herself'
  const lookup = (asked: string) =>
    world.ask('POST', '/api/people/lookup', { body: { source: 'uidapi.com', uid: asked, reason } })
  const { body } = await lookup(token)
  expect(body.ids).toMatchObject([
    { source: 'uidapi.com', uid },
    { source: 'dsp', uid: 'ann' },
  ])
  expect((await lookup('nothing')).body.ids).toMatchObject([{ uid: 'nothing' }])
})
