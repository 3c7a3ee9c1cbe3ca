import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { DAY_MS } from '../../audience/clock.ts'
import { LABEL_FIELDS } from '../../exchange/label/make-label.ts'
import { patiently } from '../support/patiently.ts'
import { LABEL_CONTACT, WHOLE_LABEL } from '../support/whole-label.ts'
import { Cli } from './cli-support.ts'
import { type Body, ConsoleWorld, contractBody, fill } from './world.ts'

// Ids are told by imports; the first character would begin a formula.
const { idTypes: _told, ...REST } = WHOLE_LABEL
const LABEL = { ...REST, criteria: '=Looked at "cars", twice.', refresh: 'Daily' }

let world: ConsoleWorld
let cli: Cli
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  cli = new Cli(world)
})
afterAll(() => world.close())
beforeEach(() => world.segment('cars', 'dmp', { label: LABEL }))

const label = (query = '', token?: string): Promise<Body> =>
  world.must('GET', `/api/segments/cars/label${query}`, token === undefined ? {} : { token })

/** So many people, so that there is a size to tell. */
const people = (count: number, source = 'dsp') =>
  Array.from({ length: count }, (_, i) => ({ source, uid: `p${i}`, add: ['cars'] }))

const today = () => new Date(world.clock.now()).toISOString().slice(0, 10)

test('an import tells the label when it was, under which ids, and how many there are in steps of 250', async () => {
  expect(await label()).not.toHaveProperty('refreshedOn')
  await world.import('memberships', people(620))
  const { label: known, from, refreshedOn } = await label()
  expect(refreshedOn).toBe(today())
  expect([known.id_types, from.id_types]).toEqual([['platform_id'], 'imports'])
  await world.import('memberships', [{ source: 'ifa', uid: 'a-1', add: ['cars'] }])
  expect((await label()).label.id_types).toEqual(['mobile_id', 'platform_id'])
  world.clock.aheadMs += 3_700_000
  expect((await label()).label.audience_size).toBe(500)
})

test('bad and refused lines refresh nothing, and neither does what takes people out', async () => {
  await world.segment('bikes', 'dmp', { label: LABEL })
  await world.import('memberships', [
    { source: 'nobody', uid: '1', add: ['bikes'] },
    { source: 'dsp', uid: '', add: ['bikes'] },
    { source: 'dsp', uid: 'p1', remove: ['bikes'] },
  ])
  const bikes = await world.must('GET', '/api/segments/bikes/label')
  expect(bikes.refreshedOn).toBeUndefined()
})

test('an import that breaks off has refreshed what its lines did by then', async () => {
  await world.segment('trucks', 'dmp', { label: LABEL })
  async function* half() {
    const line = (uid: string) => `${JSON.stringify({ source: 'dsp', uid, add: ['trucks'] })}\n`
    for (let i = 0; i < 3_000; i++) yield Buffer.from(line(`t${i}`))
    throw new Error('the line went dead')
  }
  await world.ask('POST', '/api/memberships', { raw: half() }).catch(() => undefined)
  await patiently(async () => {
    const shown = await world.must('GET', '/api/segments/trucks/label')
    expect(shown.refreshedOn).toBe(today())
  })
})

test('a replaced segment is refreshed; one that was not replaced after all is not', async () => {
  await world.segment('vans', 'dmp', { label: LABEL })
  const path = 'memberships?segment=vans&mode=replace'
  const shown = () => world.must('GET', '/api/segments/vans/label')
  await world.import(path, [
    { source: 'dsp', uid: 'p1' },
    { source: 'dsp', uid: 'p2' },
    { source: 'dsp', uid: 'p3' },
  ])
  expect((await shown()).refreshedOn).toBe(today())
  world.clock.aheadMs += DAY_MS
  const before = (await shown()).refreshedOn
  expect((await world.import(path, [{ source: 'dsp', uid: 'p1' }])).status).toBe(409)
  expect((await shown()).refreshedOn).toBe(before)
})

test('while it is stale nothing is published, and an import mends that', async () => {
  await world.import('memberships', people(3))
  world.clock.aheadMs += 3 * DAY_MS
  const { buyer: _b, startsAt: _s, endsAt: _e, ...offer } = contractBody()
  const put = () => world.ask('PUT', '/api/offers/fresh', { body: { ...offer, minPeople: 0 } })
  const refused = await put()
  expect([refused.status, refused.body.errors[0]]).toEqual([
    422,
    { field: 'segments.0', reason: expect.stringMatching(/^label_stale: .*refresh_overdue/) },
  ])
  expect(await label()).toMatchObject({ state: 'stale', stale: [{ reason: 'refresh_overdue' }] })
  await world.import('memberships', people(3))
  expect((await put()).status).toBe(201)
})

test('a label is CSV under the standard’s names, and no cell of it is a formula', async () => {
  const text = await label('?format=csv')
  const [row] = parse(text, { columns: true }) as Record<string, string>[]
  expect(Object.keys(row!)).toEqual([...LABEL_FIELDS])
  expect(row).toMatchObject({
    provider_name: 'dmp',
    provider_email: '',
    audience_criteria: `'=Looked at "cars", twice.`,
    audience_precision_levels: 'Browser|Device',
    taxonomy_id_list: '243;806',
    iab_techlab_compliant: 'Yes',
    onboarder_match_keys: 'N/A',
  })
})

test('its owner’s key signs it, once it is whole; that is in the audit log', async () => {
  const token = await world.key('dmp')
  const sign = (asked = token) =>
    world.ask('POST', '/api/segments/cars/label/sign', { token: asked })
  const lacking = await sign()
  expect([lacking.status, lacking.body.errors]).toEqual([
    422,
    [
      { field: 'provider_email', reason: 'say it in partner dmp: contactEmail' },
      { field: 'privacy_policy_url', reason: 'say it in partner dmp: privacyPolicyUrl' },
    ],
  ])
  await world.partner('dmp', {
    roles: ['data_provider'],
    ...LABEL_CONTACT,
  })
  const { status, body } = await sign()
  expect([status, body.state, body.signed.by]).toEqual([200, 'complete', 'dmp'])
  const [entry] = (await world.must('GET', '/api/audit?limit=1')).items
  expect(entry).toMatchObject({ verb: 'signLabel', object: 'label_signature/cars', before: null })
  expect((await sign(await world.key('dsp'))).status).toBe(404)
  await world.segment('cars', 'dmp', { label: LABEL, ttlDays: 60 })
  expect((await label()).stale).toMatchObject([{ reason: 'definition_changed' }])
  expect((await sign()).body.state).toBe('complete')
})

test('a buyer reads the label of what it is offered or has, and nobody else’s', async () => {
  await world.partner('stranger')
  await world.segment('private', 'dmp', { label: LABEL })
  const buyer = await world.key('dsp')
  expect((await label('', buyer)).segment).toBe('cars')
  const ask = (token: string) => world.ask('GET', '/api/segments/private/label', { token })
  expect((await ask(buyer)).status).toBe(404)
  expect((await ask('')).status).toBe(401)
  expect((await world.ask('GET', '/api/segments/gone/label')).status).toBe(404)
})

test.each([
  [{ refresh: 'Hourly' }, 'label.refresh'],
  [{ countries: ['FR'] }, 'label.countries.0'],
  [{ dataSources: [] }, 'label.dataSources'],
  [{ criteria: 'x'.repeat(501) }, 'label.criteria'],
  [{ size: 5 }, 'label.size'],
  [{ onboarder: { matchKeys: ['Email'] } }, 'label.onboarder.audienceExpansion'],
])('a label that says what the standard has no word for is refused: %j', async (bad, field) => {
  const body = { name: 'x', owner: 'dmp', provenance: 'campaign', ttlDays: 1, label: bad }
  const got = await world.ask('PUT', '/api/segments/odd', { body })
  expect([got.status, got.body.errors.map((one: Body) => one.field)]).toEqual([
    400,
    expect.arrayContaining([field]),
  ])
})

test('a label that is declared stands in the catalog’s files; what happened does not', async () => {
  const { files } = await world.must('GET', '/api/catalog')
  expect(files['segments/cars.json'].label).toEqual(LABEL)
  expect(Object.keys(files).filter((path) => /refresh|signature/.test(path))).toEqual([])
  expect((await world.must('PUT', '/api/catalog', { body: { files } })).changed).toEqual([])
})

test('the command line prints labels, as JSON or as one table, says what they lack, and signs', async () => {
  const json = await cli.run('segment label boats')
  expect(JSON.parse(json.out)).toMatchObject({ segment: 'boats', state: 'incomplete' })
  expect(json.err).toContain('boats: audience_criteria: say it in the segment: label.criteria')
  const csv = await cli.run('segment label boats cars --csv')
  const rows = parse(csv.out, { columns: true }) as Record<string, string>[]
  expect(rows.map((row) => row['audience_id'])).toEqual(['boats', 'cars'])
  expect((await cli.run('segment sign-label cars')).out).toBe('complete\n')
  const refused = await cli.run('segment sign-label boats')
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('audience_criteria')])
})
