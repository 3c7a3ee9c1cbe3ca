import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CollectWorld } from './collect-world.ts'

let world: CollectWorld
beforeAll(async () => {
  world = await CollectWorld.open()
})
afterAll(() => world.close())

const of = (answer: { body: Uint8Array }) => JSON.parse(Buffer.from(answer.body).toString())

describe('ids', () => {
  test.each(['userId', 'anonymousId', 'messageId'])(
    'a number beyond 2^53 is no %s: two would be one',
    async (field) => {
      for (const number of ['9007199254740993', '-9007199254740992', '1e21']) {
        // Of a field that stands twice the last one counts.
        const body = `{"event":"x","anonymousId":"a","${field}":${number}}`
        const answer = await world.send('/v1/track', body)
        expect(answer.status).toBe(400)
        expect(of(answer).message).toContain(`${field} is a number beyond 2^53`)
      }
      expect(await world.queued()).toEqual([])
      const exact = `{"event":"x","anonymousId":"a","${field}":9007199254740991}`
      expect((await world.send('/v1/track', exact)).status).toBe(200)
      await world.queued()
    },
  )

  test.each([
    ...[' ', '{{userId}}', `\${user.id}`, '%%USER_ID%%', '<%= user.id %>', '$UID', '[UID]', 'None'],
    ...['00000000-0000-0000-0000-000000000000', '%7B%7Buser%7D%7D'],
  ])(
    '%s is nobody: as a userId it joins no visitors, and as an anonymousId it is refused',
    async (id) => {
      const beside = { event: 'x', userId: id, anonymousId: 'visitor', messageId: `m ${id}` }
      expect((await world.track(beside)).status).toBe(200)
      const events = await world.queuedEvents()
      expect(events.map(({ about, sameAs }) => [about.value, sameAs])).toEqual([
        ['visitor', undefined],
      ])
      const alone = await world.track({ anonymousId: id })
      expect(alone.status).toBe(400)
      expect(of(alone).message).toContain('anonymousId no anonymousId or userId')
    },
  )

  test('a GUID in braces is an id', async () => {
    const anonymousId = '{6F9619FF-8B86-D011-B42D-00CF4FC964FF}'
    expect((await world.track({ anonymousId })).status).toBe(200)
    await world.queued()
  })
})

describe('times', () => {
  test('what says no offset is in UTC, seconds are seconds, and no day is made up', async () => {
    const now = Math.floor(world.house.clock.now() / 1_000) - 86_400
    const plain = new Date(now * 1_000).toISOString().slice(0, 19)
    for (const timestamp of [now, String(now), now * 1_000, plain, plain.replace('T', ' ')])
      expect((await world.track({ anonymousId: 'a', timestamp })).status).toBe(200)
    const events = await world.queuedEvents()
    expect(events.map(({ atMs }) => atMs)).toEqual(Array(5).fill(now * 1_000))
    for (const timestamp of ['2026-02-30T00:00:00Z', '03/04/2026', 'foo 2026', now * 1e6]) {
      const answer = await world.track({ anonymousId: 'a', timestamp })
      expect(answer.status).toBe(400)
      expect(of(answer).message).toContain('timestamp is no date and time')
    }
  })
})

describe('consent', () => {
  test.each(['CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA', 'denied', false, 0, 1, ['x']])(
    'that is %s instead of an object cannot be read, so nothing is kept',
    async (consent) => {
      expect((await world.track({ anonymousId: 'a', context: { consent } })).status).toBe(200)
      expect(await world.queued()).toEqual([])
    },
  )
})

describe('as SDKs of apps send', () => {
  test('to /v1/import, gzipped, in chunks', async () => {
    const message = { type: 'track', event: 'x', anonymousId: 'app', messageId: 'chunked' }
    const body = gzipSync(JSON.stringify({ batch: [message], sentAt: new Date().toISOString() }))
    const headers = { 'content-encoding': 'gzip', 'transfer-encoding': 'chunked' }
    const answer = await world.send('/v1/import', body, { headers })
    expect([answer.status, of(answer)]).toEqual([200, { success: true }])
    expect(await world.queued()).toEqual(['chunked'])
  })

  test('a body in chunks has the same bound, and its sender can read why', async () => {
    const headers = { 'transfer-encoding': 'chunked' }
    const answer = await world.send('/v1/batch', 'x'.repeat(600_000), { headers })
    expect([answer.status, of(answer).reason]).toEqual([413, 'too_large'])
  })

  test('without a user in its authorization, the key in the body counts', async () => {
    const message = { event: 'x', anonymousId: 'a', writeKey: world.key, messageId: 'keyed' }
    const headers = { authorization: 'Basic Og==' }
    const answer = await world.send('/v1/track', JSON.stringify(message), { headers })
    expect(answer.status).toBe(200)
    expect(await world.queued()).toEqual(['keyed'])
  })
})
