import { afterAll, beforeAll, expect, test } from 'vitest'
import { patiently } from '../support/patiently.ts'
import { type Product, startProduct } from '../support/product.ts'
import { type Hosts, Visitor } from '../support/visitor.ts'

// Two products, each a partner of the other, each with a store of its own: people on a page of one are matched
// in both tables, and what one knows of them is served by the other under a contract.

const PEOPLE = 1_000
const AT_ONCE = 25
const PATIENT = 300_000
const SECRET = 'a-secret-that-both-sides-were-told-beforehand'

let north: Product
let south: Product
let hosts: Hosts
let dspKey: string
/** What each calls a person towards the other, in the order in which they came. */
const pairs: { northId: string; southId: string; dspId: string }[] = []

beforeAll(async () => {
  ;[north, south] = (await Promise.all(
    ['north', 'south'].map((name) =>
      startProduct({ env: { PASSERELLE_EDGE_URL: `https://${name}.example` } }),
    ),
  )) as [Product, Product]
  hosts = { 'north.example': north.edgePort, 'south.example': south.edgePort }
  await introduce(north, { self: 'north', other: 'south' })
  await introduce(south, { self: 'south', other: 'north' })
  await sell()
}, PATIENT)
afterAll(() => Promise.all([north?.stop(), south?.stop()]))

/** Makes the other a partner here: its /match is where our visitors are led, and it leads back. */
async function introduce(product: Product, { self, other }: { self: string; other: string }) {
  const url = `https://${other}.example/match?p=${self}&uid={uid}&ts={ts}&s={sig}&gdpr={gdpr}&gdpr_consent={gdpr_consent}&redir={redirect}`
  const redirect = { url, userMacro: '$UID' }
  const sync = { redirect, allowedRedirectHosts: [`${other}.example`] }
  const roles = ['dmp', 'data_provider']
  const body = { name: other, domain: `${other}.example`, region: 'US', roles, sync }
  await product.must('PUT', `/api/partners/${other}`, { body })
  await product.must('POST', `/api/partners/${other}/match-secret`, { body: { secret: SECRET } })
}

/** At South: a buyer with ids of its own, and a segment of North's that it has a contract for. */
async function sell(): Promise<void> {
  const put = (path: string, body: object) => south.must('PUT', `/api/${path}`, { body })
  const url = 'https://dsp.example/sync?r={redirect}'
  const sync = { redirect: { url, userMacro: '$UID' } }
  await put('partners/dsp', {
    name: 'd',
    domain: 'dsp.example',
    region: 'US',
    roles: ['dsp'],
    sync,
  })
  const cars = { name: 'Cars', owner: 'north', provenance: 'third_party', ttlDays: 30 }
  await put('segments/north-cars', cars)
  await put('contracts/north-dsp', {
    ...{ seller: 'north', buyer: 'dsp', segments: ['north-cars'], uses: ['bid_enrichment'] },
    price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
    ...{ startsAt: '2020-01-01', endsAt: '2099-01-01', status: 'active' },
  })
  dspKey = (await south.must('POST', '/api/partners/dsp/keys', { body: {} })).key
}

/** Runs a piece of work for everybody, so many at once. */
async function forAll<T>(list: readonly T[], work: (one: T, i: number) => Promise<void>) {
  let next = 0
  const lane = async () => {
    for (let i = next++; i < list.length; i = next++) await work(list[i]!, i)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
}

async function matched(visitor: Visitor) {
  const { south: to } = await visitor.urls('north.example', ['south'])
  expect(await visitor.follow(to!)).toBe(200)
  const [hop, match, setuid] = visitor.seen
  expect([hop, match, setuid].map((url) => url!.pathname)).toEqual(['/sync', '/match', '/setuid'])
  return {
    northId: match!.searchParams.get('uid')!,
    southId: setuid!.searchParams.get('uid')!,
  }
}

test(
  `${PEOPLE} people on a page of one are matched in both, over one redirect there and one back`,
  async () => {
    const visitors = Array.from({ length: PEOPLE }, () => new Visitor(hosts))
    await forAll(visitors, async (visitor, i) => {
      const ids = await matched(visitor)
      const dspId = `D-${i}`
      const { dsp } = await visitor.urls('south.example', ['dsp'])
      const back = new URL(dsp!).searchParams.get('r')!.replace('$UID', dspId)
      expect(await visitor.follow(back)).toBe(200)
      pairs.push({ ...ids, dspId })
    })
    const all = pairs.flatMap(({ northId, southId }) => [northId, southId])
    expect(new Set(all).size).toBe(2 * PEOPLE)
  },
  PATIENT,
)

test(
  'each shows the mapping, and no id of its own is there',
  async () => {
    await forAll(pairs, async ({ northId, southId, dspId }) => {
      expect(await idsAt(north, 'south', southId)).toEqual(['south'])
      expect(await idsAt(south, 'north', northId)).toEqual(['dsp', 'north'])
      expect(await idsAt(south, 'dsp', dspId)).toEqual(['dsp', 'north'])
    })
    const body = {
      source: 'south',
      uid: pairs[0]!.northId,
      reason: 'a test looks at who is matched',
    }
    expect((await north.must('POST', '/api/people/lookup', { body })).edges).toEqual([])
  },
  PATIENT,
)

/** Namespaces of partners in which a person has ids. */
async function idsAt(product: Product, source: string, uid: string): Promise<string[]> {
  const body = { source, uid, reason: 'a test looks at who is matched' }
  const { ids } = await product.must('POST', '/api/people/lookup', { body })
  const names = ids.map((one: { source: string }) => one.source) as string[]
  return names.filter((name) => ['north', 'south', 'dsp'].includes(name)).sort()
}

test(
  'a bid at one is enriched with what the other knows, under its contract',
  async () => {
    const { key } = await south.must('POST', '/api/partners/north/keys', {
      body: { scopes: ['data'] },
    })
    const lines = pairs.map(({ northId: uid }) => ({ source: 'north', uid, add: ['north-cars'] }))
    const told = await south.must('POST', '/api/memberships', { lines, token: key })
    expect(told).toMatchObject({ accepted: PEOPLE, rejected: 0 })
    await forAll(pairs.slice(0, 100), async ({ dspId }) => {
      const body = JSON.stringify({ id: '1', imp: [{ id: '1' }], user: { buyeruid: dspId } })
      await patiently(async () =>
        expect((await south.enrich(dspKey, body)).text).toContain('"north-cars"'),
      )
    })
  },
  PATIENT,
)

test('matched once, they are not asked again from either side', async () => {
  const visitor = new Visitor(hosts)
  await matched(visitor)
  expect(await visitor.urls('north.example', ['south'])).toEqual({})
  expect(await visitor.urls('south.example', ['north'])).toEqual({})
})

test('a page cannot use the address it was given to bind somebody else', async () => {
  const [victim, thief] = [new Visitor(hosts), new Visitor(hosts)]
  await victim.urls('north.example', [])
  const { south: to } = await thief.urls('north.example', ['south'])
  expect(await victim.follow(to!)).toBe(400)
})
