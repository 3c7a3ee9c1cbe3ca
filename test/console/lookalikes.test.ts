import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS } from '../../audience/clock.ts'
import { LOOKALIKE_LIMITS } from '../../audience/lookalike/limits.ts'
import type { LookalikeShown } from '../../exchange/desk/lookalikes.ts'
import { seeded } from '../support/random.ts'
import { Cli } from './cli-support.ts'
import { ConsoleWorld, contractBody, fill } from './world.ts'

// 2,400 people of dmp. An eighth of them have something nobody has written down, which makes them sail (80 %, others
// 10 %), golf (60 %, others 15 %) and watch little television (20 %, others 50 %); the rest is noise. Of those who have
// it, half are customers, and `customers` is the seed. dsp's yachts are shown by 70 % of them (others 5 %).

const PEOPLE = 2_400
let world: ConsoleWorld
const hidden = new Set<number>()
const customers: number[] = []

beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  const own = ['customers', 'sailing', 'golf', 'television', 'noise', 'ill', 'drawn']
  for (const id of own)
    await segment(id, 'dmp', id === 'ill' ? { sensitive: true, basis: 'asked' } : {})
  await segment('yachts', 'dsp')
  await segment('other', 'dsp')
  await people()
}, 60_000)
afterAll(() => world.close())

const segmentBody = (owner: string, more: object = {}) => ({
  ...{ name: 'A segment', owner, provenance: 'second_party', ttlDays: 30 },
  ...more,
})
const segment = (id: string, owner: string, more: object = {}) =>
  world.must('PUT', `/api/segments/${id}`, { body: segmentBody(owner, more) })

async function people(): Promise<void> {
  const next = seeded(42)
  const lines: object[] = []
  const matches: object[] = []
  for (let n = 0; n < PEOPLE; n++) {
    const isLike = next() < 0.125
    if (isLike) hidden.add(n)
    const chance = (like: number, others: number) => next() < (isLike ? like : others)
    const add = ['television'].filter(() => chance(0.2, 0.5))
    if (chance(0.6, 0.15)) add.push('golf')
    if (next() < 0.3) add.push('noise')
    if (next() < 0.1) add.push('drawn')
    if (chance(0.9, 0.01)) add.push('ill')
    if (isLike && next() < 1 / 2) {
      add.push('customers')
      customers.push(n)
    }
    add.push('boats')
    lines.push({ source: 'dmp', uid: `p${n}`, add })
    // What is shown at another id of the same person counts as well.
    const atMail = chance(0.8, 0.1) ? ['sailing'] : []
    // Who is a customer at both ids is one customer.
    if (add.includes('customers') && n % 3 === 0) atMail.push('customers')
    if (atMail.length > 0) lines.push({ source: 'email_sha256', uid: mailOf(n), add: atMail })
    matches.push({ source: 'dmp', uid: `p${n}`, with: { source: 'email_sha256', uid: mailOf(n) } })
    if (chance(0.7, 0.05)) lines.push({ source: 'dsp', uid: `b${n}`, add: ['yachts'] })
    matches.push({ source: 'dmp', uid: `p${n}`, with: { source: 'dsp', uid: `b${n}` } })
  }
  expect((await world.import('memberships', lines)).body).toMatchObject({ rejected: 0 })
  expect((await world.import('matches', matches)).body).toMatchObject({ rejected: 0 })
}

const mailOf = (n: number) => createHash('sha256').update(`c${n}@example.com`).digest('hex')

async function made(id: string, lookalike: object): Promise<LookalikeShown> {
  const body = segmentBody('dmp', { lookalike })
  await world.must('PUT', `/api/segments/${id}`, { body })
  await world.lookalikes.poke()
  return world.must('GET', `/api/segments/${id}/lookalike`)
}

async function membersOf(id: string): Promise<number[]> {
  const found: number[] = []
  for (let n = 0; n < PEOPLE; n++)
    if (
      (await world.memberships('dmp', `p${n}`)).split(' ').some((one) => one.startsWith(`${id}:`))
    )
      found.push(n)
  return found
}

describe('a look-alike', () => {
  test('finds the structure that was planted: AUC in its band, the weights say why, sensitive ones have none', async () => {
    const { model, job } = await made('like', { seed: 'customers', people: 200 })
    expect(job).toBe(null)
    expect(model!.refusal).toBe(undefined)
    expect(model!.seedPeople).toBe(customers.length)
    expect(model!.otherPeople).toBe(PEOPLE - customers.length)
    expect(model!.auc!.auc).toBeGreaterThan(0.75)
    expect(model!.auc!.auc).toBeLessThan(0.95)
    expect(model!.auc!.low).toBeGreaterThan(0.6)
    const weights = new Map(model!.features.map(({ id, weight }) => [id, weight]))
    expect(weights.get('sailing')!).toBeGreaterThan(1)
    expect(weights.get('golf')!).toBeGreaterThan(0.5)
    expect(weights.get('television')!).toBeLessThan(-0.3)
    expect(weights.has('ill')).toBe(false)
    expect(weights.has('customers')).toBe(false)
    expect(weights.has('yachts')).toBe(false)
    expect(model!.leftOut.sensitive).toBe(1)
  })

  test('is shown to wait from the moment it is written, and that is done when it was made', async () => {
    const lookalike = { seed: 'drawn', people: 50 }
    await world.must('PUT', '/api/segments/soon', { body: segmentBody('dmp', { lookalike }) })
    const job = async () => (await world.must('GET', '/api/segments/soon/lookalike')).job
    const waiting = { stage: 'waiting', share: 0, startedAt: expect.stringMatching(/Z$/) }
    expect(await job()).toEqual(waiting)
    expect(await job()).toEqual(waiting)
    await world.lookalikes.poke()
    expect(await job()).toBe(null)
  })

  test('takes so many of the most similar at most, never the seed, and more of those than by chance', async () => {
    const members = await membersOf('like')
    const isCustomer = new Set(customers)
    expect(members.length).toBeLessThanOrEqual(200)
    expect(members.length).toBeGreaterThan(100)
    expect(members.some((n) => isCustomer.has(n))).toBe(false)
    const others = hidden.size - customers.length
    const found = members.filter((n) => hidden.has(n)).length
    expect(found / members.length).toBeGreaterThan((3 * others) / (PEOPLE - customers.length))
  })

  test('tells how many there are against how similar they are', async () => {
    const { model } = await world.must('GET', '/api/segments/like/lookalike')
    const points = model.curve as { people: number; similarity: number; seedFound: number }[]
    expect(points).toHaveLength(LOOKALIKE_LIMITS.curvePoints)
    for (const [i, point] of points.entries()) {
      const before = points[i - 1]
      if (!before) continue
      expect(point.people).toBeGreaterThanOrEqual(before.people)
      expect(point.similarity).toBeLessThanOrEqual(before.similarity)
      expect(point.seedFound).toBeGreaterThanOrEqual(before.seedFound)
    }
    expect(points.at(-1)!.people).toBe(model.otherPeople)
  })

  test('is the same again for the same people and number, and another for another', async () => {
    const again = await made('like2', { seed: 'customers', people: 200 })
    const first = await world.must('GET', '/api/segments/like/lookalike')
    expect(again.model!.auc).toEqual(first.model.auc)
    expect(again.model!.features).toEqual(first.model.features)
    expect(await membersOf('like2')).toEqual(await membersOf('like'))
    const other = await made('like2', { seed: 'customers', people: 200, randomSeed: 2 })
    expect(other.model!.auc).not.toEqual(first.model.auc)
  })

  test('of a seed drawn by lot tells nothing, takes nobody, and says so', async () => {
    const { model } = await made('lot', { seed: 'drawn', people: 200 })
    expect(['auc_too_low', 'no_features']).toContain(model!.refusal)
    if (model!.auc) {
      expect(model!.auc.low).toBeLessThan(0.55)
      expect(Math.abs(model!.auc.auc - 0.5)).toBeLessThan(0.1)
    }
    expect(await membersOf('lot')).toEqual([])
  })

  test('is made of others’ segments only under a live contract with use modeling, and ends with it', async () => {
    const terms = { seller: 'dsp', buyer: 'dmp', segments: ['yachts'], price: { kind: 'free' } }
    const contract = (more: object) =>
      world.must('PUT', '/api/contracts/lend', { body: contractBody({ ...terms, ...more }) })
    await contract({ uses: ['overlap'], status: 'active' })
    expect(
      (await made('lent', { seed: 'customers', people: 300 })).model!.features,
    ).not.toContainEqual(expect.objectContaining({ id: 'yachts' }))
    await contract({ uses: ['modeling'], status: 'active' })
    await world.must('POST', '/api/segments/lent/lookalike')
    await world.lookalikes.poke()
    const shown = await world.must('GET', '/api/segments/lent/lookalike')
    expect(shown.model.features).toContainEqual(expect.objectContaining({ id: 'yachts' }))
    expect(shown).toMatchObject({ provenance: 'third_party', isDormant: false })
    expect((await membersOf('lent')).length).toBeGreaterThan(0)
    await world.must('POST', '/api/contracts/lend/revoke', { body: {} })
    const catalog = world.exchange.catalog()!
    const view = catalog.viewFor(catalog.partner('dmp')!.number, 0, world.clock.now(), 'all')
    expect(view.entitlement(catalog.segment('lent')!.number)).toBe(undefined)
    expect((await world.must('GET', '/api/segments/lent/lookalike')).isDormant).toBe(true)
    await world.lookalikes.poke()
    const after = await world.must('GET', '/api/segments/lent/lookalike')
    expect(after.isDormant).toBe(false)
    expect(after.model.features).not.toContainEqual(expect.objectContaining({ id: 'yachts' }))
  })

  test('is made anew when its days are over, and its people end with theirs', async () => {
    const before = (await world.must('GET', '/api/segments/like/lookalike')).model.at
    await world.lookalikes.poke()
    expect((await world.must('GET', '/api/segments/like/lookalike')).model.at).toBe(before)
    const held = await world.memberships('dmp', `p${(await membersOf('like'))[0]}`)
    const until = Number(/like:(\d+)/.exec(held)![1]) * DAY_MS
    expect(until - Date.parse(before)).toBeLessThanOrEqual(31 * DAY_MS)
    world.clock.aheadMs += 8 * DAY_MS
    await world.lookalikes.poke()
    const after = (await world.must('GET', '/api/segments/like/lookalike')).model.at
    expect(Date.parse(after) - Date.parse(before)).toBeGreaterThan(7 * DAY_MS)
    world.clock.aheadMs = 0
  })
})

test('a rule may not ask for a look-alike of a seed that is made of its segment, whichever was written first', async () => {
  const trait = { name: 't', owner: 'dmp', when: 'event == "x"', ttlDays: 30 }
  await world.must('PUT', '/api/traits/circled', { body: trait })
  await segment('first', 'dmp', { rule: 'circled' })
  await segment('second', 'dmp', { rule: 'SEGMENT(first) AND circled' })
  await segment('like-second', 'dmp', { lookalike: { seed: 'second', people: 10 } })
  const body = segmentBody('dmp', { rule: 'SEGMENT(like-second) OR circled' })
  const circle = await world.ask('PUT', '/api/segments/first', { body })
  expect([circle.status, circle.body.errors]).toEqual([
    422,
    [{ field: 'rule', reason: 'rests on itself: segment first is asked for on the way' }],
  ])
  expect((await world.ask('PUT', '/api/segments/third', { body })).status).toBe(201)
  for (const id of ['third', 'like-second', 'second', 'first'])
    await world.must('DELETE', `/api/segments/${id}`)
})

test('what must not or cannot be modelled is refused, with the field', async () => {
  const refusal = async (more: object, id = 'refused') => {
    const body = segmentBody('dmp', more)
    const got = await world.ask('PUT', `/api/segments/${id}`, { body })
    return `${got.status} ${got.body.errors?.[0].field}`
  }
  const like = (seed: string) => ({ lookalike: { seed, people: 10 } })
  expect(await refusal(like('ill'))).toBe('422 lookalike.seed')
  expect(await refusal(like('yachts'))).toBe('422 lookalike.seed')
  expect(await refusal(like('nowhere'))).toBe('422 lookalike.seed')
  expect(await refusal(like('like'))).toBe('422 lookalike.seed')
  expect(await refusal(like('refused'))).toBe('422 lookalike.seed')
  expect(await refusal({ ...like('golf'), rule: 'golf' })).toBe('422 rule')
  expect((await world.ask('GET', '/api/segments/golf/lookalike')).status).toBe(422)
  expect((await world.ask('DELETE', '/api/segments/customers')).status).toBe(409)
  const small = await made('few', { seed: 'cars', people: 10 })
  expect(small.model!.refusal).toBe('seed_too_small')
})

test('a partner sees its own in steps, and starts none; the command line prints and starts', async () => {
  const key = await world.key('dmp')
  const got = await world.ask('GET', '/api/segments/like/lookalike', { token: key })
  expect(got.body).toMatchObject({
    step: 250,
    model: { seedPeople: 0, otherPeople: 250 * Math.floor((PEOPLE - customers.length) / 250) },
  })
  const token = await world.key('dsp')
  for (const id of ['like', 'cars'])
    expect((await world.ask('GET', `/api/segments/${id}/lookalike`, { token })).status).toBe(404)
  const start = await world.ask('POST', '/api/segments/like/lookalike', { token: key })
  expect(start.status).toBe(403)
  const cli = new Cli(world)
  expect(JSON.parse((await cli.run('segment lookalike like')).out).model.auc.auc).toBeGreaterThan(
    0.7,
  )
  const started = JSON.parse((await cli.run('segment lookalike like --run')).out)
  expect(started.job.stage).toMatch(/^(waiting|gathering)$/)
  await world.lookalikes.poke()
})

test('no request failed', () => expect(world.errors).toEqual([]))
