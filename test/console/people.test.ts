import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConsoleWorld, fill } from './world.ts'

let world: ConsoleWorld
let dmp: string
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  dmp = await world.key('dmp')
})
afterAll(() => world.close())

const REASON = 'request 4711 of the person herself'
const ask = (verb: string, body: object, token?: string) =>
  world.ask('POST', `/api/people/${verb}`, { body, ...(token ? { token } : {}) })

/** ann: ids of dmp and dsp, joined over a device that the exchange's match leads to. */
async function ann(name: string): Promise<void> {
  const ifa = `0000000a-0000-4000-8000-${Buffer.from(name).toString('hex').padStart(12, '0')}`
  await world.import('memberships', [
    { source: 'dmp', uid: name, add: ['cars'], ttlDays: 10 },
    { source: 'dsp', uid: name, add: ['boats'], ttlDays: 10 },
  ])
  await world.import('matches', [
    { source: 'dmp', uid: name, with: { source: 'ifa', uid: ifa }, ttlDays: 20 },
    { source: 'ifa', uid: ifa, with: { source: 'dsp', uid: name }, ttlDays: 20 },
  ])
}

test('a lookup tells ids, matches and segments: why, until when, and who may have them', async () => {
  await ann('ann1')
  const { status, body } = await ask('lookup', { source: 'dsp', uid: 'ann1', reason: REASON })
  expect(status).toBe(200)
  expect(body.ids.map((id: { source: string }) => id.source)).toEqual(['dsp', 'ifa', 'dmp'])
  expect(body.edges).toMatchObject([
    { a: 0, b: 1, owner: 'exchange' },
    { a: 1, b: 2, owner: 'exchange' },
  ])
  expect(body.segments).toMatchObject([
    { segment: 'boats', at: 0, over: [], entitled: [] },
    {
      ...{ segment: 'cars', owner: 'dmp', provenance: 'third_party', at: 2, over: [0, 1] },
      entitled: [{ buyer: 'dsp', contract: 'autumn' }],
    },
  ])
  expect(body.withheld).toEqual({ tenants: 0, ids: 0, edges: 0, segments: 0, egress: 0 })
})

test('without a reason the exchange sees how much tenants know, and not what', async () => {
  await ann('ann2')
  const { body } = await ask('lookup', { source: 'dsp', uid: 'ann2' })
  expect(body.ids).toMatchObject([{ source: 'ifa' }])
  expect(body.segments).toEqual([])
  expect(body.withheld).toEqual({ tenants: 2, ids: 2, edges: 2, segments: 2, egress: 0 })
  expect((await ask('export', { source: 'dsp', uid: 'ann2' })).status).toBe(403)
  expect((await ask('export', { source: 'dsp', uid: 'ann2', reason: REASON })).status).toBe(200)
})

test('a partner sees what is its own, and asks about nobody else’s ids', async () => {
  await ann('ann3')
  const { body } = await ask('lookup', { source: 'dmp', uid: 'ann3', reason: REASON }, dmp)
  expect(body.ids).toMatchObject([{ source: 'dmp', uid: 'ann3' }])
  const seen = body.segments.map(({ segment, at }: { segment: string; at: number | null }) => [
    segment,
    at,
  ])
  expect(seen).toEqual([
    ['cars', 0],
    ['boats', null],
  ])
  expect(JSON.stringify(body)).not.toContain('ifa')
  for (const source of ['dsp', 'ifa', 'nobody'])
    expect((await ask('lookup', { source, uid: 'ann3' }, dmp)).status).toBe(400)
})

test('an erasure suppresses and deletes every id, and refuses whatever comes after', async () => {
  await ann('ann4')
  const erased = await ask('erase', { source: 'dsp', uid: 'ann4' })
  expect(erased.body).toMatchObject({ ids: 3, edges: 2, segments: 2 })
  for (const source of ['dsp', 'dmp']) {
    expect([await world.memberships(source, 'ann4'), await world.matches(source, 'ann4')]).toEqual([
      '',
      '',
    ])
    const { body } = await ask('lookup', { source, uid: 'ann4', reason: REASON })
    expect(body).toMatchObject({ suppressed: { kinds: ['erased'] }, edges: [], segments: [] })
  }
  const again = await world.import('memberships', [
    { source: 'dmp', uid: 'ann4', add: ['cars'] },
    { source: 'dmp', uid: 'bob', add: ['cars'] },
  ])
  expect(again.body).toMatchObject({ accepted: 1, rejected: 1, errors: [{ line: 1 }] })
  const joined = await world.import('matches', [
    { source: 'dmp', uid: 'ann4', with: { source: 'dsp', uid: 'carl' } },
  ])
  expect(joined.body).toMatchObject({ accepted: 0, rejected: 1 })
  expect((await ask('erase', { source: 'dsp', uid: 'ann4' })).body).toMatchObject({
    ids: 1,
    segments: 0,
  })
})

test('a partner’s erasure deletes its own ids, and leaves others theirs', async () => {
  await ann('ann5')
  const erased = await ask('erase', { source: 'dmp', uid: 'ann5' }, dmp)
  expect(erased.body).toMatchObject({ ids: 1, edges: 1, segments: 1 })
  expect(await world.memberships('dmp', 'ann5')).toBe('')
  expect(await world.memberships('dsp', 'ann5')).not.toBe('')
})

test('who was given what is told, to each its own, and outlives the erasure without what was given', async () => {
  await ann('ann6')
  const snapshot = world.audience.feed.current()!
  const numberOf = (kind: string, id: string) =>
    (snapshot.kind(kind).get(id)!.value as { number: number }).number
  const key = world.audience.userKeys()!.of(numberOf('namespace', 'dsp'), 'ann6')
  const day = Math.floor(Date.now() / 86_400_000)
  const entry = { recipient: numberOf('partner', 'dsp'), channel: 0, reference: '' }
  const segments = [numberOf('segment', 'cars')]
  await world.store.people.noteEgress([
    { key, entries: [{ ...entry, segments, firstDay: day - 2, lastDay: day - 1 }] },
    { key, entries: [{ ...entry, segments, firstDay: day, lastDay: day }] },
  ])
  const given = { recipient: 'dsp', channel: 'bid' }
  const asked = { source: 'dsp', uid: 'ann6' }
  const { body } = await ask('export', { ...asked, reason: REASON })
  expect(body.egress).toMatchObject([{ ...given, segments: ['cars'] }])
  expect(body.egress[0].first < body.egress[0].last).toBe(true)
  expect((await ask('lookup', asked)).body).toMatchObject({ egress: [], withheld: { egress: 1 } })
  const own = await ask('lookup', { source: 'dmp', uid: 'ann6' }, dmp)
  expect(own.body.egress).toMatchObject([{ ...given, segments: ['cars'] }])
  expect((await ask('erase', asked)).body.recipients).toMatchObject([given])
  const after = await ask('lookup', { ...asked, reason: REASON })
  expect(after.body.egress).toMatchObject([{ ...given, segments: [] }])
})

test('after an opt-out an erasure by any id of the person names everybody who was given something', async () => {
  await ann('ann8')
  const snapshot = world.audience.feed.current()!
  const numberOf = (kind: string, id: string) =>
    (snapshot.kind(kind).get(id)!.value as { number: number }).number
  const keyOf = (source: string) =>
    world.audience.userKeys()!.of(numberOf('namespace', source), 'ann8')
  const day = Math.floor(Date.now() / 86_400_000)
  const given = (recipient: string) => ({
    ...{ recipient: numberOf('partner', recipient), channel: 0, reference: '' },
    ...{ segments: [numberOf('segment', 'cars')], firstDay: day, lastDay: day },
  })
  await world.store.people.noteEgress([{ key: keyOf('dsp'), entries: [given('dsp')] }])
  const start = { namespace: numberOf('namespace', 'dsp'), value: 'ann8' }
  await world.audience.suppress([start], { kind: 'opt_out' })
  // What was handed out in the last seconds comes to the ledger after the opt-out.
  await world.store.people.noteEgress([{ key: keyOf('dmp'), entries: [given('dmp')] }])
  const named = async (source: string, token?: string) => {
    const { body } = await ask('erase', { source, uid: 'ann8' }, token)
    return body.recipients.map(({ recipient }: { recipient: string }) => recipient).sort()
  }
  expect(await named('dmp')).toEqual(['dmp', 'dsp'])
  expect(await named('dsp')).toEqual(['dmp', 'dsp'])
  // A partner's word reaches its own ids only, and so does what it is told.
  expect(await named('dmp', dmp)).toEqual(['dmp'])
})

test('a recipient that was deleted since is told as such, also where its id is in use again', async () => {
  await ann('ann7')
  const gone = { name: 'Gone', domain: 'gone.example', roles: ['dsp'], region: 'US' }
  await world.must('PUT', '/api/partners/gone', { body: gone })
  const snapshot = world.audience.feed.current()!
  const numberOf = (kind: string, id: string) =>
    (snapshot.kind(kind).get(id)!.value as { number: number }).number
  const key = world.audience.userKeys()!.of(numberOf('namespace', 'dsp'), 'ann7')
  const day = Math.floor(Date.now() / 86_400_000)
  const given = { recipient: numberOf('partner', 'gone'), channel: 0, reference: '' }
  const segments = [numberOf('segment', 'cars')]
  await world.store.people.noteEgress([
    { key, entries: [{ ...given, segments, firstDay: day, lastDay: day }] },
  ])
  await world.must('DELETE', '/api/partners/gone')
  const other = { ...gone, name: 'Other', domain: 'other.example' }
  const taken = await world.ask('PUT', '/api/partners/gone', { body: other })
  expect([taken.status, taken.body.errors?.[0]?.field]).toEqual([409, 'id'])
  await world.must('PUT', '/api/partners/gone', { body: gone })
  const { body } = await ask('export', { source: 'dsp', uid: 'ann7', reason: REASON })
  expect(body.egress).toMatchObject([{ recipient: 'former:gone', segments: ['cars'] }])
  const erased = await ask('erase', { source: 'dsp', uid: 'ann7' })
  expect(erased.body.recipients).toMatchObject([{ recipient: 'former:gone' }])
})

test('what is asked about people is audited, with the reason and never with an id', async () => {
  await ann('secret-name')
  await ask('lookup', { source: 'dsp', uid: 'secret-name', reason: REASON })
  await ask('erase', { source: 'dsp', uid: 'secret-name' })
  const { items } = await world.must('GET', '/api/audit?limit=2')
  expect(items).toMatchObject([
    { verb: 'erasePerson', details: { ids: 3 } },
    { verb: 'lookUpPerson', details: { reason: REASON } },
  ])
  expect(items[0].object).toMatch(/^person\/[0-9a-f]{32}$/)
  expect(JSON.stringify(items)).not.toContain('secret-name')
})

test('what is no id is refused with its field', async () => {
  const zeros = await ask('lookup', { source: 'ifa', uid: '00000000-0000-0000-0000-000000000000' })
  expect([zeros.status, zeros.body.problems?.[0]?.field ?? zeros.body.errors?.[0]?.field]).toEqual([
    400,
    'uid',
  ])
  expect((await ask('lookup', { source: 'dsp' })).status).toBe(400)
  expect((await ask('lookup', { source: 'email_sha256', uid: 'ann@example.com' })).status).toBe(400)
})

test('no request failed', () => expect(world.errors).toEqual([]))
