import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConsoleWorld } from './world.ts'

// Contracts from offer to revocation, as operators and partners see them over the API.

const CONTRACT = {
  seller: 'dmp',
  buyer: 'dsp',
  segments: ['cars'],
  price: { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' },
  uses: ['bid_enrichment'],
  startsAt: '2020-01-01',
  endsAt: '2099-01-01',
  status: 'active',
}

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await world.partner('dmp', { roles: ['data_provider'] })
  for (const id of ['dsp', 'rival']) await world.partner(id)
  for (const id of ['cars', 'boats']) await world.segment(id, 'dmp')
})
afterAll(() => world.close())

const put = (id: string, more: object = {}) =>
  world.must('PUT', `/api/contracts/${id}`, { body: { ...CONTRACT, ...more } })

test('both sides read every version of the terms and what changed; others do not know of it', async () => {
  await put('spring')
  await put('spring', { segments: ['boats'], regions: ['FRA'] })
  const [seller, buyer, rival] = await Promise.all(['dmp', 'dsp', 'rival'].map((p) => world.key(p)))
  for (const token of [seller!, buyer!]) {
    const { items } = await world.must('GET', '/api/contracts/spring/versions', { token })
    expect(items.map((item: { version: number }) => item.version)).toEqual([2, 1])
    const first = await world.must('GET', '/api/contracts/spring/versions/1', { token })
    expect(first).toMatchObject({ id: 'spring', version: 1, segments: ['cars'] })
    const path = '/api/contracts/spring/entitlements?diff=1'
    const { countries, dormant, diff } = await world.must('GET', path, { token })
    expect([countries, dormant]).toEqual([['FRA'], []])
    expect([diff.gained.segments, diff.lost.segments]).toEqual([['boats'], ['cars']])
  }
  for (const path of ['versions', 'versions/1', 'entitlements'])
    expect(
      (await world.ask('GET', `/api/contracts/spring/${path}`, { token: rival! })).status,
    ).toBe(404)
  for (const version of ['0', '3', 'x'])
    expect((await world.ask('GET', `/api/contracts/spring/versions/${version}`)).status).toBe(404)
})

test('a revocation answers with what rested on the contract, which both sides can read as a table too', async () => {
  await world.partner('ssp', { roles: ['ssp'] })
  await put('summer', { segments: ['cars', 'boats'] })
  await world.must('PUT', '/api/deals/sea', {
    body: { name: 'Sea, sun', seller: 'dsp', exchange: 'ssp', audience: { any: ['boats'] } },
  })
  const revoked = await world.must('POST', '/api/contracts/summer/revoke')
  expect(revoked).toMatchObject({ status: 'revoked', acknowledged: [], unconfirmed: [] })
  expect(revoked.affected.deals).toMatchObject([{ deal: 'sea', withheld: false }])
  const [seller, buyer] = await Promise.all(['dmp', 'dsp'].map((p) => world.key(p)))
  const path = '/api/contracts/summer/affected'
  const table = await world.must('GET', `${path}?format=csv`, { token: buyer! })
  expect(table.split('\r\n')).toEqual([
    'kind,id,name,segments,otherwise,withheld',
    'segment,boats,boats,,spring,false',
    'segment,cars,cars,,,true',
    'deal,sea,"Sea, sun",boats,,false',
    '',
  ])
  expect(await world.must('GET', path, { token: seller! })).toMatchObject({
    deals: [],
    otherDeals: 1,
  })
  expect((await world.ask('POST', `/api/contracts/summer/revoke`, { token: buyer! })).status).toBe(
    403,
  )
})

test('from a private offer to a live contract: the buyer asks with its key, both sides sign', async () => {
  const { startsAt: _s, endsAt: _e, buyer: _b, status: _t, ...terms } = CONTRACT
  const body = {
    ...terms,
    visibility: 'private',
    buyers: ['dsp'],
    minPeople: 0,
    discounts: { dsp: 1_000 },
  }
  await world.must('PUT', '/api/offers/quiet', { body })
  const [seller, buyer, rival] = await Promise.all(['dmp', 'dsp', 'rival'].map((p) => world.key(p)))
  for (const [method, path] of [
    ['GET', '/api/offers/quiet'],
    ['POST', '/api/offers/quiet/request'],
    ['POST', '/api/offers/quiet/close'],
    ['DELETE', '/api/offers/quiet'],
  ])
    expect((await world.ask(method!, path!, { token: rival!, body: undefined })).status).toBe(404)
  expect((await world.must('GET', '/api/offers', { token: rival! })).items).toEqual([])

  const ask = {
    token: buyer!,
    body: { endsAt: '2099-01-01' },
    headers: { 'idempotency-key': 'once' },
  }
  const drafted = await world.ask('POST', '/api/offers/quiet/request', ask)
  expect([drafted.status, drafted.body.price.amountMicros]).toEqual([201, 450_000])
  expect((await world.must('POST', '/api/offers/quiet/request', ask)).id).toBe(drafted.body.id)
  const at = `/api/contracts/${drafted.body.id}`
  expect((await world.ask('GET', at, { token: rival! })).status).toBe(404)
  expect((await world.must('POST', `${at}/sign`, { token: buyer! })).status).toBe('draft')
  expect((await world.must('POST', `${at}/sign`, { token: seller! })).status).toBe('active')
  const refused = await world.ask('DELETE', '/api/offers/quiet')
  expect([refused.status, refused.body.detail]).toEqual([
    409,
    `contract ${drafted.body.id} still rests on it`,
  ])
  const { items } = await world.must('GET', '/api/audit?limit=3')
  expect(items.map((entry: { verb: string }) => entry.verb)).toEqual([
    'signContract',
    'signContract',
    'requestContract',
  ])
})

test('a segment is not offered to anybody before it has its people', async () => {
  const { startsAt: _s, endsAt: _e, buyer: _b, status: _t, ...terms } = CONTRACT
  const put = () => world.ask('PUT', '/api/offers/crowd', { body: { ...terms, minPeople: 60 } })
  const few = await put()
  expect([few.status, few.body.errors]).toEqual([
    422,
    [
      {
        field: 'segments.0',
        reason: 'too_few_people: cars has fewer than 60 people (at least 0)',
      },
    ],
  ])
  const lines = Array.from({ length: 60 }, (_, n) => ({
    source: 'dsp',
    uid: `u${n}`,
    add: ['cars'],
  }))
  await world.import('memberships', lines)
  world.clock.aheadMs += 60_000
  expect((await put()).status).toBe(201)
})
