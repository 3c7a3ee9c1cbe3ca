import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { keepTokenKeys, type TokenKeysKeeper } from '../../../gateway/uid2/keep-token-keys.ts'
import { UID2_LIMITS } from '../../../gateway/uid2/limits.ts'
import { BidHouse } from '../../support/bid-house.ts'
import { API_KEY, CLIENT_SECRET, FakeTokenOperator } from '../../support/fake-token-operator.ts'
import { mintToken, RAW_ID, TOKEN_KEYS } from '../../support/mint-token.ts'

const OPERATOR = { operator: true } as const
let house: BidHouse
let operator: FakeTokenOperator
let keeper: TokenKeysKeeper
let elapsedMs = 0
const said: string[] = []

beforeAll(async () => {
  house = await BidHouse.open()
  operator = await FakeTokenOperator.open()
  await house.settle({
    partners: { dsp: { name: 'dsp', roles: ['dsp'], region: 'US', domain: 'dsp.example' } },
    namespaces: {},
    segments: { own: { owner: 'dsp', provenance: 'first_party' } },
    contracts: {},
    people: [],
  })
  operator.body = {
    ...{ identity_scope: 'UID2', max_bidstream_lifetime_seconds: 259_200.5, added: 'later' },
    allow_clock_skew_seconds: 1_800,
    keys: TOKEN_KEYS.keys.map((key) => ({ ...key, created: 1, activates: 1, expires: 2 })),
    site_data: [{ id: 77, domain_names: ['news.example'] }, { id: 78 }],
  }
  const log = {
    info: (_: object, message: string) => said.push(message),
    warn: (details: object) => said.push(JSON.stringify(details)),
  }
  keeper = keepTokenKeys({
    operators: [
      { source: 'uidapi.com', url: operator.url, apiKey: API_KEY, secret: CLIENT_SECRET },
    ],
    audience: house.audience,
    exchange: house.exchange,
    clock: { now: () => Date.now(), elapsed: () => elapsedMs },
    log,
  })
})
afterAll(async () => {
  await keeper.close()
  await operator.close()
  await house.close()
})
beforeEach(() => said.splice(0))

const count = () =>
  house.exchange.desk.getTokenKeys(OPERATOR, 'uidapi.com').value as { count: number }

async function isFound(): Promise<boolean> {
  const id = mintToken({ expiresMs: Date.now() + 3_600_000 })
  const request = { id: '1', user: { eids: [{ source: 'uidapi.com', uids: [{ id }] }] } }
  const { headers } = await house.enrich(JSON.stringify(request), { buyer: 'dsp' })
  return headers['x-passerelle-reason'] === undefined
}

test('an operator is asked once its source is declared, and its tokens are opened from then on', async () => {
  await keeper.poke()
  expect(operator.asked).toBe(0)
  const body = { kind: 'eid', resolver: 'uid2' }
  await house.exchange.desk.putNamespace(OPERATOR, { name: 'uidapi.com', body })
  await house.admit([{ source: 'uidapi.com', uid: RAW_ID.toString('base64'), add: ['own'] }])
  expect(await isFound()).toBe(false)
  await keeper.poke()
  expect(count().count).toBe(3)
  await house.audience.poke()
  expect(await isFound()).toBe(true)
  expect(keeper.findings()).toEqual([])
})

test('it is asked again after an hour; the same keys change nothing', async () => {
  const before = house.exchange.desk.getTokenKeys(OPERATOR, 'uidapi.com').version
  const { asked } = operator
  await keeper.poke()
  expect(operator.asked).toBe(asked)
  elapsedMs += UID2_LIMITS.refreshMs
  await keeper.poke()
  expect(operator.asked).toBe(asked + 1)
  expect(house.exchange.desk.getTokenKeys(OPERATOR, 'uidapi.com').version).toBe(before)
})

test.each([
  ['does not answer', { failsWith: 503 }, '503'],
  ['answers to another question', { isConfused: true }, 'another question'],
  ['answers of another time', { aheadMs: 61_000 }, 'clock'],
  ['answers without keys', { body: {} }, 'keys of the answer'],
  ['answers keys that are none', { body: { keys: [{ id: 1, secret: '' }] } }, 'keys'],
])('where it %s, the keys there are stay, it is said, and tried again', async (_, how, why) => {
  const fine = { failsWith: operator.failsWith, isConfused: false, aheadMs: 0, body: operator.body }
  Object.assign(operator, how)
  elapsedMs += UID2_LIMITS.refreshMs
  await keeper.poke()
  expect(keeper.findings()).toMatchObject([
    { finding: 'token_keys', advice: expect.stringContaining(why) },
  ])
  expect(said.join()).not.toContain(CLIENT_SECRET.toString('base64'))
  expect(await isFound()).toBe(true)
  Object.assign(operator, fine)
  await keeper.poke()
  expect(keeper.findings()).toEqual([])
})

test('what is not sealed with our secret is refused, and the reason says what to look at', async () => {
  const other = keepTokenKeys({
    operators: [
      { source: 'uidapi.com', url: operator.url, apiKey: 'not-ours', secret: CLIENT_SECRET },
    ],
    audience: house.audience,
    exchange: house.exchange,
    clock: { now: () => Date.now(), elapsed: () => elapsedMs },
    log: { info() {}, warn() {} },
  })
  await other.poke()
  expect(other.findings()).toMatchObject([{ advice: expect.stringContaining('401') }])
  await other.close()
})
