import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keepStatements } from '../../exchange/desk/keep-statements.ts'
import { LIMITS } from '../../exchange/limits.ts'
import type { LedgerRecord } from '../../exchange/usage/ledger-record.ts'
import { type Body, ConsoleWorld, contractBody, fill } from './world.ts'

let world: ConsoleWorld
let dsp: string
let dmp: string
let other: string
const NOVEMBER = '/api/statements/2026-11'

function goTo(day: string): void {
  world.clock.aheadMs += Date.parse(day) - world.clock.now()
}

function delivered(contract: string, segment: string, units: number, version = 1): LedgerRecord {
  const line = { contract, version, segment, day: '2026-11-10', units }
  return { kind: 'delivered', fromMs: 0, toMs: 0, lines: [line] }
}

beforeAll(async () => {
  world = await ConsoleWorld.open()
  goTo('2026-10-20T12:00:00Z')
  await fill(world)
  await world.partner('other')
  const active = { status: 'active', billOn: 'delivered' }
  const price = { kind: 'cpm', amountMicros: 500_000, currency: 'EUR' }
  const put = (id: string, more: object) =>
    world.must('PUT', `/api/contracts/${id}`, { body: contractBody({ ...active, ...more }) })
  await put('autumn', { price, platformFeeBps: 1_500 })
  await put('flat', {
    price: { kind: 'flat_month', amountMicros: 3_000_000, currency: 'EUR', prorated: true },
    startsAt: '2026-11-16',
    segments: ['boats'],
  })
  await put('spring', { buyer: 'other', segments: ['boats'] })
  await world.ship([
    delivered('autumn', 'cars', 1_001, 2),
    delivered('spring', 'boats', 2_000),
    delivered('flat', 'boats', 9),
  ])
  ;[dsp, dmp, other] = await Promise.all([world.key('dsp'), world.key('dmp'), world.key('other')])
  goTo('2026-11-30T12:00:00Z')
})
afterAll(() => world.close())

const get = async (query = '', token?: string) =>
  (await world.must('GET', `${NOVEMBER}${query}`, token === undefined ? {} : { token })) as Body
const post = (step: string, body: object, token?: string) =>
  world.ask('POST', `${NOVEMBER}/${step}`, { body, ...(token === undefined ? {} : { token }) })
const line = ({ contract, segment, units, amountMicros, feeMicros, payoutMicros }: Body) =>
  `${contract}/${segment} ${units} ${amountMicros} = ${feeMicros} + ${payoutMicros}`
const status = async (token?: string) =>
  (await get('', token)).statements
    .map(({ seller, buyer, status }: Body) => `${seller} ${buyer} ${status}`)
    .join(', ')

describe('an open statement', () => {
  test('has a line for each contract, segment and version, the month’s fees, and totals', async () => {
    const { statements, items, totals, next } = await get('?buyer=dsp')
    expect(items.map(line)).toEqual([
      'autumn/cars 1001 500500 = 75075 + 425425',
      'flat/ 0 1500000 = 0 + 1500000',
      'flat/boats 9 0 = 0 + 0',
    ])
    expect(items[0]).toMatchObject({
      version: 2,
      witnesses: { gateway: 1_001 },
      priceKind: 'cpm',
      priceMicros: 500_000,
      feeBps: 1_500,
      day: '2026-11-30',
    })
    expect(items[1]).toMatchObject({ days: 15, daysInMonth: 30 })
    expect(totals).toEqual([
      {
        currency: 'EUR',
        units: 1_010,
        amountMicros: 2_000_500,
        feeMicros: 75_075,
        payoutMicros: 1_925_425,
      },
    ])
    expect(statements).toHaveLength(1)
    expect(statements[0].totals).toEqual(totals)
    expect(next).toBe(null)
  })

  test('comes in pages, and as CSV', async () => {
    const first = await get('?limit=1')
    expect(first.items.map(line)).toEqual(['autumn/cars 1001 500500 = 75075 + 425425'])
    const rest = await get(`?after=${first.next}`)
    expect(rest.items).toHaveLength(3)
    expect(rest.totals).toEqual(first.totals)
    const { body } = await world.ask('GET', `${NOVEMBER}?format=csv&buyer=dsp`)
    const [head, row] = body.split('\r\n')
    expect(head).toMatch(/^period,status,seller,buyer,contract,version,segment,deal,day,entry,/)
    expect(row).toBe(
      '2026-11,open,dmp,dsp,autumn,2,cars,,2026-11-30,usage,cpm,500000,500000,1001,1001,0,0,0,,,500500,1500,75075,425425,EUR,,,',
    )
  })

  test('is seen by its two sides and the exchange, and by nobody else', async () => {
    expect(await status(dsp)).toBe('dmp dsp open')
    expect(await status(other)).toBe('dmp other open')
    expect(await status(dmp)).toBe('dmp dsp open, dmp other open')
    expect((await get('?as=buyer', dmp)).statements).toEqual([])
    expect((await get('?partner=dmp&as=seller')).statements).toHaveLength(2)
    expect((await world.ask('GET', `${NOVEMBER}?partner=other`, { token: dsp })).status).toBe(404)
    expect((await world.ask('GET', `${NOVEMBER}?partner=nobody`)).status).toBe(404)
    expect((await get('?buyer=other', dsp)).statements).toEqual([])
    const others = `${NOVEMBER}?seller=dmp&buyer=other`
    expect((await world.ask('GET', others, { token: dsp })).status).toBe(404)
    expect((await world.ask('GET', others, { token: other })).status).toBe(200)
  })

  test('is neither closed before its month is over, nor adjusted, nor disputed, nor for others to close', async () => {
    expect((await post('close', {})).status).toBe(409)
    expect((await post('close', {}, dmp)).status).toBe(403)
    const adjustment = { contract: 'autumn', amountMicros: -1, currency: 'EUR', reason: 'x' }
    expect((await post('adjustments', { id: 'a', ...adjustment })).status).toBe(409)
    expect((await post('dispute', { buyer: 'dsp', reason: 'x' }, dmp)).status).toBe(404)
    expect((await world.ask('POST', '/api/statements/2026-13/close')).status).toBe(404)
    for (const month of ['9999-12', '3000-01', '0000-01'])
      expect((await world.ask('GET', `/api/statements/${month}`)).status).toBe(404)
    expect((await world.ask('GET', '/api/statements/2999-12')).status).toBe(200)
  })
})

describe('a statement of a month that is over', () => {
  test('is closing while notices may still come, and closed when its time has come', async () => {
    goTo('2026-12-02T00:00:00Z')
    const { body } = await post('close', { buyer: 'dsp' })
    expect(body.items).toHaveLength(1)
    expect(body.items[0]).toMatchObject({ status: 'closing', closesAt: '2026-12-05T12:00:00.000Z' })
    await world.ship([delivered('autumn', 'cars', 9, 2)])
    expect((await get('?buyer=dsp')).items[0].units).toBe(1_010)
    const keeper = keepStatements(world.usageDeps, { error: () => {} })
    await keeper.poke()
    expect(await status(dsp)).toBe('dmp dsp closing')
    goTo('2026-12-05T12:00:01Z')
    await keeper.poke()
    await keeper.close()
    expect(await status()).toBe('dmp dsp closed, dmp other open')
    const closed = (await get('?buyer=dsp')).statements[0]
    expect(closed.closedAt).toMatch(/^2026-12-05T12:00/)
  })

  test('shows a hash that whoever has its lines can check', async () => {
    const { items, statements } = await get('?buyer=dsp', dsp)
    const sha256 = createHash('sha256').update(JSON.stringify(items)).digest('hex')
    expect(statements[0].sha256).toBe(sha256)
  })

  test('keeps its lines when usage comes late, which becomes an adjustment of the day it is found', async () => {
    const before = await get('?buyer=dsp')
    goTo('2026-12-09T00:00:00Z')
    await world.ship([delivered('autumn', 'cars', 90, 2), delivered('spring', 'boats', 1)])
    const keeper = keepStatements(world.usageDeps, { error: () => {} })
    await keeper.poke()
    await keeper.poke()
    await keeper.close()
    const after = await get('?buyer=dsp')
    expect(after.items).toEqual(before.items)
    expect(after.statements[0].sha256).toBe(before.statements[0].sha256)
    expect(after.adjustments).toEqual([
      {
        id: 'late-1',
        period: '2026-11',
        seller: 'dmp',
        buyer: 'dsp',
        contract: 'autumn',
        version: 2,
        segment: 'cars',
        deal: '',
        day: '2026-12-09',
        units: 90,
        amountMicros: 45_000,
        feeBps: 1_500,
        feeMicros: 6_750,
        payoutMicros: 38_250,
        currency: 'EUR',
        reason: 'usage told after the statement was closed',
        cause: 'late_usage',
      },
    ])
    expect(after.totals[0].amountMicros).toBe(before.totals[0].amountMicros + 45_000)
    expect((await get('?buyer=other')).items[0].units).toBe(2_001)
    expect(world.ledger).toEqual([
      expect.objectContaining({ kind: 'adjustment', id: 'late-1', day: '2026-12-09', units: 90 }),
    ])
  })

  test('is adjusted once for each id, and never otherwise', async () => {
    const credit = {
      id: 'credit-7',
      contract: 'autumn',
      amountMicros: -100_000,
      currency: 'EUR',
      reason: 'agreed by mail',
    }
    const made = await post('adjustments', credit)
    expect([made.status, made.body.feeMicros, made.body.payoutMicros]).toEqual([
      201, -15_000, -85_000,
    ])
    expect((await post('adjustments', credit)).status).toBe(200)
    expect((await post('adjustments', { ...credit, amountMicros: -1 })).status).toBe(409)
    expect((await post('adjustments', credit, dsp)).status).toBe(403)
    expect((await post('adjustments', { ...credit, contract: 'nothing' })).status).toBe(404)
    expect((await post('adjustments', { ...credit, id: 'b', amountMicros: 0.5 })).status).toBe(400)
    const { adjustments } = await get('?buyer=dsp')
    expect(adjustments.map(({ id }: Body) => id)).toEqual(['credit-7', 'late-1'])
    const { body } = await world.ask('GET', `${NOVEMBER}?format=csv&buyer=dsp`)
    expect(body).toMatch(
      /closed,dmp,dsp,autumn,2,,,2026-12-09,agreed,.*,-100000,1500,-15000,-85000,EUR,credit-7,agreed by mail,/,
    )
  })

  test('takes in more late lines than are written at once, and leaves room for what is agreed', async () => {
    const segments = Array.from({ length: LIMITS.adjustmentsMax + 2 }, (_, n) => `late${n}`)
    const shipLate = (units: number) =>
      world.ship(segments.map((segment) => delivered('autumn', segment, units, 2)))
    const said: object[] = []
    const keeper = keepStatements(world.usageDeps, { error: (details) => void said.push(details) })
    const sums = async () => {
      const { adjustments } = await get('?buyer=dsp')
      const late = adjustments.filter(({ segment }: Body) => segment.startsWith('late'))
      return [late.length, late.reduce((sum: number, { units }: Body) => sum + units, 0)]
    }
    await shipLate(2)
    await keeper.poke()
    expect(await sums()).toEqual([segments.length, 2 * segments.length])
    await shipLate(-2)
    await keeper.poke()
    await keeper.poke()
    await keeper.close()
    expect(await sums()).toEqual([2 * segments.length, 0])
    expect(said).toEqual([])
    const credit = { contract: 'autumn', amountMicros: -1, currency: 'EUR', reason: 'agreed' }
    expect((await post('adjustments', { id: 'credit-8', ...credit })).status).toBe(201)
  })

  test('may be disputed by its sides, and is settled by the exchange with what was agreed', async () => {
    expect(
      (await post('dispute', { seller: 'dmp', buyer: 'dsp', reason: 'x' }, other)).status,
    ).toBe(404)
    expect((await post('dispute', { reason: 'x' }, dsp)).body.errors[0].field).toBe('seller')
    const reason = 'we counted fewer'
    const { body } = await post('dispute', { seller: 'dmp', contract: 'autumn', reason }, dsp)
    expect(body).toMatchObject({ status: 'disputed', disputes: [{ by: 'buyer', reason }] })
    expect((await post('settle', { seller: 'dmp', buyer: 'dsp' }, dsp)).status).toBe(403)
    expect((await post('settle', { seller: 'dmp', buyer: 'dsp' })).body.errors[0].field).toBe(
      'settlement',
    )
    const settlement = 'credit-7 and paid'
    const settled = await post('settle', { seller: 'dmp', buyer: 'dsp', settlement })
    expect(settled.body).toMatchObject({ status: 'settled', settlement })
    expect((await post('dispute', { seller: 'dmp', reason }, dsp)).status).toBe(409)
    expect((await post('close', { buyer: 'dsp' })).status).toBe(404)
  })

  test('leaves its steps in the audit log', async () => {
    const { items } = await world.must('GET', '/api/audit?limit=200')
    const steps = items.filter(({ object }: Body) => /^(statement|adjustment)\//.test(object))
    expect(
      steps.map(({ verb, actor }: Body) => `${verb} ${actor.split(' ')[0]}`).reverse(),
    ).toEqual([
      'closeStatements operator',
      'adjustStatement operator',
      'adjustStatement operator',
      'disputeStatement partner',
      'settleStatement operator',
    ])
  })
})
