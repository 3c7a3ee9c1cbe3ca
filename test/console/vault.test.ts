import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256Of } from '../../audience/identity/normalize-pii.ts'
import { Vault } from '../../audience/vault/vault.ts'
import { Collector } from '../../exchange/collect/collector.ts'
import { ConsoleWorld, fill } from './world.ts'

const REASON = 'campaign 4711: a message was agreed to'
const [one, two] = [randomBytes(32), randomBytes(32)]

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  await world.partner('paris', { region: 'FRA' })
})
afterAll(() => world.close())

const source = (owner: string, vault: string[] | undefined = ['email', 'phone', 'firstName']) => ({
  ...{ name: 'Crm', kind: 'crm', owner },
  namespaces: { anonymousId: `${owner}.anon`, userId: `${owner}.user` },
  ...(vault ? { vault } : {}),
})
const put = (id: string, body: object) => world.ask('PUT', `/api/sources/${id}`, { body })

async function openVault(current: string, ...keys: [string, Buffer][]): Promise<void> {
  await world.stop()
  world.vaultKeys = { current, keys: new Map(keys) }
  await world.start()
}

/** What a source sends, as the edge process takes it in and the desk counts it. */
async function identify(key: string, userId: string, traits: object): Promise<void> {
  const { audience, clock } = world
  const collector = new Collector({ audience, clock })
  await collector.catchUp()
  const messages = [{ type: 'identify', userId, traits }]
  const given = { type: undefined, sentAt: undefined, bytes: 0, permits: () => true }
  await collector.collect(collector.source(key)!, { messages, ...given })
  await world.events.poke()
}

const reveal = (body: object, token?: string) =>
  world.ask('POST', '/api/people/reveal', {
    body: { fields: ['email', 'phone', 'firstName'], purpose: 'sms', reason: REASON, ...body },
    ...(token ? { token } : {}),
  })

test('nothing is kept where nobody said so: without keys a source’s wish is refused with what to do', async () => {
  const { status, body } = await put('crm', source('paris'))
  expect([status, body.errors[0].field]).toEqual([422, 'vault'])
  expect(body.errors[0].reason).toContain('PASSERELLE_VAULT_KEYS')
  expect((await reveal({ source: 'dmp', uid: 'x' })).status).toBe(409)
  expect(await world.must('GET', '/api/vault')).toMatchObject({ isOpen: false, keys: [] })
})

test('an instance keeps of a tenant only what may be where it is', async () => {
  await openVault('k1', ['k1', one])
  const refused = await put('crm-us', source('dmp'))
  expect(refused.status).toBe(422)
  expect(refused.body.errors[0].reason).toContain('is in FRA')
  await world.partner('dmp', { roles: ['dmp'], settings: { piiRegions: ['US', 'FR'] } })
  expect((await put('crm-us', source('dmp'))).status).toBeLessThan(300)
  await world.partner('dmp', { roles: ['dmp'], settings: { piiRegions: ['XX'] } }).catch(() => {})
  expect((await put('crm', source('paris'))).status).toBeLessThan(300)
})

test('what a source says is sealed, read for a purpose with a reason, and audited', async () => {
  const { key } = await world.must('POST', '/api/sources/crm/keys')
  await identify(key, 'u1', {
    ...{ email: 'Ann.Bell@mail.test', phone: '01 99 00 12 34', firstName: 'Annabell' },
    lastName: 'Nevertobekept',
  })
  const id = { source: 'paris.user', uid: 'u1' }
  const { body } = await reveal(id)
  const values = body.values.map(({ owner, field, value }: Record<string, string>) => [
    owner,
    field,
    value,
  ])
  expect(values.sort()).toEqual([
    ['paris', 'email', 'Ann.Bell@mail.test'],
    ['paris', 'firstName', 'Annabell'],
    ['paris', 'phone', '+33199001234'],
  ])
  const hashes = await reveal({
    ...id,
    fields: ['phone', 'email'],
    purpose: 'audience',
    as: 'meta',
  })
  expect(new Set(hashes.body.values.map(({ sha256 }: { sha256: string }) => sha256))).toEqual(
    new Set([sha256Of('33199001234'), sha256Of('ann.bell@mail.test')]),
  )
  const { items } = await world.must('GET', '/api/audit?limit=3')
  expect(items[0]).toMatchObject({
    verb: 'revealPerson',
    details: { purpose: 'audience', reason: REASON, fields: 'phone,email', values: 2 },
  })
  const audit = JSON.stringify(items)
  for (const said of ['ann.bell', 'Ann.Bell', '199001234', 'Annabell'])
    expect(audit).not.toContain(said)
  const files = ['data.mdb', 'audit.ndjson'].map((name) => {
    try {
      return readFileSync(`${world.dir}/${name}`).toString('latin1')
    } catch {
      return ''
    }
  })
  expect(files.join('').length).toBeGreaterThan(10_000)
  for (const said of ['Ann.Bell', 'ann.bell', '199001234', 'Annabell', 'Nevertobekept'])
    expect(files.join('').includes(said), said).toBe(false)
})

test('what a tracking plan put aside takes nothing’s place in the vault when it is replayed', async () => {
  const { key } = await world.must('POST', '/api/sources/crm/keys')
  const plan = { name: 'Crm', owner: 'paris', sources: ['crm'], mode: 'quarantine' }
  const put = (required: string[]) =>
    world.must('PUT', '/api/trackingplans/crm', {
      body: { ...plan, events: { $identify: { required } } },
    })
  await put(['tier'])
  await identify(key, 'u1', { firstName: 'Belle', email: 'belle@mail.test', phone: '+33199001235' })
  await put([])
  const all = { body: { all: true } }
  const path = '/api/sources/crm/quarantine/replay'
  expect(await world.must('POST', path, all)).toEqual({ replayed: 1, left: 0 })
  await world.events.poke()
  const { body } = await reveal({ source: 'paris.user', uid: 'u1' })
  const said = body.values.map(({ value }: { value: string }) => value)
  expect(said.sort()).toEqual(['+33199001234', 'Ann.Bell@mail.test', 'Annabell'])
  await world.must('DELETE', '/api/trackingplans/crm')
})

test('without purpose or reason nothing is told, and without the scope nobody but an operator is', async () => {
  const id = { source: 'paris.user', uid: 'u1' }
  expect((await reveal({ ...id, reason: 'why' })).status).toBe(400)
  expect((await reveal({ ...id, purpose: 'curiosity' })).status).toBe(400)
  const plain = await world.key('paris')
  const scoped = await world.key('paris', ['data', 'pii'])
  expect((await reveal(id, plain)).status).toBe(403)
  expect((await reveal(id, scoped)).body.values).toHaveLength(3)
  const others = await world.key('dsp', ['data', 'pii'])
  expect((await reveal(id, others)).status).toBe(400)
})

test('a lookup and an export show that it is there, and not what it is', async () => {
  const asked = { source: 'paris.user', uid: 'u1', reason: REASON }
  const { body } = await world.ask('POST', '/api/people/export', { body: asked })
  expect(body.vault.map(({ field }: { field: string }) => field).sort()).toEqual([
    'email',
    'firstName',
    'phone',
  ])
  expect(JSON.stringify(body)).not.toContain('nn.')
})

test('a new key takes over value by value, and says when the old one may go', async () => {
  await openVault('k2', ['k1', one], ['k2', two])
  const before = await world.must('GET', '/api/vault')
  expect(before.keys).toEqual([
    { id: 'k2', isCurrent: true, isHere: true, values: 0 },
    { id: 'k1', isCurrent: false, isHere: true, values: 3 },
  ])
  await world.must('POST', '/api/vault/rotate')
  await world.desk.rotation.ended()
  const after = await world.must('GET', '/api/vault')
  expect(after.keys.map(({ values }: { values: number }) => values)).toEqual([3, 0])
  expect(after.rotation).toMatchObject({ state: 'done', ids: 1 })
  await openVault('k2', ['k2', two])
  expect((await reveal({ source: 'paris.user', uid: 'u1' })).body.values).toHaveLength(3)
  await world.must('GET', '/api/vault')
  expect(world.audience.vault.findings()).toEqual([])
})

test('a rotation that fails says why, and is done when it is begun again', async () => {
  const { vault } = world.store
  const rewrite = vault.rewrite.bind(vault)
  vault.rewrite = () => Promise.reject(new Error('no space left on device'))
  await world.must('POST', '/api/vault/rotate')
  await world.desk.rotation.ended()
  vault.rewrite = rewrite
  const failed = await world.must('GET', '/api/vault')
  expect(failed.rotation).toMatchObject({ state: 'failed', reason: 'no space left on device' })
  await world.must('POST', '/api/vault/rotate')
  await world.desk.rotation.ended()
  const { rotation } = await world.must('GET', '/api/vault')
  expect([rotation.state, rotation.reason]).toEqual(['done', undefined])
})

test('a key that is needed and gone is named, and what it sealed is refused, not lost', async () => {
  await openVault('k3', ['k3', randomBytes(32)])
  const { keys } = await world.must('GET', '/api/vault')
  expect(keys).toContainEqual({ id: 'k2', isCurrent: false, isHere: false, values: 3 })
  expect(world.audience.vault.findings()).toMatchObject([{ finding: 'vault_key_missing' }])
  const { status, body } = await reveal({ source: 'paris.user', uid: 'u1' })
  expect([status, JSON.stringify(body)]).toEqual([409, expect.stringContaining('k2')])
  await openVault('k2', ['k2', two])
})

test('an erasure takes what is there, and nothing comes back', async () => {
  const id = { source: 'paris.user', uid: 'u1' }
  await world.must('POST', '/api/people/erase', { body: id })
  expect((await reveal(id)).body.values).toEqual([])
  const { key } = await world.must('POST', '/api/sources/crm/keys')
  await identify(key, 'u1', { email: 'again@mail.test' })
  const vault = new Vault({ store: world.store.vault, keys: world.vaultKeys, region: 'FRA' })
  expect(await vault.uses()).toEqual(new Map())
})
