import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOKEN_LIMITS } from '../../../audience/tokens/limits.ts'
import { BidHouse, type World } from '../../support/bid-house.ts'
import { type MintOptions, mintToken, RAW_ID, TOKEN_KEYS } from '../../support/mint-token.ts'

const partner = (id: string, roles: string[]) => ({
  ...{ name: id, roles, region: 'US', domain: `${id}.example` },
})
const world: World = {
  partners: { dsp: partner('dsp', ['dsp']), dmp: partner('dmp', ['dmp']) },
  namespaces: {
    'uidapi.com': { kind: 'eid', resolver: 'uid2' },
    'euid.eu': { kind: 'eid', resolver: 'euid' },
    'silent.example': { kind: 'eid', resolver: 'none' },
    'open.example': { kind: 'eid', resolver: 'raw' },
  },
  segments: { cars: { owner: 'dmp' } },
  contracts: { one: { seller: 'dmp', buyer: 'dsp', segments: ['cars'] } },
  people: [],
}
const RAW = RAW_ID.toString('base64')
const OPERATOR = { operator: true } as const

let house: BidHouse
beforeAll(async () => {
  house = await BidHouse.open()
  await house.settle({
    ...world,
    people: ['uidapi.com', 'euid.eu', 'silent.example', 'open.example'].map((source) => ({
      ...{ source, uid: RAW, add: ['cars'] },
    })),
  })
})
afterAll(() => house.close())

async function give(name: string, keys: object): Promise<void> {
  const derive = (label: string, bytes: number) => house.audience.deriveKey(label, bytes)!
  await house.exchange.desk.putTokenKeys(OPERATOR, { name, body: keys, derive })
  await house.audience.poke()
}

const mint = (more: Partial<MintOptions> = {}) =>
  mintToken({ expiresMs: Date.now() + house.aheadMs + 3_600_000, ...more })

/** What the request is answered with: a reason, or nothing where it was enriched. Never an error. */
async function ask(source: string, id: string, more: object = {}): Promise<string | undefined> {
  const request = { id: '1', ...more, user: { eids: [{ source, uids: [{ id }] }] } }
  const { status, headers, body } = await house.enrich(JSON.stringify(request), { buyer: 'dsp' })
  expect(status).toBe(200)
  const reason = headers['x-passerelle-reason']
  expect(body.toString() === JSON.stringify(request)).toBe(reason !== undefined)
  return reason as string | undefined
}

test('without keys no token gives an id; with them it does within the next look at the catalog', async () => {
  expect(await ask('uidapi.com', mint())).toBe('no_ids')
  await give('uidapi.com', TOKEN_KEYS)
  await give('euid.eu', TOKEN_KEYS)
  expect(await ask('uidapi.com', mint())).toBeUndefined()
})

test.each([2, 3, 4] as const)(
  'a person is found by a token of version %i, time and again',
  async (version) => {
    const token = mint({ version })
    for (let i = 0; i < 3; i++) expect(await ask('uidapi.com', token)).toBeUndefined()
    // Whoever escapes it means the same.
    expect(await ask('UIDAPI.com', token)).toBeUndefined()
  },
)

test.each([
  ['expired', { expiresMs: Date.now() - 1 }],
  ['of the other scope', { scope: 'euid' }],
  ['sealed with keys that are not ours', { masterKey: 7 }],
] as [string, Partial<MintOptions>][])('a token that is %s gives no id', async (_, more) => {
  expect(await ask('uidapi.com', mint(more))).toBe('no_ids')
})

test('what is no token gives no id: a raw id neither', async () => {
  for (const id of [RAW, 'x', 'AIAAAA', 'é', '.'.repeat(512)])
    expect(await ask('uidapi.com', id)).toBe('no_ids')
})

test('EUID tokens are opened under their own source', async () => {
  expect(await ask('euid.eu', mint({ scope: 'euid' }))).toBeUndefined()
  expect(await ask('euid.eu', mint())).toBe('no_ids')
})

test('of a source with the resolver none nobody is looked up; raw ids are taken as they are', async () => {
  expect(await ask('silent.example', RAW)).toBe('no_ids')
  expect(await ask('open.example', RAW)).toBeUndefined()
})

test('a token that a page made itself holds on the domains of its site', async () => {
  await give('uidapi.com', { ...TOKEN_KEYS, sites: [{ id: 77, domains: ['news.example'] }] })
  const token = mint({ privacyBits: 2, site: 77 })
  expect(await ask('uidapi.com', token, { site: { domain: 'news.example' } })).toBeUndefined()
  expect(await ask('uidapi.com', token, { app: { bundle: 'news.example' } })).toBeUndefined()
  expect(await ask('uidapi.com', token, { site: { domain: 'other.example' } })).toBe('no_ids')
  expect(await ask('uidapi.com', token)).toBe('no_ids')
})

test('an expired token gives none any more, though it was remembered', async () => {
  const token = mint()
  expect(await ask('uidapi.com', token)).toBeUndefined()
  house.aheadMs += 3_600_001
  expect(await ask('uidapi.com', token)).toBe('no_ids')
})

test('new keys open what the old ones could not, at once', async () => {
  const keys = {
    keys: [164, 165].map((id) => ({ id: id + 1000, secret: TOKEN_KEYS.keys[0]!.secret })),
  }
  const token = mint({ keys, masterKey: 1164, siteKey: 1165 })
  expect(await ask('uidapi.com', token)).toBe('no_ids')
  await give('uidapi.com', { keys: [...TOKEN_KEYS.keys, ...keys.keys] })
  expect(await ask('uidapi.com', token)).toBeUndefined()
  expect(TOKEN_LIMITS.badTokenS).toBeGreaterThan(60)
})

test('who opted out at the operator is left alone, whatever token comes', async () => {
  const record = house.audience.feed.current()!.kind('namespace').get('uidapi.com')!
  const { number } = record.value as { number: number }
  await house.audience.suppress([{ namespace: number, value: RAW }], { kind: 'opt_out' })
  await house.audience.poke()
  expect(await ask('uidapi.com', mint())).toBe('opted_out')
})
