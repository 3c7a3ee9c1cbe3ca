import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seeded } from '../support/random.ts'
import { Cli } from './cli-support.ts'
import { type Body, ConsoleWorld } from './world.ts'

// Three hundred people of a seeded story get e-mails, click (as do machines), book and convert; some are held out, and some
// are shown banners, also after they have converted. Everything is counted once more straight from the list of events.

const HOUR_MS = 3_600_000
const EVENTS = ['Sent', 'Bounced', 'Clicked', 'Booked', 'Redeemed', 'Shown', 'Converted', 'Held']
const PEOPLE = 300

type Row = { user: string; event: string; atMs: number }
const rows: Row[] = []
let world: ConsoleWorld

beforeAll(async () => {
  world = await ConsoleWorld.open()
  for (const id of ['dmp', 'other']) await world.partner(id, { roles: ['dmp'] })
  const namespaces = { userId: 'mail.customer' }
  const mail = { name: 'Mail', kind: 'file', owner: 'dmp', namespaces, provenance: 'campaign' }
  await world.must('PUT', '/api/sources/mail', { body: mail })
  for (const event of [...EVENTS, 'Buys'])
    await world.must('PUT', `/api/traits/${event.toLowerCase()}`, {
      body: {
        name: event,
        owner: 'dmp',
        when: `event == "${event}"`,
        ttlDays: 300,
        provenance: 'campaign',
      },
    })
  await world.must('PUT', '/api/segments/buyers', {
    body: {
      name: 'Buyers',
      owner: 'dmp',
      provenance: 'campaign',
      ttlDays: 300,
      rule: 'buys <= 200D',
    },
  })
  tell()
  const lines = rows.map(({ user, event, atMs }) => [user, event, atMs].join(','))
  const raw = ['userId,event,timestamp', ...lines].join('\n')
  const headers = { 'content-type': 'text/csv' }
  const { accepted } = await world.must('POST', '/api/events?source=mail', { raw, headers })
  expect(accepted).toBe(rows.length)
  await world.events.poke()
})
afterAll(() => world.close())

function tell(): void {
  const next = seeded(11)
  const startMs = world.clock.now() - 20 * 24 * HOUR_MS
  for (let n = 0; n < PEOPLE; n++) {
    const say = (event: string, atMs: number) => rows.push({ user: `u${n}`, event, atMs })
    let atMs = Math.round(startMs + next() * 24 * HOUR_MS)
    if (next() < 0.2) say('Held', atMs)
    else {
      say('Sent', atMs)
      if (next() < 0.1) say('Bounced', atMs + 500)
      if (next() < 0.2) say('Clicked', atMs + Math.round(next() * 1_999))
      if (next() < 0.3) say('Clicked', atMs + 2_000 + Math.round(next() * HOUR_MS))
      if (next() < 0.1) say('Booked', atMs + 2 * HOUR_MS)
      if (next() < 0.05) say('Redeemed', atMs + 3 * HOUR_MS)
    }
    for (let i = 0; i < 4; i++) {
      atMs += Math.round((1 + next()) * 24 * HOUR_MS)
      if (next() < 0.15) say('Converted', atMs)
      if (next() < 0.3) say('Shown', atMs + HOUR_MS)
    }
  }
}

const of = (user: string, event: string) =>
  rows.filter((one) => one.user === user && one.event === event).map(({ atMs }) => atMs)
const users = Array.from({ length: PEOPLE }, (_, n) => `u${n}`)
const events = (event: string) => rows.filter((one) => one.event === event).length

const MAIL = {
  ...{ name: 'Spring', owner: 'dmp', channel: 'email', sent: 'sent', bounced: 'bounced' },
  ...{ clicked: 'clicked', booked: 'booked', redeemed: 'redeemed', converted: 'converted' },
  control: 'held',
  cost: { amountMicros: 120_000_000, currency: 'EUR' },
}
const put = (id: string, body: object) => world.ask('PUT', `/api/campaigns/${id}`, { body })
const kpis = async (id: string, token?: string) =>
  (await world.must('GET', `/api/kpis?campaign=${id}`, token ? { token } : {})) as Body
const rates = ({ items }: Body) =>
  Object.fromEntries(items.map(({ kpi, count, of: all }: Body) => [kpi, [count, all]]))

describe('a campaign that is counted by traits', () => {
  test('tells of all recipients who clicked, machines left out, and what it cost', async () => {
    expect((await put('spring', MAIL)).status).toBe(201)
    const told = await kpis('spring')
    const isPerson = (user: string) =>
      of(user, 'Clicked').some((atMs) => atMs - of(user, 'Sent')[0]! >= 2_000)
    const clicked = users.filter(isPerson).length
    const delivered = events('Sent') - events('Bounced')
    expect(clicked).toBeLessThan(users.filter((user) => of(user, 'Clicked').length > 0).length)
    expect(rates(told)).toMatchObject({
      email_click_rate: [clicked, delivered],
      booking_rate: [events('Booked'), delivered],
      redemption_rate: [events('Redeemed'), delivered],
    })
    expect(told.campaign).toMatchObject({
      ...{ campaign: 'spring', channel: 'email', isExact: true, cost: MAIL.cost },
      figures: {
        sent: { count: events('Sent'), by: 'trait' },
        delivered: { count: delivered, by: 'others' },
      },
      costPerBookingMicros: Math.round(120_000_000 / events('Booked')),
    })
  })

  test('compares those it reached with those who were held out', async () => {
    const { uplift } = (await kpis('spring')).campaign
    const share = (first: string) => {
      const group = users.filter((user) => of(user, first).length > 0)
      const isAfter = (user: string) =>
        of(user, 'Converted').some((atMs) => atMs > of(user, first)[0]!)
      return { count: group.filter(isAfter).length, of: group.length }
    }
    expect(uplift).toMatchObject({ reached: share('Sent'), control: share('Held') })
    expect(uplift.low).toBeLessThan(uplift.difference)
    expect(uplift.high).toBeGreaterThan(uplift.difference)
  })

  test('tells which impressions were bought on people who had converted', async () => {
    const body = {
      name: 'Again',
      owner: 'dmp',
      channel: 'display',
      impressions: 'shown',
      converted: 'converted',
    }
    await put('again', body)
    const wasted = users.flatMap((user) => {
      const [first = Infinity] = of(user, 'Converted').sort((a, b) => a - b)
      return of(user, 'Shown').filter((atMs) => atMs > first)
    })
    expect(wasted.length).toBeGreaterThan(20)
    expect(rates(await kpis('again'))).toEqual({
      retargeting_waste: [wasted.length, events('Shown')],
    })
  })

  test('counts what is on its days alone', async () => {
    const day = new Date(world.clock.now()).toISOString().slice(0, 10)
    await put('today', { ...MAIL, startsOn: day, endsOn: day })
    const told = await kpis('today')
    expect(told.items).toMatchObject([
      { count: 0, of: 0, rate: null },
      { rate: null },
      { rate: null },
    ])
    expect(told.campaign).toMatchObject({ from: day, to: day, costPerBookingMicros: null })
  })

  test('people are left out from the moment they come into the segment that excludes them', async () => {
    const body = {
      name: 'Not buyers',
      owner: 'dmp',
      channel: 'display',
      impressions: 'shown',
      excluded: 'buyers',
    }
    await put('not-buyers', body)
    expect(rates(await kpis('not-buyers'))).toEqual({ retargeting_waste: [0, events('Shown')] })
    const raw = `userId,event,timestamp\nu1,Buys,${world.clock.now()}\n`
    const headers = { 'content-type': 'text/csv' }
    await world.must('POST', '/api/events?source=mail', { raw, headers })
    await world.events.poke()
    world.clock.aheadMs += HOUR_MS
    const again = `userId,event,timestamp\nu1,Shown,${world.clock.now()}\n`
    await world.must('POST', '/api/events?source=mail', { raw: again, headers })
    await world.events.poke()
    expect(rates(await kpis('not-buyers'))).toEqual({ retargeting_waste: [1, events('Shown') + 1] })
  })
})

describe('a campaign whose figures are told', () => {
  test('has the same rates of them', async () => {
    await put('paper', {
      ...{ name: 'Paper', owner: 'dmp', channel: 'email', sent: 1_000, bounced: 50, clicked: 95 },
      ...{ booked: 20, impressions: 500, wasted: 25, converted: 60 },
      control: { people: 200, converted: 4 },
      cost: { amountMicros: 30_000_000, currency: 'EUR' },
    })
    const told = await kpis('paper')
    expect(rates(told)).toEqual({
      ...{ email_click_rate: [95, 950], booking_rate: [20, 950], retargeting_waste: [25, 500] },
    })
    expect(told.campaign.costPerBookingMicros).toBe(1_500_000)
    expect(told.campaign.uplift).toMatchObject({
      difference: 0.04,
      reached: { count: 60, of: 1_000 },
    })
    expect(told.campaign.uplift.low).toBeGreaterThan(0)
  })

  test('with nothing to divide by has no rates', async () => {
    await put('nothing', {
      name: 'No',
      owner: 'dmp',
      channel: 'sms',
      sent: 0,
      clicked: 0,
      booked: 0,
    })
    expect((await kpis('nothing')).items).toMatchObject([
      { kpi: 'click_rate', count: 0, of: 0, rate: null },
      { kpi: 'booking_rate', rate: null },
    ])
  })
})

test('names what contradicts itself or is not there', async () => {
  const faults = async (body: object) =>
    (
      (await put('bad', { name: 'Bad', owner: 'dmp', channel: 'email', ...body })).body.errors ?? []
    ).map(({ field }: Body) => field)
  expect(await faults({ sent: 10, bounced: 11 })).toEqual(['bounced'])
  expect(await faults({ startsOn: '2026-02-30' })).toEqual(['startsOn'])
  expect(await faults({ startsOn: '2026-03-02', endsOn: '2026-03-01' })).toEqual(['endsOn'])
  expect(await faults({ clicked: 'gone', excluded: 'gone', control: 'gone' })).toEqual([
    'clicked',
    'control',
    'excluded',
  ])
  expect(await faults({ control: { people: 1, converted: 2 } })).toEqual(['control.converted'])
  expect(await faults({ sent: -1 })).toContain('sent')
})

test('stands in the catalog’s files, and holds what it is counted by', async () => {
  expect((await world.must('GET', '/api/catalog')).files['campaigns/paper.json']).toMatchObject({
    sent: 1_000,
  })
  const { status, body } = await world.ask('DELETE', '/api/traits/booked', {})
  expect([status, body.detail]).toEqual([409, expect.stringContaining('campaign spring')])
})

test('is its owner’s to see, in whole steps where it is counted', async () => {
  const told = await kpis('spring', await world.key('dmp'))
  expect(told.step).toBe(250)
  expect(told.campaign.figures.sent.count % 250).toBe(0)
  const token = await world.key('other')
  const refused = await world.ask('GET', '/api/kpis?campaign=spring', { token })
  expect(refused.status).toBe(422)
  const both = await world.ask('GET', '/api/kpis?campaign=spring&days=3', {})
  expect(both.body.errors[0].field).toBe('days')
})

test('over the command line', async () => {
  const cli = new Cli(world)
  const body = JSON.stringify({ name: 'Cli', owner: 'dmp', channel: 'sms', sent: 10, clicked: 1 })
  expect((await cli.run('campaign put texts -', { stdin: body })).code).toBe(0)
  const { out } = await cli.run('kpis --campaign texts')
  expect(JSON.parse(out).items).toMatchObject([{ kpi: 'click_rate', count: 1, of: 10 }])
})
