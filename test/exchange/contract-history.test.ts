import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { countriesOf } from '../../exchange/countries-of.ts'
import { entitlementDiff } from '../../exchange/entitlement-terms.ts'
import { LIMITS } from '../../exchange/limits.ts'
import { contractLives } from '../../exchange/statements/contract-lives.ts'
import { contractTerms } from '../../exchange/usage/contract-terms.ts'
import { monthFees } from '../../exchange/usage/price/month-fees.ts'
import { type Actor, contractBody, OPERATOR, refusedFields, World } from './world.ts'

const SELLER: Actor = { operator: false, partner: 'dmp' }
const BUYER: Actor = { operator: false, partner: 'dsp' }
const OTHER: Actor = { operator: false, partner: 'other' }

let world: World
beforeEach(async () => {
  world = await World.open()
  for (const id of ['dmp', 'dsp', 'other']) await world.partner(id)
  for (const id of ['cars', 'boats', 'trains']) await world.segment(id, 'dmp')
})
afterEach(() => world.close())

const put = (more: object, actor: Actor = OPERATOR) =>
  world.desk.putContract(actor, { id: 'c', body: contractBody(more) })
const price = (amountMicros: number) => ({
  price: { kind: 'cpm', amountMicros, currency: 'EUR' },
})
const snapshot = () => world.feed.current()!

describe('versions of a contract', () => {
  test('every version of the terms can be read as it was, with the signatures it had', async () => {
    await put({ status: 'draft', ...price(1) })
    await world.desk.signContract(SELLER, { id: 'c' })
    await world.desk.signContract(BUYER, { id: 'c' })
    world.clock.nowMs += 3_600_000
    await put({ ...price(2), status: 'active' })
    await put({ ...price(2), status: 'paused' })
    const { items } = world.desk.listContractVersions(BUYER, { id: 'c' })
    expect(items.map(({ version, activeSince }) => [version, activeSince])).toEqual([
      [2, '2026-01-15T01:00:00.000Z'],
      [1, '2026-01-15T00:00:00.000Z'],
    ])
    const first = world.desk.getContractVersion(SELLER, { id: 'c', version: 1 })
    expect(first.price.amountMicros).toBe(1)
    expect(Object.keys(first.signed)).toEqual(['seller', 'buyer'])
    expect(world.desk.getContractVersion(SELLER, { id: 'c', version: 2 }).status).toBe('paused')
  })

  test('terms and the version before them are written in one write', async () => {
    await put(price(1))
    const { version } = snapshot()
    await put(price(2))
    expect(snapshot().version).toBe(version + 1)
    expect(contractTerms(snapshot(), 'c', 1)?.price.amountMicros).toBe(1)
    expect(contractTerms(snapshot(), 'c', 2)?.price.amountMicros).toBe(2)
    expect(contractTerms(snapshot(), 'c', 3)).toBeUndefined()
  })

  test('a changed status is no new version, and sending back what was read is none either', async () => {
    const { value } = await put(price(1))
    await put({ ...price(1), status: 'paused' })
    const again = await world.desk.putContract(OPERATOR, { id: 'c', body: value })
    expect([again.value.version, again.value.status]).toEqual([1, 'active'])
    expect(snapshot().kind('contract_version').size).toBe(0)
  })

  test('what was over and is put into force again is a new version: the time between is in neither', async () => {
    const DAY = 24 * 3_600_000
    const fee = { kind: 'flat_month', amountMicros: 31_000_000, currency: 'EUR', prorated: true }
    const terms = { price: fee, startsAt: '2026-01-01', endsAt: '2027-01-01' }
    await put(terms)
    const since = world.clock.nowMs
    world.clock.nowMs += DAY
    await world.desk.revokeContract(OPERATOR, { id: 'c' })
    world.clock.nowMs += 2 * DAY
    await put({ ...terms, status: 'revoked' })
    const { value } = await put({ ...terms, status: 'active' })
    expect([value.version, value.signed, value.overSince]).toEqual([2, {}, undefined])
    world.clock.nowMs += DAY
    const lives = contractLives(snapshot(), 'c', world.clock.nowMs)
    expect(lives.map(({ fromMs, untilMs }) => [fromMs - since, untilMs - since])).toEqual([
      [0, DAY],
      [3 * DAY, 4 * DAY],
    ])
    expect(monthFees(lives, '2026-01').map(({ days }) => days)).toEqual([1, 1])
  })

  test('terms that never came into force have no such moment, whatever came after', async () => {
    await put({ ...price(1), status: 'draft' })
    const changed = { ...contractBody({ ...price(2), status: 'draft' }) }
    const seller: Actor = { operator: true, partner: 'dmp' }
    await world.desk.putContract(seller, { id: 'c', body: changed })
    await put({ ...price(2), status: 'active' })
    const { items } = world.desk.listContractVersions(OPERATOR, { id: 'c' })
    expect(items.map(({ activeSince }) => activeSince === null)).toEqual([false, true])
  })

  test('a side that changes an active contract makes a draft that was never in force', async () => {
    await put(price(1))
    const body = contractBody({ ...price(2), status: 'active' })
    const seller: Actor = { operator: true, partner: 'dmp' }
    const { value } = await world.desk.putContract(seller, { id: 'c', body })
    expect([value.status, value.activeSince]).toEqual(['draft', undefined])
  })

  test('versions are shown to those who had a side in them', async () => {
    await put({ ...price(1), buyer: 'other' })
    await put(price(2))
    const get = (actor: Actor, version: number) => () =>
      world.desk.getContractVersion(actor, { id: 'c', version })
    expect(await refusedFields(get(OTHER, 1))).toBe('not_found')
    expect(await refusedFields(get(BUYER, 1))).toBe('not_found')
    expect(world.desk.listContractVersions(BUYER, { id: 'c' }).items).toHaveLength(1)
    expect(world.desk.listContractVersions(SELLER, { id: 'c' }).items).toHaveLength(2)
    expect(await refusedFields(() => world.desk.getEntitlements(BUYER, { id: 'c', diff: 1 }))).toBe(
      'not_found',
    )
  })

  test('drafts are forgotten first where there are too many, and terms once in force never', async () => {
    await put({ ...price(1), status: 'active' })
    await put({ ...price(2), status: 'draft' })
    for (let n = 3; n <= LIMITS.contractVersionsMax + 2; n++)
      await put({ ...price(n), status: 'active' })
    const kept = () => snapshot().kind('contract').get('c')!.value as { keptVersions: number[] }
    expect(kept().keptVersions).toHaveLength(LIMITS.contractVersionsMax)
    expect(contractTerms(snapshot(), 'c', 1)).toBeDefined()
    expect(contractTerms(snapshot(), 'c', 2)).toBeUndefined()
    expect(await refusedFields(() => put(price(1)))).toBe('conflict version')
    expect((await put({ ...price(LIMITS.contractVersionsMax + 2), status: 'ended' })).created).toBe(
      false,
    )
  })

  test('pages of versions follow one another', async () => {
    for (let n = 1; n <= 5; n++) await put(price(n))
    const seen: number[] = []
    for (let after: string | null = ''; after !== null; ) {
      const asked = { id: 'c', limit: 2, ...(after === '' ? {} : { after }) }
      const page = world.desk.listContractVersions(OPERATOR, asked)
      seen.push(...page.items.map(({ version }) => version))
      after = page.next
    }
    expect(seen).toEqual([5, 4, 3, 2, 1])
  })
})

describe('what a contract comes to', () => {
  test('groups of countries are spelled out, dates are moments, and the bid path’s defaults stand there', async () => {
    await put({ regions: ['EU', 'CHE'], endsAt: '2026-12-01', timeZone: 'Europe/Paris' })
    const { value } = world.desk.getEntitlements(BUYER, { id: 'c' })
    expect(value.countries).toEqual([...countriesOf(['CHE', 'EU'])].sort())
    expect(value.endsAt).toBe('2026-11-30T23:00:00.000Z')
    expect([value.writeAs, value.billOn, value.dormant]).toEqual(['own', 'billable', []])
  })

  test('why it gives nothing is told, each cause', async () => {
    await put({ status: 'draft' })
    await world.partner('dmp', { status: 'paused' })
    world.clock.nowMs = Date.UTC(2027, 0, 1)
    expect(world.desk.getEntitlements(BUYER, { id: 'c' }).value.dormant).toEqual([
      'contract_not_active',
      'contract_over',
      'seller_paused',
    ])
  })

  test('gains and losses since a version are told by what they mean, not by how they are written', async () => {
    await put({ segments: ['cars', 'boats'], regions: ['EU'], uses: ['bid_enrichment'] })
    await put({
      segments: ['cars', 'trains'],
      regions: ['FRA', 'CHE'],
      uses: ['bid_enrichment', 'identity'],
      startsAt: '2026-02-01T00:00:00Z',
      endsAt: '2027-02-01T00:00:00Z',
      ...price(3),
    })
    const { diff } = world.desk.getEntitlements(BUYER, { id: 'c', diff: 1 }).value
    expect(diff).toMatchObject({
      from: 1,
      gained: {
        segments: ['trains'],
        uses: ['identity'],
        countries: ['CHE'],
        periods: [{ from: '2027-01-01T00:00:00.000Z', until: '2027-02-01T00:00:00.000Z' }],
      },
      lost: {
        segments: ['boats'],
        uses: [],
        periods: [{ from: '2026-01-01T00:00:00.000Z', until: '2026-02-01T00:00:00.000Z' }],
      },
      changed: [{ field: 'price' }],
    })
    expect(diff!.lost.countries).toEqual([...countriesOf(['EU'])].filter((c) => c !== 'FRA').sort())
  })

  test('from everywhere to one country, what is lost is every other one, and requests of none', async () => {
    await put({})
    await put({ regions: ['FRA'] })
    const { diff } = world.desk.getEntitlements(BUYER, { id: 'c', diff: 1 }).value
    expect(diff!.gained.countries).toEqual([])
    expect(diff!.lost.countries).toContain('none')
    expect(diff!.lost.countries).toHaveLength(countriesOf([]).size - 1)
  })

  test('property: what one way is gained is lost the other way, and a period is gained where only it holds', async () => {
    const { value } = await put({})
    const date = fc.integer({ min: 1, max: 28 }).map((d) => `2026-03-${String(d).padStart(2, '0')}`)
    const terms = fc
      .record({
        segments: fc.uniqueArray(fc.constantFrom('cars', 'boats', 'trains')),
        regions: fc.uniqueArray(fc.constantFrom('EU', 'EEA', 'FRA', 'NOR', 'USA')),
        dates: fc.uniqueArray(date, { minLength: 2, maxLength: 2 }),
      })
      .map(({ dates, ...more }) => {
        const [startsAt, endsAt] = dates.sort()
        return { ...value, ...more, startsAt: startsAt!, endsAt: endsAt! }
      })
    fc.assert(
      fc.property(terms, terms, date, (a, b, day) => {
        const there = entitlementDiff(a as never, b as never)
        const back = entitlementDiff(b as never, a as never)
        expect(there.gained).toEqual(back.lost)
        expect(there.lost).toEqual(back.gained)
        const holds = (t: { startsAt: string; endsAt: string }) =>
          t.startsAt <= day && day < t.endsAt
        const at = `${day}T00:00:00.000Z`
        const inGained = there.gained.periods.some(({ from, until }) => from <= at && at < until)
        expect(inGained).toBe(holds(b) && !holds(a))
      }),
    )
  })
})
