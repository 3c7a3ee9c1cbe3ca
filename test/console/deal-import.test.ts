import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Asked, type Body, ConsoleWorld, fill } from './world.ts'

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
})
afterAll(() => world.close())

const send = (raw: string, { query = '', ...asked }: Asked & { query?: string } = {}) =>
  world.ask('POST', `/api/deals/import${query}`, { raw, ...asked })
const sync = (id: string, more: object = {}, terms: object = {}) =>
  JSON.stringify({ id, origin: 'ssp.example', seller: 'dmp.example', ...more, terms })

describe('a Deal Sync document', () => {
  test('is answered with the status at each seat, and with what was not understood', async () => {
    const raw = sync('DS-1', { wseat: ['s1', 's2'], adtypes: [2], mood: 1 }, { dealfloor: 1 })
    const got = await send(raw.replace('"dealfloor":1', '"dealfloor":1.20'))
    expect([got.status, got.body]).toEqual([
      201,
      {
        version: '1.0',
        id: 'DS-1',
        buyerstatus: [
          { buyerseatid: 's1', status: 3 },
          { buyerseatid: 's2', status: 3 },
        ],
        ext: {
          passerelle: {
            deal: 'ds-1',
            outcome: 'created',
            state: 'ready',
            kept: [{ field: 'adtypes', reason: expect.stringContaining('not compared') }],
            ignored: ['mood'],
          },
        },
      },
    ])
    expect((await world.must('GET', '/api/deals/ds-1')).bidfloor).toBe('1.20')
  })

  test('sent again changes nothing, and says so', async () => {
    await send(sync('DS-2'))
    const { version } = await world.must('GET', '/api/catalog/version')
    const again = await send(sync('DS-2'))
    expect([again.status, again.body.ext.passerelle.outcome]).toEqual([200, 'unchanged'])
    expect((await world.must('GET', '/api/catalog/version')).version).toBe(version)
    const changed = await send(sync('DS-2', { name: 'New' }))
    expect([changed.status, changed.body.ext.passerelle.outcome]).toEqual([200, 'updated'])
  })

  test('its origin asks how it stands, with a question or a path', async () => {
    const statusOf = async (more: object, terms: object = {}) => {
      await send(sync('DS-3', more, terms))
      const asked = { body: { id: 'DS-3', origin: 'ssp.example', version: '1.0' } }
      const answer = await world.must('POST', '/api/deals/import/status', asked)
      expect(await world.must('GET', '/api/deals/import/DS-3/status')).toEqual(answer)
      return answer.buyerstatus[0].status
    }
    expect(await statusOf({})).toBe(3)
    expect(await statusOf({ sellerstatus: 1 })).toBe(5)
    expect((await send(sync('DS-3', { sellerstatus: 2 }))).status).toBe(202)
    expect(await statusOf({ sellerstatus: 2 })).toBe(0)
    expect(await statusOf({}, { startdate: '2098-01-01T00:00:00Z' })).toBe(1)
    expect(await statusOf({}, { enddate: '2021-01-01T00:00:00Z' })).toBe(6)
    expect(await statusOf({ sellerstatus: 3 })).toBe(6)
    const strange = { body: { id: 'DS-3', origin: 'other.example' } }
    expect((await world.ask('POST', '/api/deals/import/status', strange)).status).toBe(404)
  })

  test('is refused with every field at fault, and nothing is kept of it', async () => {
    const got = await send(sync('DS-4', { origin: 'gone.example', bseat: ['x'] }))
    expect([got.status, got.body.errors.map(({ field }: Body) => field)]).toEqual([
      400,
      ['bseat', 'origin'],
    ])
    expect((await world.ask('GET', '/api/deals/import/DS-4/status')).status).toBe(404)
  })
})

describe('the seller agent', () => {
  const agent = (id: string, more: object = {}) =>
    JSON.stringify({ deal_id: id, deal_type: 'privateauction', floor_price_cpm: 2, ...more })

  test('posts with its partner’s key, reads a status, and asks again at <url>/<id>/status', async () => {
    const token = await world.key('dmp', ['desk'])
    const made = await send(agent('SA-1', { buyer_seat_ids: ['s1'] }), { token })
    expect([made.status, made.body]).toEqual([
      201,
      {
        deal_id: 'SA-1',
        status: 'active',
        deal: 'sa-1',
        outcome: 'created',
        state: 'ready',
        kept: [],
        ignored: [],
      },
    ])
    const asked = await world.ask('GET', '/api/deals/import/SA-1/status', { token })
    expect([asked.status, asked.body]).toEqual([200, { deal_id: 'SA-1', status: 'active' }])
    const deal = await world.must('GET', '/api/deals/sa-1')
    expect([deal.seller, deal.exchange]).toEqual(['dmp', 'dmp'])
  })

  test('an operator says whose deal it is and who honours it', async () => {
    expect((await send(agent('SA-2'))).body.errors[0].field).toBe('exchange')
    const made = await send(agent('SA-2'), { query: '?exchange=ssp&seller=dmp' })
    expect(made.status).toBe(201)
    expect(await world.must('GET', '/api/deals/sa-2')).toMatchObject({
      seller: 'dmp',
      exchange: 'ssp',
    })
  })

  test('a key that is not for the desk, or another partner’s, brings nothing in', async () => {
    const data = await world.key('dmp', ['data'])
    expect((await send(agent('SA-3'), { token: data })).status).toBe(403)
    const other = await world.key('dsp', ['desk'])
    const got = await send(agent('SA-3'), { token: other, query: '?seller=dmp' })
    expect([got.status, got.body.errors[0].field]).toEqual([403, 'seller'])
    expect((await world.ask('GET', '/api/deals/import/SA-1/status', { token: other })).status).toBe(
      404,
    )
  })

  test('two exchanges may use one id: whoever asks says which', async () => {
    for (const exchange of ['ssp', 'dsp'])
      await send(agent('SA-4'), { query: `?exchange=${exchange}&seller=dmp` })
    const path = '/api/deals/import/SA-4/status'
    expect((await world.ask('GET', path)).status).toBe(409)
    expect((await world.ask('GET', `${path}?exchange=dsp`)).status).toBe(200)
  })
})

describe('several documents', () => {
  const mixed = [
    sync('M-1', {}, { dealfloor: 1 }),
    '{"neither":1}',
    JSON.stringify({ deal_id: 'M-2', floor_price_cpm: 1 }),
    sync('M-3', { bseat: ['x'] }),
  ]
  const outcomes = ({ items }: Body) =>
    items.map((item: Body) => item.outcome ?? item.ext.passerelle.outcome)

  test('as a list or as lines are each taken or refused by themselves', async () => {
    const query = '?exchange=ssp&seller=dmp'
    const listed = await send(`[${mixed.join(',')}]`, { query })
    expect(listed.status).toBe(200)
    expect(listed.body).toMatchObject({ accepted: 2, refused: 2 })
    expect(outcomes(listed.body)).toEqual(['created', 'refused', 'created', 'refused'])
    expect(listed.body.items[3].errors[0].field).toBe('bseat')
    const lines = await send([...mixed, '{broken'].join('\r\n'), { query })
    expect(outcomes(lines.body)).toEqual([
      'unchanged',
      'refused',
      'unchanged',
      'refused',
      'refused',
    ])
    const typed = { query, headers: { 'content-type': 'application/x-ndjson' } }
    expect((await send(mixed[0]!, typed)).body.items).toHaveLength(1)
  })

  test('leave an entry for each deal that changed, and one for the whole', async () => {
    await send(`[${sync('M-4')},${sync('M-5')},{}]`)
    const { items } = await world.must('GET', '/api/audit?limit=3')
    expect(items.map(({ verb, object }: Body) => `${verb} ${object}`).sort()).toEqual([
      'importDeal deal/m-4',
      'importDeal deal/m-5',
      'importDeals deals',
    ])
    expect(items[0].details).toEqual({ created: 2, updated: 0, unchanged: 0, refused: 1 })
  })

  test('are bounded in number, and none is no import', async () => {
    const many = `[${Array.from({ length: 1_001 }, () => '{}').join(',')}]`
    expect((await send(many)).status).toBe(422)
    for (const body of ['', '  \n', '[]', 'nonsense'])
      expect([body, (await send(body)).status]).toEqual([body, 400])
  })
})

test('a deal may be called import, and be read', async () => {
  await world.must('PUT', '/api/deals/import', {
    body: { name: 'D', seller: 'dmp', exchange: 'ssp' },
  })
  expect((await world.must('GET', '/api/deals/import')).id).toBe('import')
  await world.must('DELETE', '/api/deals/import')
})
