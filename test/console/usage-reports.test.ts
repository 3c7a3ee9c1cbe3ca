import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keepStatements } from '../../exchange/desk/keep-statements.ts'
import type { LedgerRecord } from '../../exchange/usage/ledger-record.ts'
import { type Body, ConsoleWorld, contractBody, fill, type Got } from './world.ts'

let world: ConsoleWorld
let dsp: string
let dmp: string
let other: string
const CSV = { 'content-type': 'text/csv' }

beforeAll(async () => {
  world = await ConsoleWorld.open()
  world.clock.aheadMs = Date.UTC(2026, 9, 1) - world.clock.now()
  await fill(world)
  await world.partner('other')
  const active = contractBody({ status: 'active', externalIds: { cars: 'their-cars' } })
  await world.must('PUT', '/api/contracts/autumn', { body: active })
  const direct = { ...active, uses: ['activation'], segments: ['boats'], externalIds: {} }
  await world.must('PUT', '/api/contracts/direct', { body: direct })
  const ended = { ...direct, endsAt: '2026-11-10' }
  await world.must('PUT', '/api/contracts/ended', { body: ended })
  ;[dsp, dmp, other] = await Promise.all([world.key('dsp'), world.key('dmp'), world.key('other')])
  world.clock.aheadMs += Date.UTC(2026, 11, 3) - world.clock.now()
})
afterAll(() => world.close())

const line = (more: object) => ({
  id: 'r1',
  contract: 'autumn',
  segment: 'cars',
  day: '2026-11-02',
  units: 5,
  ...more,
})
const report = (lines: readonly unknown[], token = dsp) =>
  world.import('usage/reports', lines, { token })
const csv = (text: string, token = dsp) =>
  world.ask('POST', '/api/usage/reports', { raw: text, headers: CSV, token })
const reasons = ({ body }: Got) => body.errors.map(({ line: n, reason }: Body) => `${n} ${reason}`)

/** What the desk wrote to its ledger since, counted as the shipper does. */
async function ship(): Promise<LedgerRecord[]> {
  const records = world.ledger.splice(0)
  await world.ship(records)
  return records
}

describe('a buyer’s own report', () => {
  test('is taken line by line, under our id of a segment or the buyer’s own', async () => {
    const got = await report([line({}), line({ id: 'r2', segment: 'their-cars', units: 7 })])
    expect(got.body).toEqual({ accepted: 2, rejected: 0, errors: [] })
    expect(await ship()).toEqual([
      { kind: 'report', version: 2, ...line({}) },
      { kind: 'report', version: 2, ...line({ id: 'r2', units: 7 }) },
    ])
  })

  test('comes as CSV too, with further columns of the buyer’s own', async () => {
    const text = [
      '\ufeffID,Contract,Campaign,Segment,Day,Units',
      'c1,autumn,"spring, again",cars,2026-11-03,8',
      'c2,direct,x,boats,2026-11-03,20',
      '',
    ].join('\r\n')
    expect((await csv(text)).body).toEqual({ accepted: 2, rejected: 0, errors: [] })
    expect((await ship()).map((record) => (record as { units: number }).units)).toEqual([8, 20])
  })

  test('has its bad lines named in the words of the trade, and the others taken', async () => {
    const lines = [
      '{',
      line({ surprise: 1 }),
      line({ contract: 'nothing' }),
      line({ segment: 'boats' }),
      line({ units: -1 }),
      line({ units: 1.5 }),
      line({ units: 'many' }),
      line({ day: '2026-02-30' }),
      line({ day: '2027-01-01' }),
      line({ contract: 'ended', segment: 'boats', day: '2026-11-10' }),
      line({ contract: 'autumn', day: '2026-09-30' }),
      line({ id: 'twice' }),
      line({ id: 'twice', units: 6 }),
      line({ id: 'twice' }),
    ]
    const got = await report(lines)
    expect(got.body.accepted).toBe(2)
    expect(reasons(got)).toEqual([
      '1 invalid_input: the line is not JSON',
      '2 invalid_input: surprise is not a known field',
      '3 not_found: contract nothing',
      '4 not_found: segment boats in contract autumn',
      '5 value_not_supported: units must be a whole number from 0 to 1000000000000',
      '6 value_not_supported: units must be a whole number from 0 to 1000000000000',
      '7 value_not_supported: units must be a whole number from 0 to 1000000000000',
      '8 value_not_supported: day is not a date such as 2026-11-26',
      '9 value_not_supported: day is still to come',
      '10 contract_ended: contract ended on 2026-11-10',
      '11 contract_ended: contract autumn on 2026-09-30',
      '13 duplicate: id twice',
    ])
    const bad = await csv('id,contract,segment,day,units\nc3,autumn\nc4,autumn,cars,2026-11-02,x')
    expect(reasons(bad)).toEqual([
      '2 invalid_input: the row has 2 cells, the header 5',
      '3 value_not_supported: units must be a whole number from 0 to 1000000000000',
    ])
    const open = await csv('id,contract,segment,day,units\n"c3,autumn,cars\nc4,autumn,cars,x,5')
    expect([open.status, open.body.errors[0].reason]).toEqual([
      400,
      'the file ends, at line 3, within a quote that is not closed: close it and send the file again',
    ])
    const headless = await csv('id,contract,day\n1,autumn,2026-11-02')
    expect([headless.status, headless.body.errors]).toEqual([
      400,
      [{ field: 'headers', reason: 'headers_missing: segment, units' }],
    ])
    const doubled = await csv('id,contract,segment,day,units,Units\n1,autumn,cars,2026-11-02,5,6')
    expect([doubled.status, doubled.body.errors]).toEqual([
      400,
      [{ field: 'headers', reason: 'invalid_input: there are two columns units' }],
    ])
    world.ledger.length = 0
  })

  test('is read as spreadsheets of all countries save it', async () => {
    const text = [
      '\ufeffID; Contract ;Comment;Segment;Day;Units',
      'e1;autumn;"two lines,',
      'and a ""quote""";cars;2026-11-04;11',
      ';;;;;',
      'e2 ; autumn;;cars ; 2026-11-04;12',
      'e3;autumn;;cars;2026-11-04;1.200',
      '',
    ]
    const got = await csv(text.join('\r\n'))
    expect(reasons(got)).toEqual([
      '6 value_not_supported: units must be a whole number from 0 to 1000000000000',
    ])
    const tabs = text.map((one) => one.replaceAll(';', '\t').replace(/^e/, 'f')).join('\r')
    expect((await csv(tabs)).body).toMatchObject({ accepted: 2, rejected: 1 })
    const units = world.ledger.splice(0).map((record) => (record as { units: number }).units)
    expect(units).toEqual([11, 12, 11, 12])
  })

  test('is the buyer’s to make, and an operator’s', async () => {
    for (const token of [dmp, other])
      expect(reasons(await report([line({ id: 'x' })], token))).toEqual([
        '1 not_found: contract autumn',
      ])
    const got = await world.import('usage/reports', [line({ id: 'by-operator', units: 0 })])
    expect(got.body.accepted).toBe(1)
    expect((await world.must('GET', '/api/audit?limit=1')).items[0]).toMatchObject({
      verb: 'reportUsage',
      details: { accepted: 1, rejected: 0, outcome: 'complete' },
    })
    world.ledger.length = 0
  })
})

describe('reconciliation', () => {
  const reconcile = (query: string, token?: string) =>
    world.ask(
      'GET',
      `/api/statements/2026-11/reconciliation?${query}`,
      token === undefined ? {} : { token },
    )
  const shown = ({ segment, day, ours, theirs, agreement }: Body) =>
    [segment, day, ours, theirs, agreement].filter((one) => one !== '').join(' ')

  test('counts a line once, and its highest revision', async () => {
    await report([line({ id: 'again', day: '2026-11-20', units: 50 })])
    await report([line({ id: 'again', day: '2026-11-20', units: 40, revision: 1 })])
    await report([line({ id: 'again', day: '2026-11-20', units: 50 })])
    await ship()
    const { items } = (await reconcile('contract=autumn&by=day')).body
    expect(items.map(shown)).toEqual([
      'cars 2026-11-02 0 12 not_counted',
      'cars 2026-11-03 0 8 not_counted',
      'cars 2026-11-20 0 40 not_counted',
    ])
  })

  test('holds our count against the buyer’s, line by line, with how far they agree', async () => {
    const delivered = (day: string, units: number): LedgerRecord => {
      const what = { contract: 'autumn', version: 2, segment: 'cars', day, units }
      return { kind: 'delivered', fromMs: 0, toMs: 0, lines: [what] }
    }
    await world.ship([
      delivered('2026-11-02', 12),
      delivered('2026-11-03', 9),
      delivered('2026-11-05', 100),
      delivered('2026-11-06', 100),
      delivered('2026-11-07', 7),
    ])
    await report([
      line({ id: 'd5', day: '2026-11-05', units: 99 }),
      line({ id: 'd6', day: '2026-11-06', units: 105 }),
    ])
    await ship()
    const byDay = (await reconcile('contract=autumn&by=day')).body
    expect(byDay.items.map(shown)).toEqual([
      'cars 2026-11-02 12 12 same',
      'cars 2026-11-03 9 8 over_5_percent',
      'cars 2026-11-05 100 99 within_1_percent',
      'cars 2026-11-06 100 105 within_5_percent',
      'cars 2026-11-07 7 0 not_reported',
      'cars 2026-11-20 0 40 not_counted',
    ])
    const { total, items } = (await reconcile('contract=autumn', dsp)).body
    expect(total).toEqual({ ours: 228, theirs: 264, difference: 36, agreement: 'over_5_percent' })
    expect(items).toEqual([
      { segment: 'cars', day: '', ...total, daysNotReported: 1, daysNotCounted: 1 },
    ])
    const direct = (await reconcile('contract=direct', dmp)).body
    expect(direct.items.map(shown)).toEqual(['boats 0 20 only_reported'])
    const text = (await reconcile('contract=autumn&format=csv')).body
    expect(text.split('\r\n')[1]).toBe('cars,,228,264,36,over_5_percent,1,1')
  })

  test('is for the sides of the contract', async () => {
    expect((await reconcile('contract=autumn', other)).status).toBe(404)
    expect((await reconcile('')).body.errors[0].field).toBe('contract')
  })
})

test('what a buyer reports of a use that nobody else sees is on its statement, with the buyer as witness', async () => {
  const { items } = await world.must('GET', '/api/statements/2026-11?buyer=dsp')
  const direct = items.find(({ contract }: Body) => contract === 'direct')
  expect(direct).toMatchObject({ units: 20, witnesses: { buyer: 20 }, amountMicros: 10_000 })
})

test('a buyer’s later report raises what is billed of a closed month, and does not lower it', async () => {
  const close = { seller: 'dmp', buyer: 'dsp', now: true }
  await world.must('POST', '/api/statements/2026-11/close', { body: close })
  const keeper = keepStatements(world.usageDeps, { error: () => {} })
  const adjusted = async () => {
    await ship()
    await keeper.poke()
    const { adjustments } = await world.must('GET', '/api/statements/2026-11?buyer=dsp')
    return adjustments.map(({ contract, units }: Body) => [contract, units])
  }
  const said = { contract: 'direct', segment: 'boats', day: '2026-11-12' }
  await report([line({ ...said, id: 'late', units: 30 })])
  expect(await adjusted()).toEqual([['direct', 30]])
  await report([line({ ...said, id: 'late', units: 0, revision: 1 })])
  expect(await adjusted()).toEqual([['direct', 30]])
  await report([line({ ...said, id: 'late', units: 31, revision: 2 })])
  expect(await adjusted()).toEqual([
    ['direct', 30],
    ['direct', 1],
  ])
  await keeper.close()
})

test('what was reported under terms of which we saw nothing stays so when later terms let us see', async () => {
  const uses = ['bid_enrichment', 'activation']
  const body = contractBody({ status: 'active', uses, segments: ['boats'] })
  await world.must('PUT', '/api/contracts/direct', { body })
  const { items, total } = (
    await world.ask('GET', '/api/statements/2026-11/reconciliation?contract=direct')
  ).body
  expect(total).toEqual({ ours: 0, theirs: 51, difference: 51, agreement: 'only_reported' })
  expect(items[0].agreement).toBe('only_reported')
})
