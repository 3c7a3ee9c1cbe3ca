import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type CollectedEvent, unpackEvent } from '../../audience/events/collected-event.ts'
import { LIMITS } from '../../console/limits.ts'
import { ConsoleWorld } from './world.ts'

let world: ConsoleWorld
const DAY = Math.floor(Date.now() / 86_400_000) - 3
const day = new Date(DAY * 86_400_000).toISOString().slice(0, 10)
const TRAITS: Record<string, string> = {
  bought: 'type == "track" AND event == "Bought"',
  dear: 'properties.total >= 100',
  paris: 'properties.shop == "Paris"',
  area: 'traits.area == true',
  pro: 'type == "identify" AND traits.plan == "pro"',
  mail: 'properties.email exists OR traits.email exists',
}

beforeAll(async () => {
  world = await ConsoleWorld.open()
  const settings = { timeZone: 'Europe/Paris' }
  await world.partner('dmp', { roles: ['dmp'], gvlId: 21, settings })
  await world.partner('other', { roles: ['dmp'] })
  const source = {
    ...{ name: 'Tills', kind: 'pos', owner: 'dmp' },
    namespaces: { anonymousId: 'till.card', userId: 'crm.id' },
    properties: { 'properties.email': 'drop', 'traits.email': 'drop' },
  }
  const { events } = world.store
  const append = events.append.bind(events)
  events.append = (batch) => {
    appended.push(...batch)
    return append(batch)
  }
  await world.must('PUT', '/api/sources/tills', { body: source })
  await world.must('PUT', '/api/sources/crm', { body: { ...source, kind: 'crm' } })
  await world.must('PUT', '/api/sources/europe', { body: { ...source, gdprDefault: 1 } })
  for (const [id, when] of Object.entries(TRAITS))
    await world.must('PUT', `/api/traits/${id}`, {
      body: { name: id, owner: 'dmp', when, ttlDays: 400 },
    })
})
afterAll(() => world.close())
beforeEach(() => {
  appended.length = 0
})

/** What went into the queue since the test began: the desk takes it out again at once. */
const appended: Uint8Array[] = []
function queued(): CollectedEvent[] {
  return appended.splice(0).map((body) => unpackEvent(body)!)
}

const traitIds = ({ traits }: CollectedEvent) =>
  traits.map((number) => Object.keys(TRAITS)[number - 1]).sort()

const CSV = { 'content-type': 'text/csv' }
interface Asking {
  source?: string
  map?: string
  type?: string
  event?: string
  basis?: string
}

function send(
  raw: string | Uint8Array,
  asking: Asking = {},
  { headers = CSV, token }: { headers?: Record<string, string>; token?: string } = {},
) {
  const query = new URLSearchParams({ source: 'tills', ...asking })
  const path = `/api/events?${query}`
  return world.ask('POST', path, { raw, headers, ...(token === undefined ? {} : { token }) })
}

const MAP = JSON.stringify({
  ...{ Date: 'timestamp', Client: 'userId', Carte: 'anonymousId', Total: 'properties.total' },
  ...{ Magasin: 'properties.shop', Note: '-' },
})

describe('a CSV file', () => {
  test('with semicolons has decimals as spreadsheets then write them', async () => {
    const asking = { event: 'Bought' }
    await send('userId;total\nu1;150,50\nu2;99,90\nu3;1,234,567\nu4;0150,5\n', asking)
    const dear = (events: CollectedEvent[]) => events.map((one) => traitIds(one).includes('dear'))
    expect(dear(queued())).toEqual([true, false, false, false])
    await send('userId,total\nu1,"150,50"\nu2,150.50\n', asking)
    expect(dear(queued())).toEqual([false, true])
  })

  test('with a map of its columns becomes events of its source', async () => {
    const file = [
      '\ufeffDate;Client;Carte;Total;Magasin;Note',
      `${day} 10:00:00;u1;c1;120;Paris;"a; b"`,
      `${day}T10:00:01Z;u2;;5,5;"Pa""ris";`,
      `${DAY * 86_400};u3;;;Paris;`,
      '',
    ].join('\r\n')
    const got = await send(file, { map: MAP, event: 'Bought' })
    expect([got.status, got.body]).toEqual([
      200,
      { accepted: 3, rejected: 0, denied: 0, errors: [] },
    ])
    const events = queued()
    expect(events.map(traitIds)).toEqual([
      ['bought', 'dear', 'paris'],
      ['bought'],
      ['bought', 'paris'],
    ])
    expect(events.map(({ about, sameAs }) => [about.value, sameAs?.value])).toEqual([
      ['u1', 'c1'],
      ['u2', undefined],
      ['u3', undefined],
    ])
    // Without an offset it is the time of the owner's zone: UTC+1 or +2 in Paris.
    const [paris, utc, epoch] = events.map(({ atMs }) => (atMs - DAY * 86_400_000) / 3_600_000)
    expect([8, 9]).toContain(paris)
    expect([utc, epoch]).toEqual([10 + 1 / 3600, 0])
  })

  test('without one is read by the names of its columns: what is no field is a property', async () => {
    const file = 'userId,event,timestamp,shop,properties.total\nu1,Bought,,Paris,100\n'
    expect((await send(file)).body.accepted).toBe(1)
    expect(queued().map(traitIds)).toEqual([['bought', 'dear', 'paris']])
  })

  test('of customers says who they are', async () => {
    const file = 'userId\tplan\temail\tarea\nu1\tpro\ta@b.fr\ttrue\nu2\tfree\t\tfalse\n'
    const headers = { 'content-type': 'text/tab-separated-values' }
    expect((await send(file, { source: 'crm' }, { headers })).body.accepted).toBe(2)
    expect(queued().map(traitIds)).toEqual([['area', 'pro']])
  })

  test('may be gzipped, whether or not a header says so', async () => {
    const file = gzipSync('userId,event\nu1,Bought\n')
    for (const headers of [{ ...CSV, 'content-encoding': 'gzip' }, CSV])
      expect((await send(file, {}, { headers })).body.accepted).toBe(1)
    expect(queued()).toHaveLength(2)
  })

  test('loses what its source drops before anything is asked of it', async () => {
    await send('userId,event,email\nu1,Bought,a@b.fr\n')
    expect(queued().map(traitIds)).toEqual([['bought']])
  })

  test('with bad rows keeps the good ones, and says of the bad ones where they are and why', async () => {
    const old = '2001-01-01'
    const rows = [
      'Client,event,Date,Total',
      `u1,Bought,${day},1`,
      `u2,,${day},1`,
      `,Bought,${day},1`,
      'u3,Bought,13/03/2024,1',
      `u4,Bought,${old},1`,
      'u5,Bought',
      `u6,Bought,${day},"1`,
      `2"`,
      `null,Bought,${day},1`,
    ]
    const latin1 = Buffer.from(`u7,Bought,${day},d\u00e9j\u00e0\n`, 'latin1')
    const file = Buffer.concat([Buffer.from(`${rows.join('\n')}\n`), latin1])
    const map = JSON.stringify({ Client: 'userId', Date: 'timestamp' })
    const { body } = await send(file, { map })
    expect(body).toMatchObject({ accepted: 2, rejected: 7, denied: 0 })
    expect(
      body.errors.map(({ line, field }: { line: number; field?: string }) => [line, field]),
    ).toEqual([
      [3, 'event'],
      [4, 'anonymousId'],
      [5, 'Date'],
      [6, 'Date'],
      [7, undefined],
      [10, 'anonymousId'],
      [11, undefined],
    ])
    expect(JSON.stringify(body.errors)).toMatch(/ISO|as 2026/)
    expect(body.errors.at(-1).reason).toContain('not UTF-8')
    expect(queued()).toHaveLength(2)
  })

  test('whose header cannot be meant is refused whole, with all that is wrong', async () => {
    const asked: [string, Asking, RegExp][] = [
      ['email,total\na@b.fr,1\n', {}, /userId or anonymousId.*email, total/],
      ['userId,userId\nu1,u1\n', {}, /same name/],
      ['userId,\nu1,1\n', {}, /column 2 has no name/],
      [
        'userId,total\nu1,1\n',
        { map: '{"Client":"userId"}' },
        /no column Client, but userId, total/,
      ],
      ['userId,Client\nu1,1\n', { map: '{"Client":"userId"}' }, /both userId|userId/],
      ['userId\nu1\n', { map: '{"userId":"person"}' }, /person is no field/],
      ['userId\nu1\n', { map: '[]' }, /JSON object/],
      ['userId\nu1\n', { type: 'tracc' }, /type/],
      [
        `${Array.from({ length: 1_001 }, (_, i) => `c${i}`)},userId\n`,
        {},
        /more than 1000 columns/,
      ],
    ]
    for (const [file, query, says] of asked) {
      const { status, body } = await send(file, query)
      expect([file.slice(0, 30), status, body.detail]).toEqual([
        file.slice(0, 30),
        400,
        expect.stringMatching(says),
      ])
    }
    const latin1 = await send(Buffer.from('userId,pr\u00e9nom\nu1,x\n', 'latin1'))
    expect([latin1.status, latin1.body.detail]).toEqual([400, expect.stringContaining('UTF-8')])
    expect(queued()).toEqual([])
  })

  test('with a column named __proto__ does no harm', async () => {
    expect((await send('userId,event,__proto__\nu1,Bought,x\n')).body.accepted).toBe(1)
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })
})

describe('a file of lines of JSON', () => {
  const lines = (...rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join('\n')
  const NDJSON = { headers: { 'content-type': 'application/x-ndjson' } }

  test('holds messages as an SDK sends them, which happened when they say', async () => {
    const timestamp = new Date(DAY * 86_400_000).toISOString()
    const sent = { originalTimestamp: timestamp, sentAt: timestamp }
    const file = lines(
      { userId: 'u1', event: 'Bought', properties: { total: 100 }, timestamp, sentAt: timestamp },
      { userId: 'u1', type: 'identify', traits: { plan: 'pro' }, ...sent },
    )
    expect((await send(file, {}, NDJSON)).body.accepted).toBe(2)
    const events = queued()
    expect(events.map(traitIds)).toEqual([['bought', 'dear'], ['pro']])
    expect(events.map(({ atMs }) => atMs)).toEqual([DAY * 86_400_000, DAY * 86_400_000])
  })

  test('with a line nested thousands deep keeps the others, and says which it was', async () => {
    const line = (name: string, value: string) =>
      `{"userId":"deep","event":"Bought",${JSON.stringify(name)}:${value}}`
    const nested = (open: string, inner: string, close: string) =>
      `${open.repeat(5_000)}${inner}${close.repeat(5_000)}`
    const file = [
      line('properties', '{"total":1}'),
      line('properties', nested('[', '', ']')),
      line('properties', nested('{"a":', '1', '}')),
      line('timestamp', nested('[', '', ']')),
      line('properties', '{"total":2}'),
    ]
    const { body } = await send(file.join('\n'), {}, NDJSON)
    expect([body.accepted, body.rejected]).toEqual([2, 3])
    const reason = 'the line is nested more than 64 levels deep'
    expect(body.errors).toEqual([2, 3, 4].map((number) => ({ line: number, reason })))
    queued()
  })

  test('or objects of columns, with a map', async () => {
    const file = lines({ Client: 'u1', Total: 200, Magasin: 'Paris', Note: [1] }, [], 'x', {
      Total: 1,
    })
    const { body } = await send(`${file}\n{`, { map: MAP, event: 'Bought' }, NDJSON)
    expect([body.accepted, body.errors.map(({ line }: { line: number }) => line)]).toEqual([
      1,
      [2, 3, 4, 5],
    ])
    expect(queued().map(traitIds)).toEqual([['bought', 'dear', 'paris']])
  })
})

describe('a row', () => {
  const COLUMNS = 'userId,event,timestamp,context.consent.gdpr,context.consent.usPrivacy'
  test('without consent is not kept, and is told apart from bad ones', async () => {
    const file = `${COLUMNS}\nu1,Bought,${day},1,\nu2,Bought,${day},,1YYN\nu3,Bought,${day},0,1YNN\n`
    const { body } = await send(file)
    expect(body).toEqual({ accepted: 1, rejected: 0, denied: 2, errors: [] })
    const { body: europe } = await send(`userId,event\nu1,Bought\n`, { source: 'europe' })
    expect(europe).toMatchObject({ accepted: 0, denied: 1 })
    expect(queued().map(({ about }) => about.value)).toEqual(['u3'])
  })

  test('counts once, however often its file is sent, unless it bears names of its own', async () => {
    await world.events.poke()
    const before = world.events.counts()
    const since = async () => {
      await world.events.poke()
      const { counted, repeated } = world.events.counts()
      return [counted - before.counted, repeated - before.repeated]
    }
    const rows = (id: (i: number) => string) =>
      Array.from({ length: 3 }, (_, i) => `v${i},Bought,${day} 10:00:00,${id(i)}`).join('\n')
    const header = 'userId,event,timestamp,messageId\n'
    for (let sent = 0; sent < 2; sent++)
      expect((await send(header + rows(() => ''))).body.accepted).toBe(3)
    expect(await since()).toEqual([3, 3])
    await send(header + rows((i) => `receipt-${i}`))
    expect(await since()).toEqual([6, 3])
  })
})

describe('an import of events', () => {
  test('is its owner’s to make, and is kept with who made it and on what evidence', async () => {
    const file = 'userId,event\nu1,Bought\n'
    const own = await world.key('dmp')
    const foreign = await world.key('other')
    expect((await send(file, {}, { token: foreign })).status).toBe(404)
    expect((await send(file, { source: 'nowhere' })).status).toBe(404)
    const got = await send(file, { basis: 'form 7' }, { token: own })
    expect(got.status).toBe(200)
    const id = got.headers.get('x-passerelle-import')
    const { items } = await world.must('GET', `/api/imports?id=${id}`)
    expect(items).toMatchObject([
      {
        what: 'events',
        source: 'tills',
        basis: 'form 7',
        accepted: 1,
        by: expect.stringMatching(/^partner dmp /),
      },
    ])
  })

  test('waits while too many events wait, and then goes on', async () => {
    const depth = vi.spyOn(world.store.events, 'depth')
    depth.mockResolvedValueOnce(LIMITS.importQueueEventsMax + 1)
    expect((await send('userId,event\nu1,Bought\n')).body.accepted).toBe(1)
    expect(depth.mock.calls.length).toBeGreaterThanOrEqual(2)
    depth.mockImplementation(async () => {
      world.clock.aheadMs += LIMITS.importQueueWaitMsMax
      return LIMITS.importQueueEventsMax + 1
    })
    const got = await send('userId,event\nu2,Bought\n')
    world.clock.aheadMs = 0
    depth.mockRestore()
    expect([got.status, got.headers.get('retry-after')]).toEqual([429, '60'])
  })
})
