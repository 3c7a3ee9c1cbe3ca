import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Actor, contractBody, OPERATOR, refusal, refusedFields, World } from './world.ts'

const SELLER: Actor = { operator: false, partner: 'dmp' }
const BUYER: Actor = { operator: false, partner: 'dsp' }
const SELLER_OPERATOR: Actor = { operator: true, partner: 'dmp' }

let world: World
beforeEach(async () => {
  world = await World.open()
  for (const id of ['dmp', 'dsp']) await world.partner(id)
  await world.segment('cars', 'dmp')
})
afterEach(() => world.close())

const put = (more: object = {}, actor: Actor = OPERATOR) =>
  world.desk.putContract(actor, { id: 'c', body: contractBody(more) })
const step = async (verb: 'sign' | 'decline' | 'pause' | 'resume' | 'end' | 'revoke', by: Actor) =>
  (await world.desk[`${verb}Contract`](by, { id: 'c' })).value
const given = () => Object.keys(world.granted(world.view('dsp')))

describe('a contract', () => {
  test('gives nothing in any status but active', async () => {
    for (const status of ['draft', 'signed', 'paused', 'revoked', 'ended']) {
      await put({ status })
      expect([status, given()]).toEqual([status, []])
    }
    await put({ status: 'active' })
    expect(given()).toEqual(['cars'])
  })

  test('paused by both sides goes on when both want it to', async () => {
    await put()
    await step('pause', SELLER)
    expect((await step('pause', BUYER)).pausedBy).toEqual(['buyer', 'seller'])
    expect((await step('resume', SELLER)).status).toBe('paused')
    expect(given()).toEqual([])
    const { status, pausedBy } = await step('resume', BUYER)
    expect([status, pausedBy, given()]).toEqual(['active', undefined, ['cars']])
    expect((await step('resume', BUYER)).status).toBe('active')
  })

  test('that another has paused is not the caller’s to resume; the exchange’s operator may', async () => {
    await put()
    await step('pause', SELLER)
    expect(await refusedFields(() => step('resume', BUYER))).toBe('forbidden')
    await step('pause', OPERATOR)
    expect((await step('resume', OPERATOR)).status).toBe('active')
    await put({ status: 'paused' })
    expect(await refusedFields(() => step('resume', SELLER))).toBe('forbidden')
    await put({ status: 'active' })
    expect((await step('pause', SELLER)).pausedBy).toEqual(['seller'])
  })

  test('paused before it was ever active is signed again, and still gives nothing', async () => {
    await put({ status: 'signed' })
    await step('pause', BUYER)
    expect((await step('resume', BUYER)).status).toBe('signed')
    expect(given()).toEqual([])
  })

  test('is declined while it is a draft, by either side, and signed no more', async () => {
    await put({ status: 'draft' })
    await step('sign', SELLER)
    expect((await step('decline', BUYER)).status).toBe('ended')
    for (const verb of ['sign', 'decline', 'pause', 'resume'] as const)
      expect(await refusedFields(() => step(verb, BUYER))).toBe('conflict status')
    await put({ status: 'active' })
    expect(await refusedFields(() => step('decline', BUYER))).toBe('conflict status')
  })

  test('is ended and revoked by operators only, and comes back by neither’s wish', async () => {
    await put()
    for (const verb of ['end', 'revoke'] as const)
      expect(await refusedFields(() => step(verb, BUYER))).toBe('forbidden')
    expect((await step('end', SELLER_OPERATOR)).status).toBe('ended')
    expect((await step('end', SELLER_OPERATOR)).status).toBe('ended')
    expect(await refusedFields(() => step('revoke', SELLER_OPERATOR))).toBe('conflict status')
    expect(await refusedFields(() => step('resume', OPERATOR))).toBe('conflict status')
  })

  test('bears a platform fee that only the exchange’s operator sets, and both sides see', async () => {
    await put({ platformFeeBps: 1_500, status: 'draft' })
    for (const side of [SELLER, BUYER])
      expect(world.desk.getContract(side, 'c').value.platformFeeBps).toBe(1_500)
    const write = (more: object) => put({ status: 'draft', ...more }, SELLER_OPERATOR)
    expect(await refusedFields(() => write({ platformFeeBps: 0 }))).toBe('forbidden platformFeeBps')
    expect((await write({ regions: ['EU'] })).value.platformFeeBps).toBe(1_500)
    expect(await refusedFields(() => put({ platformFeeBps: 10_001 }))).toBe(
      'invalid platformFeeBps',
    )
  })

  test('with caps says how far they may be overshot', async () => {
    const caps = [{ units: 1_000, per: 'day' }]
    expect((await put({ caps })).value.capsOvershootMs).toBe(1_000)
    expect((await put()).value.capsOvershootMs).toBeUndefined()
  })
})

describe('who is what in data protection', () => {
  test('is said by whoever signs what came from an offer', async () => {
    await world.offer('o', { segments: ['cars'] })
    const body = { contract: 'c', endsAt: '2026-12-31', dataProtection: { seller: 'controller' } }
    await world.desk.requestContract(BUYER, { offer: 'o', body })
    expect(await refusedFields(() => step('sign', BUYER))).toBe(
      'unprocessable dataProtection.buyer dataProtection.operator dataProtection.basis',
    )
  })

  test('is a warning where an operator of the exchange puts a contract into force', async () => {
    const { value } = await put()
    expect([value.status, value.dataProtectionMissing]).toEqual([
      'active',
      ['seller', 'buyer', 'operator', 'basis', 'instrument', 'retentionDays'],
    ])
    await put({ status: 'draft', startsAt: '2026-01-02' })
    await step('sign', SELLER)
    expect((await step('sign', BUYER)).status).toBe('active')
  })
})

describe('a first-party segment', () => {
  beforeEach(async () => {
    await world.segment('cars', 'dmp', { provenance: 'first_party' })
    await world.segment('boats', 'dmp')
    await world.partner('ssp', { roles: ['ssp'] })
  })

  test('is sold to seats, not to a platform', async () => {
    expect(await refusedFields(() => put())).toBe('unprocessable seats')
    expect(await refusedFields(() => put({ seats: [] }))).toBe('unprocessable seats')
    await put({ seats: ['seat-1'] })
    await put({ segments: ['boats'] })
    await world.partner('dsp', { roles: ['advertiser'] })
    await put()
  })

  test('may go under an id that a seat owns, alone', async () => {
    await world.segment('cars', 'dmp', {
      provenance: 'first_party',
      taxonomy: { segtax: 4, id: '243' },
    })
    await put({ externalIds: { cars: '55' } })
    const both = { externalIds: { cars: '55' }, writeAs: 'both' }
    expect(await refusedFields(() => put(both))).toBe('unprocessable seats')
    const other = { segments: ['cars', 'boats'], externalIds: { boats: '55' } }
    expect(await refusedFields(() => put(other))).toBe('unprocessable seats')
  })

  test('may go through a deal with seats, for the buyers of that deal', async () => {
    const deal = (more: object) =>
      world.deal('d', { seller: 'dmp', exchange: 'ssp', audience: { any: ['cars'] }, ...more })
    await deal({})
    expect(await refusedFields(() => put())).toBe('unprocessable seats')
    await deal({ wseat: ['seat-1'], buyers: ['dmp'] })
    expect(await refusedFields(() => put())).toBe('unprocessable seats')
    await deal({ wseat: ['seat-1'], audience: { any: ['boats'], none: ['cars'] } })
    expect(await refusedFields(() => put())).toBe('unprocessable seats')
    await deal({ wseat: ['seat-1'] })
    await put()
  })

  test('keeps what keeps it to seats: not deleted, opened, nor imported anew without them, while it is in force', async () => {
    const deal = (more: object) =>
      world.deal('d', { seller: 'dmp', exchange: 'ssp', audience: { any: ['cars'] }, ...more })
    await deal({ wseat: ['seat-1'] })
    await put()
    expect((await refusal(() => deal({}))).message).toBe(
      'wseat: contract c would give first-party segments to all of dsp: name its seats first',
    )
    expect(
      await refusedFields(() => deal({ audience: { any: ['boats'] }, wseat: ['seat-1'] })),
    ).toBe('conflict wseat')
    const gone = () => world.desk.deleteDeal(OPERATOR, { id: 'd' })
    expect(await refusedFields(gone)).toBe('conflict')
    await deal({ wseat: ['seat-2'] })
    await put({ seats: ['seat-1'] })
    await gone()
  })

  test('drafted through a deal that is gone is not signed', async () => {
    await world.deal('d', {
      ...{ seller: 'dmp', exchange: 'ssp', audience: { any: ['cars'] } },
      wseat: ['seat-1'],
    })
    await put({ status: 'draft' })
    await world.desk.deleteDeal(OPERATOR, { id: 'd' })
    await world.desk.signContract(OPERATOR, { id: 'c', body: { side: 'seller' } })
    const sign = () => world.desk.signContract(OPERATOR, { id: 'c', body: { side: 'buyer' } })
    expect(await refusedFields(sign)).toBe('unprocessable seats')
  })

  test('is not sold to a platform by being called first-party later, nor by its buyer becoming a platform', async () => {
    await put({ segments: ['boats'] })
    const boats = () => world.segment('boats', 'dmp', { provenance: 'first_party' })
    expect(await refusedFields(boats)).toBe('conflict provenance')
    await world.partner('house', { roles: ['advertiser'] })
    await world.desk.putContract(OPERATOR, { id: 'h', body: contractBody({ buyer: 'house' }) })
    const platform = () => world.partner('house', { roles: ['advertiser', 'dsp'] })
    expect(await refusedFields(platform)).toBe('conflict roles')
    await world.desk.revokeContract(OPERATOR, { id: 'c' })
    await boats()
  })
})

describe('the dates of a contract', () => {
  const at = (text: string) => {
    world.clock.nowMs = Date.parse(text)
    return given().length > 0
  }

  test('end at midnight in its time zone, to the second, also where clocks change that day', async () => {
    const cases: [endsAt: string, timeZone: string, lastSecond: string][] = [
      ['2026-11-26', 'UTC', '2026-11-25T23:59:59Z'],
      ['2026-11-26', 'Europe/Paris', '2026-11-25T22:59:59Z'],
      ['2026-03-29', 'Europe/Paris', '2026-03-28T22:59:59Z'],
      ['2026-03-30', 'Europe/Paris', '2026-03-29T21:59:59Z'],
      ['2026-10-26', 'Europe/Paris', '2026-10-25T22:59:59Z'],
      ['2026-11-02', 'America/New_York', '2026-11-02T04:59:59Z'],
      ['2026-11-26', 'Asia/Kathmandu', '2026-11-25T18:14:59Z'],
      // There is no midnight on that day in Santiago: clocks go from 24:00 to 01:00.
      ['2026-09-06', 'America/Santiago', '2026-09-06T03:59:59Z'],
    ]
    for (const [endsAt, timeZone, lastSecond] of cases) {
      await put({ startsAt: '2026-01-01', endsAt, timeZone })
      const lastMs = Date.parse(lastSecond)
      const shown = [lastMs, lastMs + 999, lastMs + 1_000].map((ms) =>
        at(new Date(ms).toISOString()),
      )
      expect([timeZone, endsAt, ...shown]).toEqual([timeZone, endsAt, true, true, false])
    }
  })

  test('are not kept by a clock that runs ahead and is set back, nor by one that runs behind', async () => {
    await put({ startsAt: '2026-06-01', endsAt: '2026-06-02', timeZone: 'UTC' })
    expect(at('2026-06-01T12:00:00Z')).toBe(true)
    expect(at('2026-05-31T23:59:59Z')).toBe(false)
    expect(at('2026-06-02T00:00:00Z')).toBe(false)
    expect(at('2026-06-01T23:59:59Z')).toBe(true)
  })
})
