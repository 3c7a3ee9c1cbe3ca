import { request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { patiently } from '../support/patiently.ts'
import { type Answered, type Product, startProduct } from '../support/product.ts'

// Two bid processes, one store: a person that is erased at the desk is out of every answer of both.

const BODY = '{"id":"1","imp":[{"id":"1"}],"user":{"buyeruid":"u1"}}'
const ASKED = { source: 'dsp', uid: 'u1', reason: 'request of the person herself' }
const WEBHOOK_TOKEN = 'uid2-webhook-token-of-this-test'
/** Connections are shared out between the processes: so many reach both but for one in a million. */
const ASKS = 20

let product: Product
let key: string
beforeAll(async () => {
  const env = { PASSERELLE_WORKERS: '2', PASSERELLE_UID2_OPTOUT_TOKEN: WEBHOOK_TOKEN }
  product = await startProduct({ env })
  const put = (path: string, body: object) => product.must('PUT', `/api/${path}`, { body })
  await put('partners/dsp', { name: 'd', domain: 'd.example', roles: ['dsp'], region: 'US' })
  await put('partners/dmp', { name: 'm', domain: 'm.example', roles: ['dmp'], region: 'US' })
  const cars = { name: 'Cars', owner: 'dmp', provenance: 'third_party', ttlDays: 30 }
  await put('segments/cars', cars)
  await put('contracts/spring', {
    ...{ seller: 'dmp', buyer: 'dsp', segments: ['cars'], uses: ['bid_enrichment', 'identity'] },
    price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
    ...{ startsAt: '2020-01-01', endsAt: '2099-01-01', status: 'active' },
  })
  await put('namespaces/uidapi.com', { kind: 'eid' })
  key = (await product.must('POST', '/api/partners/dsp/keys', { body: {} })).key
}, 240_000)
afterAll(() => product?.stop())

/** One request on a connection of its own; its reason, or '' where the person's segment was added. */
function ask(body = BODY): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}`, 'content-length': Buffer.byteLength(body) }
    const where = { port: product.gatewayPort, path: '/openrtb2/enrich', method: 'POST' }
    const sent = request({ ...where, host: '127.0.0.1', agent: false, headers }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(String(answer.headers['x-passerelle-reason'] ?? '')))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const all = (body?: string) => Promise.all(Array.from({ length: ASKS }, () => ask(body)))
const served = (body?: string) =>
  patiently(async () => expect(new Set(await all(body))).toEqual(new Set([''])))

/** Asks until nobody is served any more for a while; when the last was, from now, in ms. */
async function lastServedMs(body?: string): Promise<number> {
  const sinceMs = performance.now()
  let lastMs = sinceMs
  while (performance.now() - lastMs < 1_500) {
    const answers = await all(body)
    if (answers.includes('')) lastMs = performance.now()
    else expect(new Set(answers)).toEqual(new Set(['opted_out']))
  }
  return lastMs - sinceMs
}

test('an erasure is out of every answer within a second, names who was told, and stays', async () => {
  const lines = [{ source: 'dsp', uid: 'u1', add: ['cars'] }]
  await product.must('POST', '/api/memberships', { lines })
  await served()
  await patiently(async () => {
    const { egress } = await product.must('POST', '/api/people/export', { body: ASKED })
    expect(egress).toMatchObject([{ recipient: 'dsp', channel: 'bid', segments: ['cars'] }])
  })
  const erased = await product.must('POST', '/api/people/erase', { body: ASKED })
  expect(erased).toMatchObject({ ids: 1, segments: 1, recipients: [{ recipient: 'dsp' }] })
  expect(await lastServedMs()).toBeLessThan(1_000)
  const again = await product.must('POST', '/api/memberships', { lines })
  expect(again).toMatchObject({ accepted: 0, rejected: 1 })
  expect(new Set(await all())).toEqual(new Set(['opted_out']))
}, 120_000)

test('an opt-out at UID2 is felt by the bid path within a second, at every id it is joined with', async () => {
  const raw = 'ywsvDNINiZOVSsfkHpLpSJzXzhr6Jx9Z/4Q0+lsEUvM='
  const joined = { source: 'dsp', uid: 'u2', with: { source: 'uidapi.com', uid: raw } }
  await product.must('POST', '/api/memberships', {
    lines: [{ source: 'dsp', uid: 'u2', add: ['cars'] }],
  })
  await product.must('POST', '/api/matches', { lines: [joined] })
  const body = BODY.replace('u1', 'u2')
  await served(body)
  const url = `http://127.0.0.1:${product.edgePort}/uid2/optout?user=${encodeURIComponent(raw)}`
  const headers = { authorization: `Bearer ${WEBHOOK_TOKEN}` }
  const told: Answered = await fetch(url, { headers })
  expect(told.status).toBe(200)
  expect(await lastServedMs(body)).toBeLessThan(1_000)
}, 120_000)
