import { expect, test } from 'vitest'
import { systemClock } from '../../audience/clock.ts'
import { StoreUnreachable } from '../../audience/store/redis/store-unreachable.ts'
import { apiDoorRoutes } from '../../console/api/dispatch.ts'
import { IdempotentReplies } from '../../console/api/idempotent-replies.ts'
import type { ApiRoute } from '../../console/api/route.ts'
import { OPERATOR } from '../../console/sign-in/caller.ts'
import type { Answer, Ask } from '../../gateway/http/door.ts'

const thing: ApiRoute = {
  method: 'GET',
  path: '/api/things/{id}',
  operationId: 'getThing',
  summary: 'A thing.',
  permission: 'side',
  answers: { 200: { says: 'The thing.' } },
  handle({ params }) {
    if (params['id'] === 'far') throw new StoreUnreachable('down')
    if (params['id'] === 'full')
      throw Object.assign(new Error('no space left on device, write'), { code: 'ENOSPC' })
    if (params['id'] === 'broken') throw new Error('a bug, with an id of a person in it')
    return { status: 200, body: params }
  },
}

async function ask(path: string, isReady = true) {
  const route = apiDoorRoutes({
    routes: [thing],
    authenticate: () => OPERATOR,
    idempotent: new IdempotentReplies(systemClock),
    isReady: () => isReady,
  }).find((one) => one.path === '/api/*')!
  const sent: { status?: number; headers?: readonly string[]; body?: string } = {}
  const answer: Answer = {
    done: false,
    send: (status, headers, body) => {
      Object.assign(sent, { status, headers, body: String(body) })
    },
    onAbort: () => {},
  }
  const headers = route.wants.map(() => '')
  const body = new Uint8Array(0)
  const request = { method: 'GET', path, query: '', headers, body, arrivedMs: 0 }
  const { keepBody, remote } = { keepBody: () => body, remote: () => '127.0.0.1' }
  await route.handle({ ...request, keepBody, remote } satisfies Ask, answer)
  return sent
}

test('a path is matched by its segments, decoded', async () => {
  expect((await ask('/api/things/a%2Fb')).body).toBe('{"id":"a/b"}')
  expect((await ask('/api/things/a/b')).status).toBe(404)
  expect((await ask('/api/things/')).status).toBe(404)
})

test('without a catalog whoever asks is told to come again', async () => {
  const { status, headers } = await ask('/api/things/a', false)
  expect([status, headers]).toEqual([503, expect.arrayContaining(['retry-after', 'starting'])])
})

test('a full disk is 503, and says so', async () => {
  const { status, body } = await ask('/api/things/full')
  expect([status, JSON.parse(body!).detail]).toEqual([503, 'no space left on device, write'])
})

test('a store out of reach is 503, and says so', async () => {
  const { status, body } = await ask('/api/things/far')
  expect([status, JSON.parse(body!).type]).toEqual([503, 'urn:passerelle:problem:unavailable'])
})

test('what is no refusal is left to the door, which tells the client nothing of it', async () => {
  await expect(ask('/api/things/broken')).rejects.toThrow('a bug')
})
