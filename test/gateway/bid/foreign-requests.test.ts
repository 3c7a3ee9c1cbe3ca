import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BidHouse, type World } from '../../support/bid-house.ts'
import { corpusPath } from '../../support/corpus.ts'

// Bid requests that nobody here wrote, from outside the repository; where they are absent, the cases of
// test/cases/enrich and test/proto cover the same ground.

const folder = corpusPath('openrtb')
const BUYER = 'buyer'
const SEGMENTS = ['one', 'two', 'three']

const world: World = {
  partners: {
    [BUYER]: { name: 'Buyer', domain: 'buyer.example', roles: ['dsp'], region: 'US', gvlId: 32 },
    seller: { name: 'Seller', domain: 'seller.example', roles: ['dmp'], region: 'US', gvlId: 21 },
  },
  segments: Object.fromEntries(SEGMENTS.map((id) => [id, { owner: 'seller' }])),
  contracts: { sale: { seller: 'seller', buyer: BUYER, segments: SEGMENTS } },
  people: [],
}

interface Request {
  id?: unknown
  user?: { buyeruid?: unknown; data?: unknown } | null
}

describe.skipIf(folder === undefined)('foreign requests', () => {
  const lines = folder === undefined ? [] : linesOf(`${folder}/requests.ndjson`)
  let house: BidHouse

  beforeAll(async () => {
    house = await BidHouse.open()
    await house.settle(world)
  })
  afterAll(() => house.close())

  test('with unknown people each comes back byte by byte, and the ones without id are refused', async () => {
    expect(lines.length).toBeGreaterThan(1_000)
    for (const line of lines) {
      const { id } = JSON.parse(line) as Request
      const got = await house.enrich(line, { buyer: BUYER })
      const isNamed = id !== undefined && id !== null && id !== ''
      expect(got.status, line).toBe(isNamed ? 200 : 400)
      if (isNamed) expect(got.body.toString()).toBe(line)
    }
  })

  test('with known people each is what it was plus exactly the additions, all other bytes in place', async () => {
    const named = lines.map(withUser).filter((line) => uidOf(line) !== undefined)
    const uids = [...new Set(named.map((line) => uidOf(line)!))]
    await house.admit(uids.map((uid) => ({ source: BUYER, uid, add: SEGMENTS })))
    let enriched = 0
    for (const line of named) {
      const got = await house.enrich(line, { buyer: BUYER })
      const reason = String(got.headers['x-passerelle-reason'] ?? '')
      expect(got.status, line).toBe(200)
      if (/^denied_|^not_writable$/.test(reason)) expect(got.body.toString()).toBe(line)
      else {
        expectAdditions(line, got.body.toString())
        enriched++
      }
    }
    expect(enriched).toBeGreaterThan(named.length / 2)
  })

  test('requests an auction must refuse are never answered 5xx', async () => {
    for (const line of linesOf(`${folder}/negative.ndjson`)) {
      const { raw } = JSON.parse(line) as { raw: string }
      const got = await house.enrich(raw, { buyer: BUYER })
      expect([200, 400], raw).toContain(got.status)
      if (got.status === 200) expect(got.body.toString()).toBe(raw)
    }
  })

  test('what no JSON parser accepts is 400', async () => {
    for (const name of readdirSync(`${folder}/malformed`)) {
      const got = await house.enrich(readFileSync(`${folder}/malformed/${name}`), { buyer: BUYER })
      expect(got.status, name).toBe(400)
      expect(got.headers['x-passerelle-reason'], name).toBe('not_json')
    }
  })
})

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').filter(Boolean)
}

/** A request without a user is given one, so that its shape is tried too. */
function withUser(line: string, index: number): string {
  const { user } = JSON.parse(line) as Request
  return user === undefined && line.length > 2
    ? `${line.slice(0, -1)},"user":{"buyeruid":"given-${index}"}}`
    : line
}

/** The buyeruid, where it is one and the request has an id and room for data. */
function uidOf(line: string): string | undefined {
  const { id, user } = JSON.parse(line) as Request
  if (typeof id !== 'string' || id === '' || typeof user !== 'object' || user === null)
    return undefined
  if (user.data !== undefined && !Array.isArray(user.data)) return undefined
  return typeof user.buyeruid === 'string' && user.buyeruid !== '' ? user.buyeruid : undefined
}

const ADDED = {
  id: 'seller',
  name: 'seller.example',
  segment: SEGMENTS.map((id) => ({ id })),
}

const ENTRY = { domain: 'seller.example', dsaparams: [1] }

interface Expected {
  user: { data?: unknown[] }
  regs?: { ext?: { dsa?: { transparency?: { domain?: unknown }[] } } }
}

function expectAdditions(sent: string, got: string): void {
  const expected = JSON.parse(sent) as Expected
  expected.user.data = [...(expected.user.data ?? []), ADDED]
  const dsa = expected.regs?.ext?.dsa
  const isTold = dsa?.transparency?.some(({ domain }) => domain === ENTRY.domain) ?? false
  if (typeof dsa === 'object' && dsa !== null && !isTold)
    dsa.transparency = [...(dsa.transparency ?? []), ENTRY]
  expect(JSON.stringify(JSON.parse(got)), sent).toBe(JSON.stringify(expected))
  expect(withoutAdditions(got), sent).toBe(sent)
}

/** The answer with what was added cut out again: all other bytes must be where they were. */
function withoutAdditions(got: string): string {
  const object = JSON.stringify(ADDED)
  const entry = JSON.stringify(ENTRY)
  const data = [`"user":{"data":[${object}]}`, `"data":[${object}]`, object]
  return withoutOne(withoutOne(got, data), [`"transparency":[${entry}]`, entry])
}

function withoutOne(text: string, pieces: readonly string[]): string {
  for (const piece of pieces)
    for (const one of [`,${piece}`, piece]) if (text.includes(one)) return text.replace(one, '')
  return text
}
