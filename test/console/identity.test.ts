import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sha256Of } from '../../audience/identity/normalize-pii.ts'
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
const idsOf = async (source: string, uid: string): Promise<string[]> => {
  const { body } = await ask('lookup', { source, uid, reason: REASON })
  return body.ids.map((id: { source: string; uid: string }) => `${id.source} ${id.uid}`)
}

describe('addresses and numbers', () => {
  test('are hashed on their way in, and meet whoever comes by the hash', async () => {
    const hash = sha256Of('ann.bell@mail.test')
    const lines = [
      { source: 'dmp', uid: 'a1', with: { source: 'email', uid: ' Ann.Bell@Mail.Test' } },
      { source: 'dmp', uid: 'a1', with: { source: 'phone', uid: '+33 1 99 00 12 34' } },
      {
        ...{ source: 'dsp', uid: 'b1' },
        with: { source: 'email_sha256', uid: Buffer.from(hash, 'hex').toString('base64') },
      },
    ]
    expect((await world.import('matches', lines)).body).toMatchObject({ accepted: 3 })
    const ids = await idsOf('email', 'ann.bell@mail.test')
    expect(ids).toEqual(await idsOf('email_sha256', hash.toUpperCase()))
    expect(ids).toContain('dmp a1')
    expect(ids).toContain('dsp b1')
    const byNumber = await idsOf('phone', '0033 199 001 234')
    expect(byNumber.sort()).toEqual(ids.sort())
    // Neither the address nor what everybody can compute of it is kept: what is shown is keyed.
    const shown = JSON.stringify(ids)
    expect(shown).not.toContain(hash)
    expect(shown).toMatch(/email_sha256 1\.[A-Za-z0-9_-]{43}"/)
  })

  test('that are none are refused by line, without being repeated', async () => {
    const lines = [
      { source: 'dmp', uid: 'a2', with: { source: 'email', uid: 'nobody at mail' } },
      { source: 'dmp', uid: 'a2', with: { source: 'phone', uid: '01 99 00 12 35' } },
    ]
    const { body } = await world.import('matches', lines)
    expect(body).toMatchObject({
      accepted: 0,
      errors: [
        { line: 1, reason: 'with.uid is no e-mail address' },
        { line: 2, reason: expect.stringContaining('with its country code') },
      ],
    })
    expect((await ask('lookup', { source: 'email', uid: 'nobody at mail' })).body).toMatchObject({
      errors: [{ field: 'uid', reason: 'is no e-mail address' }],
    })
  })

  test('may come into memberships and deletion lists, too', async () => {
    const added = await world.import('memberships', [
      { source: 'email', uid: 'carl@mail.test', add: ['cars'] },
    ])
    expect(added.body).toMatchObject({ accepted: 1 })
    const listed = await world.import('suppressions', [
      { source: 'email', value: 'Carl@mail.test' },
    ])
    expect(listed.body).toMatchObject({ statuses: { deleted: 1 } })
  })

  test('are never ids: where one stands for an id, the line is refused', async () => {
    for (const uid of ['dora@mail.test', 'dora%40mail.test', '+33199001236', '01 99 00 12 36']) {
      const matched = await world.import('matches', [
        { source: 'dmp', uid, with: { source: 'dsp', uid: 'd1' } },
      ])
      const put = await world.import('memberships', [{ source: 'dmp', uid, add: ['cars'] }])
      for (const { body } of [matched, put]) {
        expect(body).toMatchObject({ accepted: 0, rejected: 1 })
        expect(body.errors[0].reason).toContain('looks like an e-mail address or a telephone')
        expect(body.errors[0].reason).not.toContain(uid)
      }
    }
  })
})

describe('un-merging', () => {
  const device = { source: 'ifa', uid: '0000000a-0000-4000-8000-00000000000a' }
  const join = (source: string, uid: string, token?: string) =>
    world.import('matches', [{ source, uid, with: device }], token ? { token } : {})

  test('takes one match back, and leaves the others', async () => {
    await join('dmp', 'm1')
    await join('dsp', 'm1')
    expect((await idsOf('dmp', 'm1')).length).toBe(3)
    const { body } = await ask('unmerge', { source: 'dmp', uid: 'm1', with: device })
    expect(body).toEqual({ removed: 1 })
    expect(await idsOf('dmp', 'm1')).toEqual(['dmp m1'])
    expect((await idsOf('dsp', 'm1')).length).toBe(2)
    expect((await ask('unmerge', { source: 'dmp', uid: 'm1', with: device })).status).toBe(404)
  })

  test('without another id takes all of them back', async () => {
    await join('dmp', 'm2')
    await join('dsp', 'm2')
    const { body } = await ask('unmerge', device)
    expect(body.removed).toBeGreaterThan(1)
    expect(await idsOf('dmp', 'm2')).toEqual(['dmp m2'])
  })

  test('is each partner’s for its own matches alone', async () => {
    await join('dmp', 'm3')
    const own = { source: 'dmp', uid: 'm3', with: device }
    expect((await ask('unmerge', own, dmp)).status).toBe(404)
    await join('dmp', 'm3', dmp)
    expect((await ask('unmerge', own, dmp)).body).toEqual({ removed: 1 })
    expect((await idsOf('dmp', 'm3')).length).toBe(2)
    const others = { source: 'dsp', uid: 'm3', with: device }
    expect((await ask('unmerge', others, dmp)).status).toBe(400)
  })

  test('is noted, and a lookup shows which claims join nobody, and why', async () => {
    const namespaces = { anonymousId: 'web.anon', userId: 'web.user' }
    const body = { name: 'Web', kind: 'web', owner: 'dmp', namespaces }
    await world.must('PUT', '/api/sources/web', { body })
    const snapshot = world.audience.feed.current()!
    const numberOf = (kind: string, id: string) =>
      (snapshot.kind(kind).get(id)!.value as { number: number }).number
    const owner = numberOf('partner', 'dmp')
    const [anon, user] = [numberOf('namespace', 'web.anon'), numberOf('namespace', 'web.user')]
    const day = Math.floor(world.clock.now() / 86_400_000)
    const claim = (value: string, atMs: number) => ({
      ...{ a: { namespace: user, value }, b: { namespace: anon, value: 'tablet' } },
      ...{ owner, method: 3, atMs, firstSeenDay: day, lastSeenDay: day, expiryDay: day + 9 },
    })
    await world.audience.claim([claim('u1', 1), claim('u2', 2)])
    const seen = await ask('lookup', { source: 'web.anon', uid: 'tablet' }, dmp)
    expect(seen.body.ids.length).toBe(2)
    expect(seen.body.parked).toMatchObject([
      { at: 0, source: 'web.user', uid: 'u1', owner: 'dmp', why: 'another_customer' },
    ])
    const split = { source: 'web.anon', uid: 'tablet', with: { source: 'web.user', uid: 'u2' } }
    expect((await ask('unmerge', split, dmp)).body).toEqual({ removed: 1 })
    const after = await ask('lookup', { source: 'web.user', uid: 'u1' }, dmp)
    expect(after.body).toMatchObject({ parked: [], edges: [{ owner: 'dmp' }] })
    const { items } = await world.must('GET', '/api/audit?limit=5')
    expect(items.some(({ verb }: { verb: string }) => verb === 'unmergePerson')).toBe(true)
    expect(JSON.stringify(items)).not.toContain('tablet')
  })
})

describe('namespaces', () => {
  test('of sources have a priority and a maximum, set by their owner', async () => {
    const path = '/api/namespaces/dmp.loyalty'
    await world.must('PUT', path, { body: { kind: 'crm', owner: 'dmp' } })
    expect(await world.must('GET', path)).toMatchObject({ kind: 'crm', maxPerPerson: 1 })
    const body = { kind: 'crm', owner: 'dmp', maxPerPerson: 2, priority: 90 }
    await world.must('PUT', path, { body })
    expect(await world.must('GET', path)).toMatchObject({ maxPerPerson: 2, priority: 90 })
    const lines = [1, 2, 3].map((n) => ({
      ...{ source: 'dmp', uid: 'max' },
      with: { source: 'dmp.loyalty', uid: `card${n}` },
    }))
    expect((await world.import('matches', lines)).body).toMatchObject({
      accepted: 2,
      errors: [{ line: 3, reason: expect.stringContaining('more ids of a namespace') }],
    })
    for (const bad of [{ priority: 101 }, { maxPerPerson: 0 }, { resolver: 'uid2' }])
      expect(
        (await world.ask('PUT', path, { body: { kind: 'crm', owner: 'dmp', ...bad } })).status,
      ).toBeGreaterThan(399)
    expect((await world.ask('PUT', path, { body: { kind: 'eid', owner: 'dmp' } })).status).toBe(409)
  })
})
