import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../audience/clock.ts'
import { EventDesk } from '../../audience/events/event-desk.ts'
import { RuleBooks } from '../../audience/events/rule-book.ts'
import { type Console, openConsole } from '../../console/console.ts'
import { ownerOf } from '../../exchange/collect/owner-of.ts'
import type { Actor } from '../../exchange/desk/desk.ts'
import { openUsageDesk, usageDeps } from '../../exchange/desk/open-usage-desk.ts'
import { type LedgerShipper, shipLedger } from '../../exchange/ledger/ship-ledger.ts'
import { Metrics } from '../../gateway/metrics/counters.ts'
import { BidHouse, caseWorld } from '../support/bid-house.ts'
import { ADMIN, type Body } from './world.ts'

// A dry run beside the bid path itself, over one set of rooms.

const OPERATOR: Actor = { operator: true }
let house: BidHouse
let desk: Console
let shipper: LedgerShipper
let events: EventDesk

beforeAll(async () => {
  house = await BidHouse.open()
  await house.settle(caseWorld())
  for (const [id, more] of Object.entries(DEALS))
    await house.exchange.desk.putDeal(OPERATOR, {
      id,
      body: { name: id, seller: 'data-hill', exchange: 'plaza', ...more },
    })
  const { audience, exchange, store, folder } = house
  shipper = await shipLedger({
    dir: join(folder, 'ledger'),
    tallies: store.tallies,
    feed: audience.feed,
    clock: systemClock,
    log: { info: () => {}, error: () => {} },
  })
  const log = { warn: () => {} }
  const books = new RuleBooks(() => audience.feed.current(), ownerOf)
  events = new EventDesk({ audience, books, clock: systemClock, log })
  desk = await openConsole({
    host: '127.0.0.1',
    domain: 'gateway.example',
    edgeUrl: 'https://edge.example',
    port: 0,
    adminToken: ADMIN,
    audience,
    exchange,
    events,
    usage: openUsageDesk(usageDeps({ deskDeps: exchange.deskDeps, store, append: async () => {} })),
    shipper,
    dataDir: folder,
    clock: systemClock,
    metrics: new Metrics(),
    metricsText: async () => '',
    healthRoutes: [],
    log: { error: (details) => expect(details).toBeUndefined() },
  })
})
afterAll(async () => {
  await desk.close(0)
  await events.close()
  await shipper.close()
  await house.close()
})

/** Beside those of the world: one of each fate. */
const DEALS: Record<string, object> = {
  'paused-deal': { status: 'paused' },
  'old-deal': { endsAt: '2021-01-01' },
  'foreign-deal': { buyers: ['south-dsp'] },
  'bought-deal': { seller: 'data-lake', audience: { any: ['cars'] } },
  'site-deal': { site: 'news.example' },
  'japan-deal': { regions: ['JPN'] },
  'golf-deal': { seller: 'data-lake', audience: { all: ['golf', 'boats'] }, buyers: ['north-dsp'] },
  'elsewhere-deal': { exchange: 'bazaar' },
  'open-deal': { dealId: 'PM-1' },
}

async function ask(body: unknown, token = ADMIN): Promise<{ status: number; body: Body }> {
  const answer = await fetch(`http://127.0.0.1:${desk.port}/api/deals/dry-run`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  })
  return { status: answer.status, body: await answer.json() }
}

const REQUEST = '{"id":"1","imp":[{"id":"1"}],"user":{"buyeruid":"driver"}}'

/** `deal: reason`, of all deals in an answer. */
function fates({ deals }: Body): Record<string, string> {
  return Object.fromEntries(
    deals.map(({ deal, reason, imps }: Body) => [deal, reason ?? `in ${imps}`]),
  )
}

describe('a dry run', () => {
  test('says of each deal what would become of it, and why', async () => {
    const { status, body } = await ask({ buyer: 'north-dsp', request: REQUEST })
    expect(status).toBe(200)
    expect(fates(body)).toMatchObject({
      'cars-deal': 'in 1',
      'not-travel-deal': 'in 1',
      'open-deal': 'in 1',
      'paused-deal': 'deal_paused',
      'old-deal': 'deal_out_of_dates',
      'foreign-deal': 'deal_not_for_this_buyer',
      'bazaar-deal': 'deal_not_for_this_buyer',
      'news-deal': 'deal_not_for_this_buyer',
      'bought-deal': 'audience_not_licensed',
      'site-deal': 'deal_not_on_this_site',
      'japan-deal': 'deal_not_in_this_country',
      'golf-deal': 'audience_does_not_hold',
      'elsewhere-deal': 'deal_not_on_this_exchange',
    })
    for (const { reason, says } of body.deals) expect(says === undefined).toBe(reason === undefined)
    const golf = body.deals.find(({ deal }: Body) => deal === 'golf-deal')
    expect(golf.missing).toEqual(['golf', 'boats'])
    expect(body.deals.find(({ deal }: Body) => deal === 'open-deal').dealId).toBe('PM-1')
    expect(body.person).toEqual({ gdpr: false, ids: 1, foundBy: 'buyeruid', matchedIds: 0 })
    expect(body).toMatchObject({ buyer: 'north-dsp', exchange: 'plaza', more: 0 })
  })

  test('names the segment that keeps somebody out', async () => {
    const request = REQUEST.replace('driver', 'driving-traveller')
    const { body } = await ask({ buyer: 'north-dsp', request })
    const deal = body.deals.find((one: Body) => one.deal === 'not-travel-deal')
    expect(deal).toMatchObject({ reason: 'audience_does_not_hold', unwanted: ['travel'] })
  })

  test.each([
    ['no consent', { user: { buyeruid: 'driver' }, regs: { gdpr: 1 } }, 'denied_tcf_no_string'],
    ['a child', { user: { buyeruid: 'driver' }, regs: { coppa: 1 } }, 'denied_coppa'],
    ['a stranger', { user: { buyeruid: 'nobody' } }, 'stranger'],
    ['nobody', {}, 'no_ids'],
  ])(
    'of a request with %s gives that as the reason of what asks for an audience',
    async (_, more, reason) => {
      const { body } = await ask({ buyer: 'north-dsp', request: { id: '1', imp: [{}], ...more } })
      expect(body).toMatchObject({ reason, says: expect.stringMatching(/\.$/) })
      expect(fates(body)).toMatchObject({ 'cars-deal': reason, 'open-deal': 'in 1' })
      expect(body.deals[0]).toMatchObject({ deal: 'open-deal' })
    },
  )

  test('says why an imp takes no deal', async () => {
    const fateIn = async (imp: string) =>
      fates((await ask({ buyer: 'north-dsp', request: `{"id":"1"${imp}}` })).body)['open-deal']
    expect(await fateIn('')).toBe('no_imp')
    expect(await fateIn(',"imp":[{}],"imp":[{}]')).toBe('no_imp')
    expect(await fateIn(',"imp":[{"pmp":7}]')).toBe('imp_not_writable')
    expect(await fateIn(',"imp":[{"pmp":{"deals":[{"id":"PM-1"}]}}]')).toBe('deal_already_there')
    expect(await fateIn(',"imp":[{"pmp":7},{},{}]')).toBe('in 2')
    const twice = `{"id":"1","imp":[{}],"user":{"buyeruid":"driver"},"user":{"buyeruid":"driver"}}`
    const { body } = await ask({ buyer: 'north-dsp', request: twice })
    expect(fates(body)).toMatchObject({ 'cars-deal': 'not_writable', 'open-deal': 'in 1' })
  })

  test('is refused for a request that is none, a buyer or an exchange that is none', async () => {
    const fieldOf = async (body: unknown) => {
      const got = await ask(body)
      return `${got.status} ${got.body.errors?.[0].field}`
    }
    expect(await fieldOf({ buyer: 'north-dsp', request: '{"imp":[]}' })).toBe('400 request')
    expect(await fieldOf({ buyer: 'north-dsp', request: '{' })).toBe('400 request')
    expect(await fieldOf({ buyer: 'gone', request: '{"id":"1"}' })).toBe('422 buyer')
    const strange = { buyer: 'north-dsp', exchange: 'gone', request: '{"id":"1"}' }
    expect(await fieldOf(strange)).toBe('422 exchange')
    expect(await fieldOf({ buyer: 'north-dsp' })).toBe('400 request')
  })
})

describe('a partner', () => {
  const keyOf = async (partner: string) =>
    (await house.exchange.desk.createKey(OPERATOR, { partner, body: { scopes: ['data'] } })).key

  test('rehearses its own requests, and is told of others’ segments only that there are some', async () => {
    const key = await keyOf('north-dsp')
    const { body } = await ask({ buyer: 'north-dsp', request: REQUEST }, key)
    const golf = body.deals.find(({ deal }: Body) => deal === 'golf-deal')
    expect(golf).toMatchObject({ missing: ['golf'], unnamed: 1 })
    expect(fates(body)).toMatchObject({ 'open-deal': 'in 1', 'cars-deal': 'in 1' })
    expect(fates(body)).not.toHaveProperty('foreign-deal')
    expect(fates(body)).not.toHaveProperty('paused-deal')
  })

  test('does not rehearse another’s, nor does a seller its buyers’', async () => {
    for (const partner of ['south-dsp', 'data-hill']) {
      const got = await ask({ buyer: 'north-dsp', request: REQUEST }, await keyOf(partner))
      expect([partner, got.status]).toEqual([partner, 403])
    }
  })
})

describe('beside the bid path', () => {
  test('a dry run adds what an answer would, to every request of the golden cases', async () => {
    const cases = new URL('../cases/enrich/', import.meta.url)
    let compared = 0
    for (const shelf of ['exemplary', 'supplemental'])
      for (const file of readdirSync(new URL(`${shelf}/`, cases)))
        for (const one of JSON.parse(readFileSync(new URL(`${shelf}/${file}`, cases), 'utf8'))) {
          if (one.key !== undefined || one.headers !== undefined) continue
          const { buyer = 'north-dsp', query = '' } = one
          const request = one.raw ?? JSON.stringify(one.request)
          const exchange = new URLSearchParams(query).get('x') ?? undefined
          if (exchange !== undefined && !house.exchange.catalog()!.partner(exchange)) continue
          const headers = { prefer: 'return=additions' }
          const answer = await house.enrich(request, { buyer, query, headers })
          const dry = await ask({ buyer, request, ...(exchange ? { exchange } : {}) })
          if (answer.status >= 400) expect([one.name, dry.status]).toEqual([one.name, 400])
          else expect([one.name, dry.body.additions]).toEqual([one.name, additionsOf(answer.body)])
          compared++
        }
    expect(compared).toBeGreaterThan(40)
  })

  test('counts nothing, and leaves an entry without the person', async () => {
    await house.usage.meter.flush()
    const records = house.ledger.records.length
    const { body } = await ask({ buyer: 'north-dsp', request: REQUEST })
    await house.usage.meter.flush()
    expect(house.ledger.records.length).toBe(records)
    expect(JSON.stringify(body)).not.toContain('"t":')
    const log = readFileSync(join(house.folder, 'audit.ndjson'), 'utf8')
    expect(log).toContain('"verb":"dryRunDeals","object":"partner/north-dsp"')
    expect(log).not.toContain('driver')
  })
})

/** An answer's additions without its tokens; none where it had no body. */
function additionsOf(body: Buffer): unknown {
  if (body.length === 0) return {}
  return JSON.parse(body.toString().replace(/,"ext":\{"t":"[^"]*"\}|,"t":"[^"]*"/g, ''))
}
