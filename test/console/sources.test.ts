import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Body, ConsoleWorld, fill } from './world.ts'

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  await world.partner('other', { roles: ['data_provider'] })
  // What is queued here is looked at here.
  await world.events.close()
})
afterAll(() => world.close())

const SHOP = {
  name: 'Shop site',
  kind: 'web',
  owner: 'dmp',
  namespaces: { anonymousId: 'shop.anon', userId: 'shop.user' },
}
const SEARCHED = {
  name: 'Searched cars',
  owner: 'dmp',
  when: 'event == "Products Searched" AND properties.category == "auto"',
  ttlDays: 30,
}
const INTENDERS = {
  name: 'Car intenders',
  owner: 'dmp',
  provenance: 'first_party',
  ttlDays: 30,
}

describe('a source', () => {
  test('is made with the namespaces it names, and two sources of one owner may share them', async () => {
    await world.must('PUT', '/api/sources/shop', { body: SHOP })
    const till = { ...SHOP, name: 'Tills', kind: 'pos', namespaces: { userId: 'shop.user' } }
    await world.must('PUT', '/api/sources/till', { body: till })
    const { kind, owner, maxPerPerson } = await world.must('GET', '/api/namespaces/shop.user')
    expect({ kind, owner, maxPerPerson }).toEqual({ kind: 'crm', owner: 'dmp', maxPerPerson: 1 })
    expect((await world.must('GET', '/api/namespaces/shop.anon')).kind).toBe('source')
  })

  test('takes no namespace of another, nor one name for visitors and customers', async () => {
    const conflicts: Record<string, object> = {
      'namespaces.anonymousId': { ...SHOP, owner: 'other' },
      'namespaces.userId': { ...SHOP, namespaces: { anonymousId: 'one', userId: 'one' } },
    }
    for (const [field, body] of Object.entries(conflicts)) {
      const got = await world.ask('PUT', '/api/sources/rival', { body })
      expect([field, got.status, got.body.errors[0].field]).toEqual([field, 409, field])
    }
    const partner = { ...SHOP, namespaces: { anonymousId: 'other' } }
    expect((await world.ask('PUT', '/api/sources/rival', { body: partner })).status).toBe(409)
  })

  test('names what is wrong with its property switches', async () => {
    const body = { ...SHOP, properties: { 'properties.email': 'encrypt' } }
    const got = await world.ask('PUT', '/api/sources/shop', { body })
    expect(got.status).toBe(400)
    expect(got.body.errors[0].field).toBe('properties.properties.email')
  })

  test('has write keys that are shown once and gone when deleted', async () => {
    const made = await world.must('POST', '/api/sources/shop/keys', { body: {} })
    expect(made.key).toMatch(/^wk_[0-9a-f]{12}_[\w-]{43}$/)
    const { items } = await world.must('GET', '/api/sources/shop/keys')
    expect(items).toEqual([{ id: made.id, source: 'shop', createdAt: expect.any(String) }])
    expect(JSON.stringify(items)).not.toContain(made.key)
    const other = await world.key('other', ['data'])
    expect((await world.ask('GET', '/api/sources/shop/keys', { token: other })).status).toBe(404)
    await world.must('DELETE', `/api/sources/shop/keys/${made.id}`)
    expect((await world.must('GET', '/api/sources/shop/keys')).items).toEqual([])
  })
})

describe('a trait', () => {
  test('asks of one event: anything else is refused where it stands', async () => {
    await world.must('PUT', '/api/traits/auto_search', { body: SEARCHED })
    const faults: Record<string, string> = {
      'event ==': 'when',
      'FREQUENCY([auto_search]) >= 3': 'when',
      'properties.name matchesregex "(a"': 'when',
    }
    for (const [when, field] of Object.entries(faults)) {
      const got = await world.ask('PUT', '/api/traits/bad', { body: { ...SEARCHED, when } })
      expect([when, got.status, got.body.errors[0].field]).toEqual([when, 422, field])
    }
  })

  test('may be written as the tree, and is shown as it was written', async () => {
    const when = { property: 'event', is: '==', value: 'Order Completed' }
    await world.must('PUT', '/api/traits/order', { body: { ...SEARCHED, when } })
    expect((await world.must('GET', '/api/traits/order')).when).toEqual(when)
  })

  test('that a rule asks for is not deleted, and the segment is named', async () => {
    const body = { ...INTENDERS, rule: 'FREQUENCY([auto_search] <= 5D) >= 3' }
    await world.must('PUT', '/api/segments/intenders', { body })
    const got = await world.ask('DELETE', '/api/traits/auto_search')
    expect(got.status).toBe(409)
    expect(got.body.errors[0].reason).toContain('segment intenders')
    await world.must('DELETE', '/api/traits/order')
  })
})

describe('a segment’s rule', () => {
  const refusal = async (rule: unknown, id = 'ruled') => {
    const got = await world.ask('PUT', `/api/segments/${id}`, { body: { ...INTENDERS, rule } })
    return [got.status, got.body.errors?.map((error: Body) => error.reason).join('; ')]
  }

  test('is refused where it makes no sense, with the reason', async () => {
    const foreign = { ...SEARCHED, owner: 'other' }
    await world.must('PUT', '/api/traits/theirs', { body: foreign })
    expect(await refusal('FREQUENCY([auto_search')).toEqual([422, expect.any(String)])
    expect(await refusal('nothing')).toEqual([422, 'dmp has no trait nothing'])
    expect(await refusal('theirs')).toEqual([422, 'dmp has no trait theirs'])
    expect(await refusal('auto_search AND SEGMENT(nowhere)')).toEqual([
      422,
      'dmp has no segment nowhere, nor a live contract with use modeling for it',
    ])
    expect(await refusal('NOT auto_search')).toEqual([422, expect.stringContaining('nothing is')])
    expect(await refusal('city == "Paris"')).toEqual([
      422,
      expect.stringContaining('make a trait of city'),
    ])
    expect(await refusal('SEGMENT(boats)')).toEqual([422, expect.stringContaining('name a trait')])
    expect(await refusal('auto_search AND SEGMENT(boats) SINCE <= 5D')).toEqual([
      422,
      expect.stringContaining('since when'),
    ])
  })

  test('may ask for other segments, but for none that asks back', async () => {
    const put = (id: string, rule: string) =>
      world.ask('PUT', `/api/segments/${id}`, { body: { ...INTENDERS, rule } })
    expect((await put('a', 'auto_search')).status).toBe(201)
    expect((await put('b', 'SEGMENT(a) AND NOT SEGMENT(boats)')).status).toBe(201)
    const circle = await put('a', 'auto_search AND SEGMENT(b)')
    expect([circle.status, circle.body.errors[0].reason]).toEqual([
      422,
      'rests on itself: segment a is asked for on the way',
    ])
    expect((await put('a', 'auto_search AND SEGMENT(a)')).status).toBe(422)
    expect((await world.ask('DELETE', '/api/segments/a')).status).toBe(409)
  })

  test('goes through the catalog’s files and back, with segments that ask for each other', async () => {
    const { files } = await world.must('GET', '/api/catalog')
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining(['sources/shop.json', 'traits/auto_search.json', 'segments/b.json']),
    )
    const applied = await world.must('PUT', '/api/catalog?dryRun=true', { body: { files } })
    expect(applied).toMatchObject({ created: [], changed: [], deleted: [] })
  })
})

test('events that were put aside are listed with their reason, and queued again', async () => {
  const { events } = world.store
  await events.append([Buffer.from('{"never":"an event of a1@mail.example"}')])
  const [queued] = await events.read(1)
  const atMs = Date.UTC(2026, 2, 2)
  await events.quarantine([{ ...queued!, reason: 'It is no event.', atMs }])
  const { items, next } = await world.must('GET', '/api/events/quarantine')
  expect({ items, next }).toEqual({
    items: [{ id: expect.any(String), at: '2026-03-02T00:00:00.000Z', reason: 'It is no event.' }],
    next: null,
  })
  const body = { ids: [items[0].id, 'gone'] }
  const partner = await world.key('dmp', ['data'])
  const path = '/api/events/quarantine/replay'
  expect((await world.ask('POST', path, { body, token: partner })).status).toBe(403)
  expect(await world.must('POST', path, { body })).toEqual({ replayed: 1 })
  expect(await events.depth()).toBe(1)
})
