import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Body, ConsoleWorld } from './world.ts'

// Ten people, each a visitor v0 … v9 and a customer c0 … c9 of one shop; of the first six it is known that the two are
// one. Whatever is counted is counted of ids and told of people: here fourteen of twenty.

const HOUR_MS = 3_600_000
const PAIRS = 10
const MERGED = 6
const PEOPLE = 2 * PAIRS - MERGED
const RULE = 'FREQUENCY([seen]) >= 2'

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await world.partner('dmp', { roles: ['dmp'] })
  const namespaces = { anonymousId: 'shop.visitor', userId: 'shop.customer' }
  const source = { name: 'Shop', kind: 'web', owner: 'dmp', namespaces }
  await world.must('PUT', '/api/sources/shop', { body: source })
  for (const id of ['seen', 'sent', 'clicked', 'shown', 'converted', 'held']) {
    const body = { name: id, owner: 'dmp', when: `event == "${id}"`, ttlDays: 90 }
    await world.must('PUT', `/api/traits/${id}`, { body })
  }
  await world.segment('clients', 'dmp')
  const ids = pairs().flat()
  await into(
    'memberships',
    ids.map((id) => ({ ...id, add: ['clients'] })),
  )
  await into(
    'matches',
    pairs(MERGED).map(([visitor, customer]) => ({ ...visitor, with: customer })),
  )
  await collect()
  const own = { name: 'Seen twice', owner: 'dmp', provenance: 'first_party', ttlDays: 90 }
  await world.must('PUT', '/api/segments/twice', { body: { ...own, rule: RULE } })
  await world.events.fill()
})
afterAll(() => world.close())

const pairs = (count = PAIRS) =>
  Array.from({ length: count }, (_, n) => {
    const id = (kind: string) => ({ source: `shop.${kind}`, uid: `${kind[0]}${n}` })
    return [id('visitor'), id('customer')] as const
  })

async function into(what: string, lines: object[]): Promise<void> {
  expect((await world.import(what, lines)).body).toMatchObject({ rejected: 0 })
}

/** Everybody does one half as a visitor and the other as a customer. */
async function collect(): Promise<void> {
  const rows = pairs().flatMap(([{ uid: visitor }, { uid: customer }], n) => [
    [visitor, '', 'seen', 9],
    ['', customer, 'seen', 8],
    [visitor, '', 'sent', 7],
    ['', customer, 'sent', 7],
    ['', customer, 'clicked', 6],
    [visitor, '', 'clicked', 5],
    [visitor, '', n % 2 ? 'shown' : 'held', 4],
    ['', customer, 'converted', 3],
    [visitor, '', 'shown', 2],
  ])
  const lines = rows.map(([visitor, customer, event, hoursAgo]) =>
    [visitor, customer, event, world.clock.now() - Number(hoursAgo) * HOUR_MS].join(','),
  )
  const raw = ['anonymousId,userId,event,timestamp', ...lines].join('\n')
  const headers = { 'content-type': 'text/csv' }
  const { accepted } = await world.must('POST', '/api/events?source=shop', { raw, headers })
  expect(accepted).toBe(rows.length)
  await world.events.poke()
}

const estimate = async (rule: string) =>
  (await world.must('POST', '/api/segments/estimate', { body: { owner: 'dmp', rule } })) as Body

describe('who has two ids is one', () => {
  test('of a segment’s people, and of an audience’s', async () => {
    const { segments, audience } = await world.must(
      'GET',
      '/api/reach?segments=clients&any=clients,twice',
    )
    expect(segments).toMatchObject([{ people: PEOPLE }])
    expect(audience).toBe(PEOPLE)
  })

  test('of whom a rule would hold for, and its frequency is that of both', async () => {
    const all = await estimate('seen')
    expect([all.isExact, all.people.count, all.base.count]).toEqual([true, PEOPLE, PEOPLE])
    expect((await estimate(RULE)).people.count).toBe(MERGED)
    expect((await estimate('FREQUENCY([seen]) >= 3')).people.count).toBe(0)
  })

  test('of whom a segment was filled with', async () => {
    const filled = await world.must('GET', '/api/segments/twice/backfill')
    expect(filled).toMatchObject({ state: 'done', matched: MERGED })
    expect((await world.must('GET', '/api/reach?segments=twice')).segments).toMatchObject([
      { people: MERGED },
    ])
  })

  test('of whom customers were met, and who uses an account', async () => {
    const { items } = await world.must('GET', '/api/kpis?clients=clients')
    const shares = items
      .filter(({ kpi }: Body) => ['reconciliation_rate', 'account_rate'].includes(kpi))
      .map(({ kpi, on = '', count, of }: Body) => `${kpi} ${on} ${count} ${of}`)
    expect(shares).toEqual([
      `reconciliation_rate  ${MERGED} ${PEOPLE}`,
      `account_rate any ${MERGED} ${PEOPLE}`,
      `account_rate web ${MERGED} ${PEOPLE}`,
      `account_rate app 0 ${PEOPLE}`,
      `account_rate both 0 ${PEOPLE}`,
    ])
  })

  test('of whom a campaign reached, and a click is theirs whose the delivery was', async () => {
    const body = { name: 'Mails', owner: 'dmp', channel: 'email', sent: 'sent', clicked: 'clicked' }
    const more = { converted: 'converted', control: 'held', impressions: 'shown' }
    await world.must('PUT', '/api/campaigns/mails', { body: { ...body, ...more } })
    const { items, campaign } = await world.must('GET', '/api/kpis?campaign=mails')
    const rate = (name: string) => items.find(({ kpi }: Body) => kpi === name)
    // Both ids of all were sent one and clicked; who is one clicked once.
    expect(rate('email_click_rate')).toMatchObject({ count: PEOPLE, of: 2 * PAIRS })
    // Half of the visitors were held out, and reached all the same: they are in neither.
    const [oneHeld, twoHeld] = [MERGED / 2, (PAIRS - MERGED) / 2]
    expect(campaign.uplift.reached).toMatchObject({ of: PEOPLE - oneHeld - twoHeld })
    expect(campaign.uplift.control).toMatchObject({ count: 0, of: 0 })
    // A banner after the conversion is wasted where it is known that it is the same person.
    expect(rate('retargeting_waste')).toMatchObject({ count: MERGED, of: PAIRS + PAIRS / 2 })
  })
})

test('who is taken apart again is two', async () => {
  const [visitor, customer] = pairs()[0]!
  await into('matches', [{ ...visitor, with: customer, remove: true }])
  await world.events.poke()
  expect((await world.must('GET', '/api/reach?segments=clients')).segments).toMatchObject([
    { people: PEOPLE + 1 },
  ])
  expect((await estimate('seen')).people.count).toBe(PEOPLE + 1)
  expect((await estimate(RULE)).people.count).toBe(MERGED - 1)
})

test('no request failed', () => expect(world.errors).toEqual([]))
