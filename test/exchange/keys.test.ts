import { afterEach, beforeEach, expect, test } from 'vitest'
import { OPERATOR, refusedFields, World } from './world.ts'

let world: World
beforeEach(async () => {
  world = await World.open()
  await world.partner('ssp')
  await world.partner('dsp', { exchange: 'ssp' })
})
afterEach(() => world.close())

const make = (body: object = {}) => world.desk.createKey(OPERATOR, { partner: 'dsp', body })
const find = (key: string, scope?: string) => world.exchange.catalog()!.findKey(key, scope)

test('a new key finds its holder, with the default scopes', async () => {
  const { id, key } = await make()
  const holder = find(key)!
  expect([holder.keyId, holder.partner.id, [...holder.scopes], holder.trace]).toEqual([
    id,
    'dsp',
    ['bid', 'data'],
    false,
  ])
})

test('keys are long, random and start with their id', async () => {
  const [a, b] = [await make(), await make()]
  expect(a.key).toMatch(new RegExp(`^pk_${a.id}_[A-Za-z0-9_-]{43}$`))
  expect(a.key).not.toBe(b.key)
})

test('the catalog holds no key, and lists show neither key nor hash', async () => {
  const { key } = await make()
  const kept = JSON.stringify([...world.feed.current()!.records()])
  expect(kept).not.toContain(key)
  expect(kept).not.toContain(key.slice(-43))
  const [item] = world.desk.listKeys(OPERATOR, { partner: 'dsp' }).items
  expect(Object.keys(item!).sort()).toEqual(['createdAt', 'id', 'partner', 'scopes', 'trace'])
})

test('a bent, cut, empty or endless key finds nobody', async () => {
  const { key } = await make()
  expect(find(key)).toBeDefined()
  for (const bent of [`${key}x`, key.slice(0, -1), key.toUpperCase(), '', 'x'.repeat(100_000)])
    expect(find(bent)).toBeUndefined()
})

test('a scope it lacks is answered like an unknown key', async () => {
  const { key } = await make({ scopes: ['wire:xandr'] })
  expect(find(key, 'wire:xandr')).toBeDefined()
  for (const scope of ['bid', 'data', 'desk', 'wire:artf']) expect(find(key, scope)).toBeUndefined()
})

test('a deleted key is out at once, though it was verified before', async () => {
  const { id, key } = await make()
  expect(find(key)).toBeDefined()
  await world.desk.deleteKey(OPERATOR, { partner: 'dsp', id })
  expect(find(key)).toBeUndefined()
})

test('a paused partner’s keys are out, and back when it is active again', async () => {
  const { key } = await make()
  await world.partner('dsp', { status: 'paused' })
  expect(find(key)).toBeUndefined()
  await world.partner('dsp', { status: 'active' })
  expect(find(key)?.partner.id).toBe('dsp')
})

test('a PUT of the partner leaves its keys alone', async () => {
  const { key } = await make()
  await world.partner('dsp', { name: 'Renamed' })
  expect(find(key)?.partner.name).toBe('Renamed')
})

test('a request comes from the key’s exchange, else the partner’s', async () => {
  await world.partner('ssp2')
  const number = (id: string) => world.exchange.catalog()!.partner(id)!.number
  await world.partner('dsp')
  const plain = await make()
  const bound = await make({ exchange: 'ssp2' })
  expect(find(plain.key)!.exchange).toBe(0)
  await world.partner('dsp', { exchange: 'ssp' })
  expect(find(plain.key)!.exchange).toBe(number('ssp'))
  expect(find(bound.key)!.exchange).toBe(number('ssp2'))
})

test('a key of another partner is not deleted through this one', async () => {
  const { id } = await make()
  expect(await refusedFields(() => world.desk.deleteKey(OPERATOR, { partner: 'ssp', id }))).toBe(
    'not_found',
  )
})

test('unknown scopes and exchanges are refused, and so is a key too many', async () => {
  expect(await refusedFields(() => make({ scopes: ['root'] }))).toBe('invalid scopes.0')
  expect(await refusedFields(() => make({ exchange: 'gone' }))).toBe('unprocessable exchange')
  for (let i = 0; i < 64; i++) await make()
  expect(await refusedFields(() => make())).toBe('conflict')
})

test('a key for pages names their origins and its bidders, and has no other scope', async () => {
  const page = { origins: ['https://news.example'], bidders: ['north'] }
  const scopes = ['wire:prebid']
  const { key } = await make({ scopes, page })
  expect(find(key, 'wire:prebid')!.page).toEqual(page)
  expect(find(key, 'bid')).toBeUndefined()
  for (const [field, body] of [
    ['unprocessable page', { scopes }],
    ['unprocessable scopes', { page }],
    ['unprocessable scopes', { scopes: [...scopes, 'bid'], page }],
    ['unprocessable trace', { scopes, page, trace: true }],
    ['unprocessable page.bidders', { scopes, page: { origins: page.origins } }],
    ['invalid page.origins.0', { scopes, page: { origins: ['https://*'] } }],
    ['invalid page.origins.0', { scopes, page: { origins: ['news.example'] } }],
    ['invalid page.origins.0', { scopes, page: { origins: ['https://news.example/'] } }],
  ] as const)
    expect([body, await refusedFields(() => make(body))]).toEqual([body, field])
  await world.partner('press', { roles: ['publisher'] })
  const body = { scopes, page: { origins: page.origins } }
  expect(await world.desk.createKey(OPERATOR, { partner: 'press', body })).toBeDefined()
})
