import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { sha256Of } from '../../audience/identity/normalize-pii.ts'
import { patiently } from '../support/patiently.ts'
import { type Product, startProduct } from '../support/product.ts'
import { startRedisServer } from '../support/redis-server.ts'

// Addresses and numbers go in by every way there is, and are found again in no file, log, Redis or answer.

const closers: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

const EMAIL = 'Canary.Bell@Aviary.test'
const PLAIN = EMAIL.toLowerCase()
const PHONE = '+33 1 99 00 47 11'
const E164 = '+33199004711'
const NAME = 'Zanarivogel'
/** An id, which is found: the search does find what is there. */
const CONTROL = 'control-of-the-canaries'

/** Every way in which they could be read, or be found by whoever has a list of addresses. */
const FORMS: readonly Buffer[] = [
  ...[EMAIL, PLAIN, EMAIL.replace('@', '%40'), PLAIN.replace('@', '%40')],
  ...[PHONE, E164, E164.slice(1), encodeURIComponent(E164), NAME],
  ...[PLAIN, E164].map(sha256Of),
  ...[PLAIN, E164].map((text) => Buffer.from(sha256Of(text), 'hex').toString('base64')),
  ...[EMAIL, PLAIN, E164, NAME].map((text) => Buffer.from(text).toString('base64').slice(0, -3)),
]
  .map((text) => Buffer.from(text))
  .concat([PLAIN, E164].map((text) => Buffer.from(sha256Of(text), 'hex')))

const stores = {
  'the embedded store': async () => undefined,
  Redis: async () => {
    const redis = await startRedisServer()
    closers.push(() => redis.stop())
    return redis
  },
}

describe.each(Object.entries(stores))('over %s', (_, storeOf) => {
  test('no canary is found outside the vault, and what is in it is read by whoever may', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'passerelle-canaries-'))
    closers.push(() => rmSync(dataDir, { recursive: true, force: true }))
    const keyDir = mkdtempSync(join(tmpdir(), 'passerelle-keys-'))
    closers.push(() => rmSync(keyDir, { recursive: true, force: true }))
    const keyFile = join(keyDir, 'keys.json')
    const keys = { k1: randomBytes(32).toString('base64') }
    writeFileSync(keyFile, JSON.stringify({ current: 'k1', keys }))
    const redis = await storeOf()
    const product = await startProduct({
      ...(redis ? { store: redis.url } : {}),
      dataDir,
      env: { PASSERELLE_VAULT_KEYS: keyFile, PASSERELLE_REGION: 'FRA' },
    })
    closers.push(() => product.stop())
    const answers = await everyWayIn(product)
    const asked = { source: 'email', uid: EMAIL }
    await patiently(async () => {
      const found = await product.must('POST', '/api/people/lookup', { body: asked })
      expect(found.withheld.ids).toBeGreaterThanOrEqual(3)
    })
    const wanted = { fields: ['email', 'phone', 'firstName'], purpose: 'sms' }
    const body = { source: 'shop.user', uid: 'u1', reason: 'the test reads its own', ...wanted }
    await patiently(async () => {
      const { values } = await product.must('POST', '/api/people/reveal', { body })
      const told = values.map(({ value }: { value: string }) => value).sort()
      expect(told).toEqual([E164, EMAIL, NAME].sort())
    })
    answers.push(JSON.stringify(await product.must('GET', '/api/audit?limit=200')))
    answers.push(await (await fetch(`http://127.0.0.1:${product.consolePort}/metrics`)).text())
    answers.push(product.said())
    await product.stop()
    const files = [dataDir, ...(redis ? [redis.folder] : [])].flatMap(filesIn)
    for (const form of FORMS)
      for (const answer of answers)
        expect(answer.includes(form.toString()), `${form} in ${answer}`).toBe(false)
    let isControlFound = false
    for (const path of files) {
      const bytes = readFileSync(path)
      isControlFound ||= bytes.includes(CONTROL)
      for (const form of FORMS) expect(bytes.includes(form), `${form} in ${path}`).toBe(false)
    }
    expect(isControlFound).toBe(true)
  }, 240_000)
})

/** Sends the canaries, rightly and wrongly, and answers what was said to each. */
async function everyWayIn(product: Product): Promise<string[]> {
  const put = (path: string, body: object) => product.must('PUT', `/api/${path}`, { body })
  for (const [id, roles] of [
    ['dsp', ['dsp']],
    ['dmp', ['dmp']],
  ] as const)
    await put(`partners/${id}`, { name: id, domain: `${id}.example`, roles, region: 'FR' })
  await put('sources/shop', {
    ...{ name: 'Shop', kind: 'web', owner: 'dmp', vault: ['email', 'phone', 'firstName'] },
    namespaces: { anonymousId: 'shop.anon', userId: 'shop.user' },
  })
  await put('segments/cars', {
    ...{ name: 'Cars', owner: 'dmp', provenance: 'first_party', ttlDays: 30 },
  })
  const trait = { name: 'Searched', owner: 'dmp', when: 'event == "searched"', ttlDays: 30 }
  await put('traits/searched', trait)
  await put('trackingplans/plan', {
    ...{ name: 'Plan', owner: 'dmp', sources: ['shop'], mode: 'warn' },
    ...{ unplannedEvents: 'quarantine', events: { searched: {} } },
  })
  const { key } = await product.must('POST', '/api/sources/shop/keys', { body: {} })
  const buyer = (await product.must('POST', '/api/partners/dsp/keys', { body: {} })).key
  return [
    ...(await byEvents(product, key)),
    ...(await byImports(product)),
    ...(await byBids(product, buyer)),
  ]
}

async function byEvents({ edgePort }: Product, writeKey: string): Promise<string[]> {
  const authorization = `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`
  const post = async (path: string, body: object) => {
    const url = `http://127.0.0.1:${edgePort}/v1/${path}`
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization },
      body: JSON.stringify(body),
    })
    return answer.text()
  }
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${edgePort}${path}`, { redirect: 'manual' })
    return `${answer.status} ${[...answer.headers].join()} ${await answer.text()}`
  }
  const traits = { email: EMAIL, phone: PHONE, firstName: NAME }
  const asUser = await post('identify', { userId: 'u1', anonymousId: 'a1', traits })
  expect(asUser).toBe('{"success":true}')
  const asId = await post('identify', { userId: EMAIL, traits })
  expect(asId).toContain('looks like an e-mail address')
  const pixel = await get(
    `/c.gif?writeKey=${writeKey}&anonymousId=a1&p.mail=${encodeURIComponent(EMAIL)}`,
  )
  expect(pixel).toContain('personal_in_url')
  return [
    ...[asUser, asId, pixel],
    await post('track', {
      ...{ anonymousId: 'a1', event: 'searched', messageId: EMAIL },
      ...{ properties: { email: EMAIL, nested: [{ phone: E164 }] }, context: { traits } },
    }),
    await post('track', {
      anonymousId: 'a1',
      event: 'unplanned',
      properties: { email: EMAIL, phone: PHONE },
      context: { traits },
    }),
    await post('track', { anonymousId: E164, event: 'searched' }),
    await post('alias', { userId: 'u1', previousId: PLAIN }),
    await post('batch', { batch: [{ type: 'identify', anonymousId: 'a2', traits }, { x: EMAIL }] }),
    await get(`/c.gif?writeKey=${writeKey}&userId=${encodeURIComponent(PHONE)}&event=searched`),
    await get(`/setuid?bidder=dsp&uid=${encodeURIComponent(EMAIL)}`),
    await get(`/match?p=dsp&uid=${encodeURIComponent(EMAIL)}&ts=1&s=x`),
  ]
}

async function byImports(product: Product): Promise<string[]> {
  const send = async (path: string, lines: object[]) =>
    JSON.stringify(await product.must('POST', `/api/${path}`, { lines }))
  const contact = { source: 'email', uid: EMAIL }
  const hashed = { source: 'phone_sha256', uid: sha256Of(E164) }
  const matches = await send('matches', [
    { source: 'dsp', uid: CONTROL, with: contact },
    { source: 'dsp', uid: 'd1', with: hashed },
    { source: 'dsp', uid: EMAIL, with: { source: 'ifa', uid: 'x' } },
    { source: 'dsp', uid: 'd1', with: { source: 'phone', uid: NAME } },
  ])
  expect(matches).toContain('"accepted":2,"rejected":2')
  return [
    matches,
    await send('memberships', [
      { ...contact, add: ['cars'] },
      { ...hashed, add: ['cars'] },
      { source: 'dsp', uid: E164, add: ['cars'] },
    ]),
    await send('suppressions', [{ source: 'email', value: `other${PLAIN}` }, { value: EMAIL }]),
  ]
}

async function byBids(product: Product, buyer: string): Promise<string[]> {
  const bid = (user: object) => JSON.stringify({ id: '1', imp: [{ id: '1' }], user })
  const asked = [
    bid({ buyeruid: EMAIL }),
    bid({ id: PLAIN, eids: [{ source: 'mail.example', uids: [{ id: E164 }] }] }),
  ]
  for (const body of asked) {
    // A request comes back as it was sent: that is no telling.
    const { status, text } = await product.enrich(buyer, body)
    expect([status, text]).toEqual([200, body])
  }
  const bad = await product.enrich(buyer, `{"id":"1","user":{"buyeruid":"${EMAIL}"`)
  return [`${bad.status} ${bad.reason} ${bad.text}`]
}

function filesIn(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    return statSync(path).isDirectory() ? filesIn(path) : statSync(path).isFile() ? [path] : []
  })
}
