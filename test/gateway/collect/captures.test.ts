import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { corpusPath } from '../../support/corpus.ts'
import { EdgeHouse, OPERATOR } from '../../support/edge-house.ts'

// What SDKs were seen to send, sent once more, header by header; where this machine has such captures.

interface Captured {
  method: string
  url: string
  headers: Record<string, string>
  body: string
}

const CAPTURES = ['browser-analytics-next-capture.json', 'node-sdk-capture.json']
const captured = CAPTURES.flatMap((name) => {
  const path = corpusPath(`tracking/${name}`)
  return path ? (JSON.parse(readFileSync(path, 'utf8')) as Captured[]) : []
})
/** So that there is one where there is no corpus. */
const OWN: Captured = {
  ...{ method: 'POST', url: '/v1/t', headers: { 'content-type': 'text/plain' } },
  body: '{"type":"track","event":"Product Added","anonymousId":"a1","messageId":"m1","timestamp":"2026-11-22T01:00:20.540Z","writeKey":"WK","sentAt":"2026-11-22T01:00:20.541Z"}',
}

let house: EdgeHouse
let key: string
beforeAll(async () => {
  house = await EdgeHouse.open({ edgeUrl: 'https://edge.example' })
  const { desk } = house.exchange
  await house.partners({ dmp: { roles: ['dmp'] } })
  const namespaces = { anonymousId: 'shop.anon', userId: 'shop.user' }
  const source = { name: 'Shop', kind: 'web', owner: 'dmp', namespaces }
  await desk.putSource(OPERATOR, { id: 'shop', body: source })
  const trait = { name: 'Anything', owner: 'dmp', when: 'messageId exists', ttlDays: 30 }
  await desk.putTrait(OPERATOR, { id: 'any', body: trait })
  key = (await desk.createSourceKey(OPERATOR, { source: 'shop', body: {} })).key
})
afterAll(() => house.close())

test.each([OWN, ...captured])(
  '$method $url is taken in, every message of it',
  async ({ method, url, headers, body }) => {
    const json = body === '' ? undefined : JSON.parse(body)
    const sent = {
      ...headers,
      ...(headers['authorization'] ? { authorization: `Basic ${btoa(`${key}:`)}` } : {}),
    }
    delete (sent as Record<string, string>)['content-length']
    delete (sent as Record<string, string>)['host']
    const text = json && JSON.stringify(json.writeKey ? { ...json, writeKey: key } : json)
    const bytes = headers['content-encoding'] === 'gzip' ? gzipSync(text) : text
    const path = url.replace('/WK/', `/${key}/`)
    const { status, body: said } = await house.ask(method, path, { headers: sent, body: bytes })
    expect(status).toBe(200)
    if (json === undefined) return
    expect(JSON.parse(said.toString())).toEqual({ success: true })
    const queued = await house.store.events.read(100)
    await house.store.events.ack(queued.map(({ id }) => id))
    expect(queued).toHaveLength(json.batch?.length ?? 1)
  },
)
