import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Actor, contractBody, OPERATOR, refusedFields, World } from './world.ts'

let world: World
beforeEach(async () => {
  world = await World.open()
  await world.partner('dmp')
  await world.partner('dsp')
  await world.partner('other')
  await world.segment('cars', 'dmp')
  await world.segment('theirs', 'other')
})
afterEach(() => world.close())

const DMP: Actor = { operator: true, partner: 'dmp' }
const DSP_KEY: Actor = { operator: false, partner: 'dsp' }

describe('contracts', () => {
  const put = (more: object, actor: Actor = OPERATOR) =>
    world.desk.putContract(actor, { id: 'c', body: contractBody(more) })

  test('what makes no sense is unprocessable, each at its field', async () => {
    const cases: [string, object][] = [
      ['unprocessable seller segments.0', { seller: 'gone' }],
      ['unprocessable buyer', { buyer: 'gone' }],
      ['unprocessable buyer', { buyer: 'dmp' }],
      ['unprocessable segments.0', { segments: ['gone'] }],
      ['unprocessable segments.1', { segments: ['cars', 'theirs'] }],
      ['unprocessable endsAt', { endsAt: '2026-01-01T01:00:00+01:00' }],
      [
        'unprocessable billOn',
        { price: { kind: 'percent_media', amountMicros: 1, currency: 'EUR' } },
      ],
      [
        'unprocessable caps.1.spendMicros',
        {
          price: { kind: 'flat_month', amountMicros: 9, currency: 'EUR' },
          caps: [
            { units: 5, per: 'day' },
            { spendMicros: 5, per: 'contract' },
          ],
        },
      ],
      [
        'unprocessable caps.0.spendMicros',
        { price: { kind: 'free' }, caps: [{ spendMicros: 5, per: 'day' }] },
      ],
      ['unprocessable attribution', { attribution: 'used_lowest', billOn: 'delivered' }],
      ['unprocessable segments.0', { writeAs: 'taxonomy' }],
      ['unprocessable externalIds.theirs', { externalIds: { cars: '1', theirs: '2' } }],
      [
        'unprocessable price.tiers',
        {
          price: {
            kind: 'cpm',
            amountMicros: 1,
            currency: 'EUR',
            tiers: [{ fromUnits: 1, amountMicros: 1 }],
          },
        },
      ],
    ]
    for (const [refused, more] of cases) expect(await refusedFields(() => put(more))).toBe(refused)
  })

  test('what is malformed is invalid, each at its field', async () => {
    const cases: [string, object][] = [
      ['invalid price.amountMicros', { price: { kind: 'cpm', amountMicros: -1, currency: 'EUR' } }],
      [
        'invalid price.amountMicros',
        { price: { kind: 'cpm', amountMicros: 0.5, currency: 'EUR' } },
      ],
      ['invalid price.amountMicros price.currency', { price: { kind: 'flat_month' } }],
      ['invalid regions.0', { regions: ['DE'] }],
      ['invalid uses', { uses: [] }],
      ['invalid startsAt', { startsAt: 'soon' }],
      ['invalid startsAt', { startsAt: '2026-02-30' }],
      ['invalid timeZone', { timeZone: 'Mars/Olympus' }],
      ['invalid caps.0', { caps: [{ per: 'day' }] }],
      ['invalid externalIds.cars', { externalIds: { cars: '5,7' } }],
    ]
    for (const [refused, more] of cases) expect(await refusedFields(() => put(more))).toBe(refused)
  })

  test('percent of media is accepted where it bills on win, and a free price needs no amount', async () => {
    const price = { kind: 'percent_media', amountMicros: 300_000, currency: 'EUR' }
    expect((await put({ price, billOn: 'win' })).created).toBe(true)
    expect((await put({ price: { kind: 'free' } })).value.version).toBe(2)
  })

  test('changed terms make a new version, a changed status does not', async () => {
    expect((await put({ status: 'draft' })).value.version).toBe(1)
    expect((await put({ status: 'active' })).value.version).toBe(1)
    expect((await put({ regions: ['EU'] })).value.version).toBe(2)
    expect((await put({ regions: ['EU'] })).value.version).toBe(2)
  })

  test('new terms are signed by nobody yet', async () => {
    await put({ status: 'draft' }, DMP)
    await world.desk.signContract(DMP, { id: 'c' })
    const changed = await put({ status: 'draft', regions: ['EU'] }, DMP)
    expect(changed.value.signed).toEqual({})
    expect((await world.desk.signContract(DSP_KEY, { id: 'c' })).value.status).toBe('draft')
  })

  test('a side cannot put a contract into force by itself', async () => {
    expect(await refusedFields(() => put({ status: 'active' }, DMP))).toBe('forbidden status')
    await put({ status: 'active' })
    const changed = await put({ regions: ['EU'], status: 'active' }, DMP)
    expect(changed.value.status).toBe('draft')
  })

  test('other terms than those read are not signed', async () => {
    await put({ status: 'draft' })
    const body = { version: 2 }
    expect(await refusedFields(() => world.desk.signContract(DSP_KEY, { id: 'c', body }))).toBe(
      'conflict version',
    )
  })

  test('a side signs for itself only; an operator says for which', async () => {
    await put({ status: 'draft' })
    const sign = (actor: Actor, body: object) => world.desk.signContract(actor, { id: 'c', body })
    expect(await refusedFields(() => sign(DSP_KEY, { side: 'seller' }))).toBe('forbidden side')
    expect(await refusedFields(() => sign(OPERATOR, {}))).toBe('invalid side')
    await sign(OPERATOR, { side: 'seller' })
    expect((await sign(DSP_KEY, {})).value.status).toBe('active')
  })

  test('a revoked contract is neither signed nor paused', async () => {
    await put({})
    await world.desk.revokeContract(OPERATOR, { id: 'c', body: {} })
    for (const verb of ['signContract', 'pauseContract'] as const)
      expect(await refusedFields(() => world.desk[verb](DSP_KEY, { id: 'c' }))).toBe(
        'conflict status',
      )
  })
})
