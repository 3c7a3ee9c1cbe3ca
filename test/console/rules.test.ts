import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Cli } from './cli-support.ts'
import { collected, shop } from './shop.ts'
import { type Body, ConsoleWorld, fill } from './world.ts'

const WAIT = { timeout: 30_000, interval: 50 }
const PEOPLE = 40

let world: ConsoleWorld
let cli: Cli
let dmp: string
beforeAll(async () => {
  world = await ConsoleWorld.open()
  cli = new Cli(world)
  await fill(world)
  dmp = await world.key('dmp')
  await shop(world)
  await happened(Array.from({ length: PEOPLE }, (_, i) => [`a${i}`, i % 4 === 0 ? 2 : 1]))
})
afterAll(() => world.close())

const happened = (events: [string, number][]) => collected(world, events)

const INTENDERS = { name: 'i', owner: 'dmp', provenance: 'first_party', ttlDays: 20 }

async function filled(id: string): Promise<Body> {
  let shown: Body
  await vi.waitFor(async () => {
    shown = await world.must('GET', `/api/segments/${id}/backfill`)
    expect(shown.state).toBe('done')
  }, WAIT)
  return shown
}

describe('an estimate', () => {
  const ask = (body: object, token?: string) =>
    world.ask('POST', '/api/segments/estimate', { body, ...(token ? { token } : {}) })

  test('of a rule that is tried out is exact where everybody is looked at, and keeps nothing', async () => {
    const { body } = await ask({ owner: 'dmp', rule: 'FREQUENCY([searched]) >= 1' })
    expect(body).toMatchObject({
      ...{ owner: 'dmp', rule: 'searched', isExact: true, step: 1 },
      people: { count: 30, low: 30, high: 30 },
      base: { count: PEOPLE, low: PEOPLE, high: PEOPLE },
      share: { count: 30, of: PEOPLE, rate: 0.75, low: 0.75, high: 0.75 },
    })
    const tree = {
      and: [
        { frequency: ['searched'], is: '>=', times: 1 },
        { not: { frequency: ['bought'], is: '>=', times: 1 } },
      ],
    }
    expect((await ask({ owner: 'dmp', rule: tree })).body.people.count).toBe(30)
  })

  test('of a segment takes the rule it has', async () => {
    await world.must('PUT', '/api/segments/buyers', { body: { ...INTENDERS, rule: 'bought' } })
    expect((await ask({ segment: 'buyers' })).body.people.count).toBe(10)
    const draft = await ask({ owner: 'dmp', rule: 'searched AND NOT SEGMENT(buyers)' })
    expect(draft.body.people.count).toBe(30)
  })

  test('refuses what a segment would be refused, where it stands', async () => {
    const faults: [object, number, string][] = [
      [{ owner: 'dmp', rule: 'NOT searched' }, 422, 'rule'],
      [{ owner: 'dmp', rule: 'searched AND' }, 422, 'rule'],
      [{ owner: 'dmp', rule: 'nothing' }, 422, 'rule'],
      [{ owner: 'nobody', rule: 'searched' }, 422, 'owner'],
      [{ owner: 'dmp' }, 400, 'rule'],
      [{ rule: 'searched' }, 400, 'owner'],
      [{ segment: 'buyers', rule: 'searched' }, 400, 'segment'],
      [{ segment: 'cars' }, 422, 'segment'],
      [{ owner: 'dmp', rule: 'searched', ttlDays: 0 }, 400, 'ttlDays'],
    ]
    for (const [body, status, field] of faults) {
      const got = await ask(body)
      expect([body, got.status, got.body.errors?.[0].field]).toEqual([body, status, field])
    }
  })

  test('is a partner’s for its own, in whole steps, and nobody else’s', async () => {
    const own = await ask({ owner: 'dmp', rule: 'searched' }, dmp)
    expect(own.body).toMatchObject({ step: 250, people: { count: 0 } })
    const dsp = await world.key('dsp')
    expect((await ask({ owner: 'dmp', rule: 'searched' }, dsp)).status).toBe(403)
    expect((await ask({ segment: 'buyers' }, dsp)).status).toBe(404)
  })

  test('is asked for on the command line', async () => {
    const ran = await cli.run(['segment', 'estimate', '--owner', 'dmp', '--rule', 'searched'])
    expect(JSON.parse(ran.out).people.count).toBe(30)
    const stdin = await cli.run(['segment', 'estimate', '--owner', 'dmp', '--rule', '@-'], {
      stdin: 'bought\n',
    })
    expect(JSON.parse(stdin.out).people.count).toBe(10)
    const bad = await cli.run(['segment', 'estimate', '--owner', 'dmp', '--rule', 'nothing'])
    expect([bad.code, bad.err]).toEqual([1, expect.stringContaining('dmp has no trait nothing')])
  })
})

describe('a backfill', () => {
  test('says what came of a rule that was written', async () => {
    await world.must('PUT', '/api/segments/seekers', { body: { ...INTENDERS, rule: 'searched' } })
    expect(await filled('seekers')).toMatchObject({
      ...{ segment: 'seekers', asked: PEOPLE, total: PEOPLE, matched: 30, share: 1 },
      ...{ secondsLeft: null, says: 'Everybody was asked.' },
    })
    expect(await world.memberships('shop.anon', 'a1')).toContain('seekers:')
    expect(await world.memberships('shop.anon', 'a4')).not.toContain('seekers:')
  })

  test('that is over is not paused, and a segment without rule has none', async () => {
    await filled('seekers')
    for (const verb of ['pause', 'resume'])
      expect((await world.ask('POST', `/api/segments/seekers/backfill/${verb}`)).status).toBe(409)
    expect((await world.ask('GET', '/api/segments/cars/backfill')).status).toBe(404)
    expect((await world.ask('POST', '/api/segments/cars/backfill/pause')).status).toBe(404)
    const dsp = await world.key('dsp')
    const foreign = { token: dsp }
    expect((await world.ask('GET', '/api/segments/seekers/backfill', foreign)).status).toBe(404)
    const own = await world.ask('POST', '/api/segments/seekers/backfill/pause', { token: dmp })
    expect(own.status).toBe(403)
  })

  test('is watched, paused and resumed on the command line', async () => {
    const watched = await cli.run('segment backfill seekers --watch')
    expect([watched.code, JSON.parse(watched.out).matched]).toEqual([0, 30])
    expect(watched.err).toContain('done: 40 of about 40 people asked, 30 in it')
    const bar = await cli.run('segment backfill seekers --watch', { isTTY: true })
    expect(bar.err).toContain('100 %')
    const paused = await cli.run('segment backfill seekers --pause')
    expect([paused.code, paused.err]).toEqual([1, expect.stringContaining('nothing to pause')])
  })
})
