import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DAY_MS } from '../../audience/clock.ts'
import type { Namespace } from '../../audience/namespace.ts'
import type { Segment } from '../../audience/segment.ts'
import { LABEL_CONTACT, WHOLE_LABEL } from '../support/whole-label.ts'
import { type Actor, contractBody, OPERATOR, refusal, refusedFields, World } from './world.ts'

const OWNER: Actor = { operator: false, partner: 'dmp' }
const BUYER: Actor = { operator: false, partner: 'dsp' }
const STRANGER: Actor = { operator: false, partner: 'other' }

let world: World
beforeEach(async () => {
  world = await World.open()
  for (const id of ['dmp', 'dsp', 'other', 'feeder']) await world.partner(id)
  await world.segment('boats', 'dmp')
  await segment()
})
afterEach(() => world.close())

const LABEL = WHOLE_LABEL

const segment = (more: object = {}, label: object = LABEL) =>
  world.segment('cars', 'dmp', { label, ...more })

/** An import that puts people into cars, under these namespaces. */
async function refreshed(...names: string[]): Promise<void> {
  const snapshot = world.feed.current()!
  const { number } = snapshot.kind('segment').get('cars')!.value as Segment
  const numbers = names.map(
    (name) => (snapshot.kind('namespace').get(name)!.value as Namespace).number,
  )
  await world.desk.noteRefreshed(new Map([[number, new Set(numbers)]]))
}

const later = (days: number) => void (world.clock.nowMs += days * DAY_MS)

const label = (actor: Actor = OWNER) => world.desk.getLabel(actor, 'cars')
const staleReasons = async () => (await label()).stale.map(({ reason }) => reason)

describe('a label', () => {
  test('is stale once its refresh is overdue, and good again after the next import', async () => {
    await refreshed('dmp')
    expect((await label()).refreshedOn).toBe('2026-01-15')
    later(7)
    expect(await staleReasons()).toEqual([])
    later(1)
    expect((await label()).stale).toEqual([
      {
        reason: 'refresh_overdue',
        says: expect.stringMatching(/Weekly, and nobody .* since 2026-01-15: import its members/),
      },
    ])
    await refreshed('dmp')
    expect((await label()).state).not.toBe('stale')
    later(3_000)
    await segment({}, { ...LABEL, refresh: 'Static' })
    expect(await staleReasons()).toEqual([])
  })

  test('of which no refresh was ever seen is not stale: the catalog may be there before its people', async () => {
    later(3_000)
    expect(await staleReasons()).toEqual([])
    await refreshed('dmp')
    later(3_000)
    await segment({ label: null })
    expect(await staleReasons()).toEqual([])
  })

  test('is stale while all the namespaces of its people are gone or paused', async () => {
    await refreshed('feeder', 'other')
    await world.partner('feeder', { status: 'paused' })
    expect(await staleReasons()).toEqual([])
    await world.desk.deletePartner(OPERATOR, { id: 'other' })
    expect((await label()).stale).toEqual([
      {
        reason: 'source_gone',
        says: expect.stringMatching(/feeder, other, which is gone or paused/),
      },
    ])
    await world.partner('feeder')
    expect(await staleReasons()).toEqual([])
    await world.partner('dmp', { status: 'paused' })
    expect((await label()).stale[0]!.says).toMatch(/dmp, who owns it, is paused/)
  })

  test('of a rule is stale while its owner has no source', async () => {
    const trait = { name: 'auto', owner: 'dmp', when: 'event == "Auto"', ttlDays: 30 }
    await world.desk.putTrait(OPERATOR, { id: 'auto', body: trait })
    await segment({ rule: 'FREQUENCY([auto] <= 5D) >= 3' })
    expect((await label()).stale).toEqual([
      { reason: 'source_gone', says: expect.stringMatching(/dmp has no source/) },
    ])
    const body = { name: 'Web', kind: 'web', owner: 'dmp', namespaces: { anonymousId: 'web-1' } }
    await world.desk.putSource(OPERATOR, { id: 'web', body })
    expect(await staleReasons()).toEqual([])
    await refreshed('dmp')
    later(100)
    expect(await staleReasons()).toEqual([])
  })

  test('is stale where its taxonomy no longer has its node', async () => {
    const header = 'Unique ID\tParent\tTier 1\n'
    const taxonomy = (text: string) =>
      world.desk.importTaxonomy(OPERATOR, { segtax: '4', text: header + text, confirm: true })
    await taxonomy('243\t\tCars\n806\t\tNew\n')
    expect(await staleReasons()).toEqual([])
    expect((await label()).standardNames).toEqual(['Cars', 'New'])
    await taxonomy('244\t\tBoats\n806\t\tNew\n')
    expect((await label()).stale).toEqual([
      { reason: 'node_gone', says: expect.stringMatching(/no node 243 .*nodes\?find=/) },
    ])
    expect(await refusedFields(() => segment({}, { ...LABEL, nodes: ['243', '245'] }))).toBe(
      'unprocessable label.nodes.1',
    )
  })

  test('names those who may see it: whoever sees the segment, or an offer of it', async () => {
    expect((await label(OPERATOR)).segment).toBe('cars')
    expect(await refusedFields(() => label(BUYER))).toBe('not_found')
    await world.offer('o', { segments: ['cars'], visibility: 'private', buyers: ['dsp'] })
    expect((await label(BUYER)).offers).toEqual(['o'])
    expect(await refusedFields(() => label(STRANGER))).toBe('not_found')
    await world.desk.closeOffer(OPERATOR, { id: 'o' })
    expect(await refusedFields(() => label(BUYER))).toBe('not_found')
    await world.contract('c', {})
    expect((await label(BUYER)).offers).toEqual([])
  })

  test('takes countries from public offers only: a private one is nobody else’s to know of', async () => {
    const { countries: _none, ...rest } = LABEL
    await segment({}, rest)
    await world.offer('hidden', { visibility: 'private', buyers: ['dsp'], regions: ['JPN'] })
    expect((await label()).missing.map(({ field }) => field)).toContain('geocode_list')
    await world.offer('shown', { regions: ['FRA', 'BEL'] })
    expect((await label()).label.geocode_list).toEqual(['BEL', 'FRA'])
  })
})

describe('a signature', () => {
  const sign = (actor: Actor = OWNER) => world.desk.signLabel(actor, { id: 'cars' })

  test('is refused while the owner has not said all, and names what it has not', async () => {
    expect(await refusedFields(() => sign())).toBe(
      'unprocessable provider_email privacy_policy_url',
    )
    await world.partner('dmp', LABEL_CONTACT)
    expect((await sign()).signed).toEqual({ at: '2026-01-15T00:00:00.000Z', by: 'dmp' })
    expect(await refusedFields(() => sign(BUYER))).toBe('not_found')
  })

  test('holds until the segment is changed, and again when that is taken back', async () => {
    await world.partner('dmp', LABEL_CONTACT)
    await sign()
    later(1)
    expect((await sign()).signed!.at).toBe('2026-01-15T00:00:00.000Z')
    await segment({ ttlDays: 60 })
    expect((await label()).stale).toEqual([
      { reason: 'definition_changed', says: expect.stringMatching(/signed on 2026-01-15: read/) },
    ])
    await segment()
    expect(await staleReasons()).toEqual([])
    await segment({ ttlDays: 60 })
    expect((await sign(OPERATOR)).signed).toMatchObject({ by: 'operator' })
    expect(await staleReasons()).toEqual([])
  })

  test('goes with the segment', async () => {
    await world.partner('dmp', LABEL_CONTACT)
    await sign()
    await refreshed('dmp')
    await world.desk.deleteSegment(OPERATOR, { id: 'cars' })
    await segment()
    const { signed, refreshedOn } = await label()
    expect([signed, refreshedOn]).toEqual([undefined, undefined])
  })
})

describe('while a label is stale', () => {
  beforeEach(async () => {
    await refreshed('dmp')
    later(9)
  })
  const offer = (segments: string[], more = {}) => world.offer('o', { segments, ...more })

  test('its segment is not offered, and the refusal says what to do', async () => {
    const { problems } = await refusal(() => offer(['boats', 'cars']))
    expect(problems).toEqual([
      {
        field: 'segments.1',
        reason: expect.stringMatching(
          /^label_stale: the data label of cars is stale: refresh_overdue, .*: import its members again/,
        ),
      },
    ])
    await offer(['boats'])
    await refreshed('dmp')
    await offer(['boats', 'cars'])
  })

  test('what is offered stays so, and may be changed; the catalog’s files apply as before', async () => {
    await refreshed('dmp')
    await offer(['boats', 'cars'])
    await world.contract('c', {})
    later(9)
    await offer(['cars', 'boats'], { regions: ['FRA'] })
    const files = Object.fromEntries(world.desk.exportCatalog(OPERATOR).files)
    const applied = await world.desk.applyCatalog(OPERATOR, { files, dryRun: false, prune: false })
    expect(applied.diff.changed).toEqual([])
    await offer(['boats'])
    expect(await refusedFields(() => offer(['boats', 'cars']))).toBe('unprocessable segments.1')
    await world.offer('o', { segments: ['boats', 'cars'], status: 'closed' })
    const open = () => offer(['boats', 'cars'], { status: 'open' })
    expect(await refusedFields(open)).toBe('unprocessable segments.1')
  })

  test('nobody can ask for it; an offer that was there may be closed', async () => {
    await refreshed('dmp')
    await offer(['boats', 'cars'])
    later(9)
    const ask = (body: object) => world.desk.requestContract(BUYER, { offer: 'o', body })
    const terms = { endsAt: '2027-01-01' }
    expect(await refusedFields(() => ask(terms))).toBe('unprocessable segments.1')
    expect((await ask({ ...terms, segments: ['boats'] })).value.status).toBe('draft')
    expect((await world.desk.closeOffer(OWNER_OPERATOR, { id: 'o' })).value.status).toBe('closed')
  })

  test('a contract may be drafted, and is not brought into force: put, signed or resumed', async () => {
    const put = (status: string) => world.contract('c', { status })
    expect(await refusedFields(() => put('active'))).toBe('unprocessable segments.0')
    await put('draft')
    await world.desk.signContract(OPERATOR, { id: 'c', body: { side: 'seller' } })
    const last = () => world.desk.signContract(OPERATOR, { id: 'c', body: { side: 'buyer' } })
    expect((await refusal(last)).message).toMatch(/segments.0: label_stale/)
    await refreshed('dmp')
    expect((await last()).value.status).toBe('active')
    later(9)
    await world.desk.pauseContract(OPERATOR, { id: 'c' })
    const resume = () => world.desk.resumeContract(OPERATOR, { id: 'c' })
    expect(await refusedFields(resume)).toBe('unprocessable segments.0')
  })

  test('what is in force goes on, also when its terms change; nothing is added to it', async () => {
    await refreshed('dmp')
    await world.contract('c', {})
    later(9)
    await world.contract('c', { segments: ['cars', 'boats'] })
    await world.contract('d', { segments: ['boats'] })
    const add = () =>
      world.desk.putContract(OPERATOR, {
        id: 'd',
        body: contractBody({ segments: ['boats', 'cars'] }),
      })
    expect(await refusedFields(add)).toBe('unprocessable segments.1')
    expect(world.granted(world.view('dsp'))).toMatchObject({ cars: 'c' })
  })
})

const OWNER_OPERATOR: Actor = { operator: true, partner: 'dmp' }

test('imports write once a day, and again for a namespace that was not there yet', async () => {
  const version = () => world.feed.current()!.version
  await refreshed('dmp')
  const first = version()
  await refreshed('dmp')
  expect(version()).toBe(first)
  await refreshed('dmp', 'feeder')
  expect(version()).toBe(first + 1)
  await world.desk.noteRefreshed(new Map([[999_999, new Set([1])]]))
  expect(version()).toBe(first + 1)
  later(1)
  await refreshed('dmp')
  expect(version()).toBe(first + 2)
})

test('a node of a label that is not for sale keeps its segment from being offered', async () => {
  await segment({}, { ...LABEL, nodes: ['243', '1455|PIFI1'] })
  const { problems } = await refusal(() => world.offer('o', { segments: ['cars'] }))
  expect(problems[0]!.reason).toMatch(/^prohibited_node: cars stands for node 1455/)
})
