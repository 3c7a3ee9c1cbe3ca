import { afterAll, beforeAll, expect, test } from 'vitest'
import { Cli } from './cli-support.ts'
import { collected, shop } from './shop.ts'
import { type Body, ConsoleWorld, contractBody, fill } from './world.ts'

const REASON = 'ticket 4711: why she sees cars'
const HOUR_MS = 3_600_000
const RULE = 'FREQUENCY([searched] <= 5H) >= 2 AND NOT bought'

let world: ConsoleWorld
let dmp: string
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  await shop(world)
  dmp = await world.key('dmp')
  const body = { name: 's', owner: 'dmp', provenance: 'third_party', ttlDays: 20, rule: RULE }
  await world.must('PUT', '/api/segments/seekers', { body })
  await world.must('PUT', '/api/contracts/seeking', {
    body: contractBody({ segments: ['seekers'], status: 'active' }),
  })
  await collected(world, [
    ['ann', 1, HOUR_MS],
    ['ann', 1, 2 * HOUR_MS],
    ['ann', 1, 9 * HOUR_MS],
    ['bob', 1, HOUR_MS],
    ['bob', 2],
  ])
  await world.import('matches', [
    { source: 'shop.anon', uid: 'ann', with: { source: 'dsp', uid: 'd-ann' }, ttlDays: 20 },
  ])
})
afterAll(() => world.close())

const explain = (uid: string, more: object = {}, token?: string) =>
  world.ask('POST', '/api/people/explain', {
    body: { source: 'shop.anon', uid, segment: 'seekers', reason: REASON, ...more },
    ...(token ? { token } : {}),
  })

async function explained(uid: string, more: object = {}): Promise<Body> {
  const { status, body } = await explain(uid, more)
  expect([status, body]).toEqual([200, body])
  return body
}

test('who is in a segment is told why: the tree, the moments, their window, and when it ends', async () => {
  const nowMs = world.clock.now()
  const ann = await explained('ann')
  expect(ann).toMatchObject({
    isMember: true,
    memberships: [{ by: 'rule', at: 0, over: [] }],
    byRule: {
      isIn: true,
      ids: 1,
      turnsBy: 'condition',
      turning: ['FREQUENCY([searched] <= 5H) >= 2'],
    },
    suppressed: null,
    backfill: { state: 'done' },
  })
  const { tree, turnsAt } = ann.byRule
  expect(tree).toMatchObject({ rule: RULE, holds: true, is: 'and' })
  const [often, not] = tree.parts
  expect(often).toMatchObject({ rule: 'FREQUENCY([searched] <= 5H) >= 2', holds: true, value: 2 })
  expect(often.moments.map((one: Body) => [one.trait, one.count])).toEqual([
    ['searched', 1],
    ['searched', 1],
  ])
  expect(often.moments.map((one: Body) => one.messages)).toEqual([
    [{ source: 'shop', messageId: 'message-2' }],
    [{ source: 'shop', messageId: 'message-1' }],
  ])
  expect(Date.parse(often.window.to) - Date.parse(often.window.from)).toBe(5 * HOUR_MS)
  expect(not).toMatchObject({ is: 'not', holds: true, parts: [{ rule: 'bought', holds: false }] })
  // Two hours ago, it has three to go, and is over the millisecond after.
  expect(Math.abs(Date.parse(turnsAt) - nowMs - 3 * HOUR_MS)).toBeLessThan(60_000)
  expect(turnsAt).toBe(often.changesAt)
})

test('who is not is told which condition does not hold', async () => {
  const bob = await explained('bob')
  expect(bob).toMatchObject({ isMember: false, memberships: [], byRule: { isIn: false } })
  expect(bob.byRule.tree.parts.map((part: Body) => part.holds)).toEqual([false, false])
  const nobody = await explained('nobody')
  expect(nobody.byRule).toMatchObject({ isIn: false, ids: 0, turnsAt: null })
})

test('for whom the rule holds and who is not in it is told why not', async () => {
  const clients = { name: 'c', owner: 'dmp', provenance: 'first_party', ttlDays: 20 }
  await world.must('PUT', '/api/segments/clients', { body: clients })
  const rule = 'SEGMENT(clients) AND NOT bought'
  await world.must('PUT', '/api/segments/idle', { body: { ...clients, rule } })
  await world.import('memberships', [{ source: 'shop.anon', uid: 'ann', add: ['clients'] }])
  const ann = await explained('ann', { segment: 'idle' })
  expect(ann).toMatchObject({ isMember: false, byRule: { isIn: false, tree: { holds: true } } })
  expect(ann['byRule'].keptOutBy).toBe('ttl')
  const { byRule } = await explained('ann')
  expect(byRule.keptOutBy).toBeNull()
  const cli = new Cli(world)
  const ask = ['person', 'explain', 'shop.anon', 'ann', 'idle', '--reason', REASON]
  expect((await cli.run(ask)).out).toContain(
    'not in it although the rule holds: No event of a trait it asks for is remembered',
  )
})

test('an import is told as one, with its day and the evidence it rests on', async () => {
  await world.import('memberships', [
    { source: 'shop.anon', uid: 'eve', add: ['cars'], ttlDays: 9 },
  ])
  const eve = await explained('eve', { segment: 'cars' })
  expect(eve).toMatchObject({ isMember: true, byRule: null, memberships: [{ by: 'import' }] })
  expect(eve.imported.lastOn).toBe(new Date(world.clock.now()).toISOString().slice(0, 10))
  expect(Object.keys(eve.imported.namespaces)).toEqual(['shop.anon'])
})

test('the bid path says whether a partner would be given it, and under which contract', async () => {
  const given = await explained('ann', { partner: 'dsp' })
  expect(given.bid).toMatchObject({
    ...{ isGiven: true, reason: '', contract: 'seeking', gdpr: false },
    named: [{ source: 'dsp', uid: 'd-ann' }],
  })
  expect(given.contracts).toMatchObject([{ contract: 'seeking', buyer: 'dsp', dormant: [] }])
  const denied = await explained('ann', { partner: 'dsp', consent: { gdpr: 1 } })
  expect(denied.bid).toMatchObject({ isGiven: false, reason: 'denied_tcf_no_string' })
  expect(denied.bid.says).toContain('TC string')
  const gpc = await explained('ann', { partner: 'dsp', consent: { gpc: true } })
  expect(gpc.bid.reason).toBe('denied_gpc')
  expect((await explained('bob', { partner: 'dsp' })).bid.reason).toBe('no_ids')
  expect((await explained('ann', { partner: 'ssp' })).bid.reason).toBe('no_ids')
  await world.must('POST', '/api/contracts/seeking/pause')
  const paused = await explained('ann', { partner: 'dsp' })
  expect(paused.bid.reason).toBe('not_entitled')
  expect(paused.contracts[0].dormant).toMatchObject([{ reason: 'contract_not_active' }])
  await world.must('POST', '/api/contracts/seeking/resume')
  expect((await explained('ann', { partner: 'dsp', segment: 'cars' })).bid.reason).toBe(
    'not_in_segment',
  )
})

test('a partner asks about its own segments and ids, and not whom a buyer knows', async () => {
  const own = await explain('ann', { reason: undefined, partner: 'dsp' }, dmp)
  expect(own.body).toMatchObject({ isMember: true, bid: { isGiven: null, reason: 'withheld' } })
  expect(own.body.ids).toEqual([{ source: 'shop.anon', uid: 'ann', owner: 'dmp' }])
  const dsp = await world.key('dsp')
  const foreign = await explain('d-ann', { source: 'dsp', reason: undefined }, dsp)
  expect([foreign.status, foreign.body.errors[0].field]).toEqual([422, 'segment'])
  expect((await explain('ann', { reason: undefined })).status).toBe(403)
  expect((await explain('ann', { segment: 'none' })).status).toBe(422)
  expect((await explain('ann', { partner: 'nobody' })).status).toBe(422)
})

test('who is to be left alone is in nothing, and it is said why', async () => {
  await collected(world, [
    ['sue', 1],
    ['sue', 1, 1_000],
  ])
  expect((await explained('sue')).isMember).toBe(true)
  await world.must('POST', '/api/people/erase', { body: { source: 'shop.anon', uid: 'sue' } })
  expect(await explained('sue')).toMatchObject({
    isMember: false,
    suppressed: { kinds: ['erased'] },
    byRule: { isIn: false, ids: 0 },
  })
})

test('it is audited like a lookup: by whom, of which segment, and never with an id', async () => {
  await explained('ann', { partner: 'dsp' })
  const { items } = await world.must('GET', '/api/audit?limit=1')
  expect(items).toMatchObject([
    { verb: 'explainPerson', details: { segment: 'seekers', partner: 'dsp', reason: REASON } },
  ])
  expect(items[0].object).toMatch(/^person\/[0-9a-f]{32}$/)
})

test('the command line prints the tree for eyes, and all of it as JSON', async () => {
  const cli = new Cli(world)
  const ran = await cli.run([
    ...['person', 'explain', 'shop.anon', 'ann', 'seekers'],
    ...['--reason', REASON, '--partner', 'dsp', '--gdpr', '1'],
  ])
  expect(ran.code).toBe(0)
  expect(ran.out).toMatch(/^in seekers since .*, by its rule\n/)
  expect(ran.out).toContain('yes  AND')
  expect(ran.out).toMatch(/ {2}yes {2}FREQUENCY\(\[searched\] <= 5H\) >= 2 {2}\(2 from .* to .*\)/)
  expect(ran.out).toMatch(/Z {2}searched {2}shop message-2/)
  expect(ran.out).toContain('  yes  NOT')
  expect(ran.out).toContain('    no   bought')
  expect(ran.out).toMatch(/ends .*FREQUENCY/)
  expect(ran.out).toContain('dsp would not be given it: denied_tcf_no_string')
  const json = await cli.run([
    ...['person', 'explain', 'shop.anon', 'bob', 'seekers', '--json', '--reason', REASON],
  ])
  expect(JSON.parse(json.out).isMember).toBe(false)
})

test('no request failed', () => expect(world.errors).toEqual([]))
