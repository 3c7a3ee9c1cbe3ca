import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { OPERATOR } from '../exchange/world.ts'
import { corpusPath } from '../support/corpus.ts'
import { Cli } from './cli-support.ts'
import { type Body, ConsoleWorld, contractBody, fill } from './world.ts'

const FILE = new URL('../cases/taxonomy/audience.tsv', import.meta.url).pathname
const TEXT = readFileSync(FILE, 'utf8')
const without = (id: string) =>
  TEXT.split('\r\n')
    .filter((line) => !line.startsWith(`\t${id}\t`))
    .join('\r\n')

let world: ConsoleWorld
let cli: Cli
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  cli = new Cli(world)
})
afterAll(() => world.close())
beforeEach(async () => {
  await world.segment('cars', 'dmp')
  for (const { segtax } of (await world.must('GET', '/api/taxonomies')).items)
    await world.must('DELETE', `/api/taxonomies/${segtax}`)
})

const headers = { 'content-type': 'text/tab-separated-values' }
const put = (text: string, query = '', segtax: number | string = 4) =>
  world.ask('PUT', `/api/taxonomies/${segtax}${query}`, { raw: text, headers })

async function lastEntries(count: number): Promise<Body[]> {
  return (await world.must('GET', `/api/audit?limit=${count}`)).items
}

describe('an import', () => {
  test('answers with what was found in the file, and keeps it', async () => {
    const { status, body } = await put(TEXT, '?edition=1.1')
    expect(status).toBe(201)
    expect(body).toMatchObject({
      segtax: 4,
      name: 'IAB Audience Taxonomy 1.1',
      edition: '1.1',
      nodes: 12,
      parentDisagrees: { count: 6 },
      withoutRow: { count: 1, paths: ['Orchard | Pears | Winter Pears'] },
      twins: { count: 1, rows: [{ line: 12, id: '11', like: '10' }] },
    })
    expect(body.parentDisagrees.rows[0]).toEqual({ line: 5, id: '4', says: '2', is: '3' })
    expect(await world.must('GET', '/api/taxonomies/4')).toEqual(body)
    expect((await world.must('GET', '/api/taxonomies')).items).toEqual([body])
    expect(await lastEntries(1)).toMatchObject([
      { verb: 'importTaxonomy', object: 'taxonomy/4', before: null, after: expect.any(Number) },
    ])
  })

  test('of the same file again changes nothing, not even when it was imported', async () => {
    const first = await put(TEXT)
    world.clock.aheadMs += 60_000
    const again = await put(TEXT)
    expect([again.status, again.body]).toEqual([200, first.body])
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'))
  })

  test('of another file replaces it', async () => {
    await put(TEXT)
    const { status, body } = await put(without('12'))
    expect([status, body.nodes]).toEqual([200, 11])
    const { items } = await world.must('GET', '/api/taxonomies/4/nodes?find=hay')
    expect(items).toEqual([])
  })

  test('that is bad names its rows by line and column, and leaves what there was', async () => {
    const before = (await put(TEXT)).body
    const got = await put(`${TEXT}\t1\t\t\tTop\r\n\t77\t\t\t\tB\r\n`)
    expect(got.status).toBe(400)
    expect(got.body.errors).toEqual([
      { field: 'line 14 Unique ID', reason: '1 stands in line 2 already' },
      { field: 'line 15 Tier 1', reason: 'is empty, and Tier 2 is not' },
    ])
    for (const text of ['', '{"a":1}', '<html>'])
      expect((await put(text)).body.errors[0].reason).toMatch(/Unique ID/)
    expect(await world.must('GET', '/api/taxonomies/4')).toEqual(before)
  })

  test('is bounded: a file of 5 MiB is not read, one that is not UTF-8 is refused', async () => {
    expect((await put('x'.repeat(5 * 1024 * 1024))).status).toBe(413)
    const raw = Buffer.from(TEXT.replace('Hay', 'H\u00e9y'), 'latin1')
    expect((await world.ask('PUT', '/api/taxonomies/4', { raw, headers })).status).toBe(400)
    expect((await world.must('GET', '/api/taxonomies')).items).toEqual([])
  })

  test('that is a dry run says the same, and writes nothing', async () => {
    const { status, body } = await put(TEXT, '?dryRun=true')
    expect([status, body.parentDisagrees.count]).toEqual([200, 6])
    expect((await world.ask('GET', '/api/taxonomies/4')).status).toBe(404)
    expect((await lastEntries(1))[0].verb).not.toBe('importTaxonomy')
  })

  test('needs a name where AdCOM has none for the segtax, and a segtax that is one', async () => {
    const nameless = await put(TEXT, '', 501)
    expect([nameless.status, nameless.body.errors[0].field]).toEqual([400, 'name'])
    expect((await put(TEXT, '?name=Our%20own', 501)).body).toMatchObject({ name: 'Our own' })
    for (const segtax of ['0', 'four', '99999999999'])
      expect((await put(TEXT, '?name=x', segtax)).status).toBe(400)
  })

  test('is an operator’s of the exchange; whoever has a key may read', async () => {
    await put(TEXT)
    const token = await world.key('dmp')
    const asked = { raw: TEXT, headers, token }
    expect((await world.ask('PUT', '/api/taxonomies/4', asked)).status).toBe(403)
    expect((await world.ask('DELETE', '/api/taxonomies/4', { token })).status).toBe(403)
    expect((await world.must('GET', '/api/taxonomies/4/nodes', { token })).items).toHaveLength(13)
    expect((await world.ask('GET', '/api/taxonomies/4', { token: '' })).status).toBe(401)
  })

  test('may be bound to what was read', async () => {
    await put(TEXT)
    const stale = { raw: without('12'), headers: { ...headers, 'if-match': '"1"' } }
    expect((await world.ask('PUT', '/api/taxonomies/4', stale)).status).toBe(412)
    expect((await world.ask('PUT', '/api/taxonomies/4?dryRun=true', stale)).status).toBe(412)
  })
})

describe('nodes', () => {
  beforeEach(async () => void (await put(TEXT)))
  const nodes = async (query: string) => world.must('GET', `/api/taxonomies/4/nodes${query}`)

  test('are listed in pages, each with its path and what stands above it', async () => {
    const seen: Body[] = []
    for (let after: string | null = '0'; after !== null; ) {
      const page = await nodes(`?limit=5&after=${after}`)
      seen.push(...page.items)
      after = page.next
    }
    expect(seen).toHaveLength(13)
    expect(seen[3]).toEqual({
      id: '4',
      name: 'Early',
      path: ['Orchard', 'Apples', 'Red', 'Early'],
      parent: '3',
    })
    expect(seen[6]).toMatchObject({ id: null, name: 'Winter Pears', parent: '6' })
    expect(seen[7]).toMatchObject({ id: '7', parent: null })
  })

  test('are found by a name, and below a node', async () => {
    const ids = async (query: string) =>
      (await nodes(query)).items.map(({ id }: Body) => id).join(' ')
    expect(await ids('?find=RED')).toBe('3 4 5')
    expect(await ids('?under=9')).toBe('10 11 12')
    expect(await ids('?under=9&find=hay')).toBe('12')
    expect((await world.ask('GET', '/api/taxonomies/4/nodes?under=99')).status).toBe(404)
    expect((await world.ask('GET', '/api/taxonomies/6/nodes')).status).toBe(404)
  })

  test('say which of them are not for sale, also below those that a list names', async () => {
    const header = 'Unique ID\tParent\tTier 1\tTier 2\n'
    await put(`${header}1448\t\tHealth\n9001\t1448\tHealth\tNew\n9002\t\tHats\n`)
    const { items } = await nodes('')
    expect(items.map(({ prohibited }: Body) => prohibited)).toEqual(['health', 'health', undefined])
    await world.segment('cars', 'dmp', { taxonomy: { segtax: 4, id: '9001' } })
    const { buyer: _b, startsAt: _s, endsAt: _e, ...offer } = contractBody()
    const body = { ...offer, minPeople: 0 }
    const got = await world.ask('PUT', '/api/offers/hats', { body })
    expect(got.body.errors[0].reason).toMatch(/^prohibited_node: cars stands for node 9001/)
  })
})

describe('a segment', () => {
  const segment = (taxonomy: object, more = {}) =>
    world.ask('PUT', '/api/segments/cars', {
      body: {
        name: 'cars',
        owner: 'dmp',
        provenance: 'third_party',
        ttlDays: 30,
        taxonomy,
        ...more,
      },
    })

  test('stands for a node that its taxonomy has', async () => {
    await put(TEXT)
    const got = await segment({ segtax: 4, id: '243' })
    expect([got.status, got.body.errors]).toEqual([
      422,
      [
        {
          field: 'taxonomy.id',
          reason: expect.stringMatching(/no node 243 in IAB Audience Taxonomy 1.1: GET .*nodes/),
        },
      ],
    ])
    expect((await segment({ segtax: 4, id: '10' })).status).toBe(200)
  })

  test('may stand for any node of a taxonomy that was never imported', async () => {
    await put(TEXT)
    expect((await segment({ segtax: 600, id: 'anything' })).status).toBe(200)
  })

  test('keeps its node from being lost unseen: to an import, or with the whole taxonomy', async () => {
    await put(TEXT)
    await segment({ segtax: 4, id: '12' })
    const lost = await put(without('12'))
    expect([lost.status, lost.body.errors]).toMatchObject([
      409,
      [
        {
          field: 'confirm',
          reason: 'segment cars stands for node 12, which the file does not have',
        },
        { field: 'confirm', reason: expect.stringContaining('confirm=true') },
      ],
    ])
    const held = await world.ask('DELETE', '/api/taxonomies/4')
    expect([held.status, held.body.errors[0].reason]).toEqual([
      409,
      'segment cars still rests on it',
    ])
    expect((await put(without('12'), '?confirm=true')).status).toBe(200)
    // What was there when it was given does not stand in the way of mending the rest.
    expect((await segment({ segtax: 4, id: '12' }, { name: 'Cars' })).status).toBe(200)
    expect((await segment({ segtax: 4, id: '99' })).status).toBe(422)
  })

  test('is checked in catalog files too', async () => {
    await put(TEXT)
    const { files } = await world.must('GET', '/api/catalog')
    files['segments/cars.json'].taxonomy = { segtax: 4, id: '243' }
    const got = await world.ask('PUT', '/api/catalog', { body: { files } })
    expect([got.status, got.body.errors[0].field]).toEqual([422, 'segments/cars.json taxonomy.id'])
    expect(Object.keys(files).filter((path) => path.includes('taxonom'))).toEqual([])
  })

  test('of a mapped node is written into a request under its segtax', async () => {
    await put(TEXT)
    await segment({ segtax: 4, id: '10' })
    await world.must('PUT', '/api/contracts/nodes', {
      body: contractBody({ status: 'active', writeAs: 'both', price: { kind: 'free' } }),
    })
    await world.import('memberships', [{ source: 'dsp', uid: 'driver', add: ['cars'] }])
    const request = { id: '1', imp: [{ id: '1' }], user: { buyeruid: 'driver' } }
    const asked = { body: { buyer: 'dsp', request } }
    const { additions } = await world.must('POST', '/api/deals/dry-run', asked)
    const data = additions.user.data.map(({ name, segment, ext }: Body) => [
      name,
      segment.map(({ id }: Body) => id).join(' '),
      ext?.segtax,
    ])
    expect(data).toEqual([
      ['dmp.example', 'cars', undefined],
      ['dmp.example', '10', 4],
    ])
    await world.must('POST', '/api/contracts/nodes/revoke')
  })
})

describe('the command line', () => {
  test('imports, looks up and deletes', async () => {
    const dry = await cli.run(['taxonomy', 'import', '4', FILE, '--dry-run'])
    expect([dry.code, dry.out.split('\n').slice(0, 3)]).toEqual([
      0,
      [
        'IAB Audience Taxonomy 1.1: 12 nodes',
        'parents that disagree with the tiers, which hold: 6',
        '  line 5: 4 says 2, stands under 3',
      ],
    ])
    expect((await cli.run('taxonomy list')).out).toBe('')
    expect((await cli.run(['taxonomy', 'import', '4', FILE, '--edition', '1.1'])).code).toBe(0)
    expect(JSON.parse((await cli.run('taxonomy list')).out)).toMatchObject({ edition: '1.1' })
    expect(JSON.parse((await cli.run('taxonomy get 4')).out)).toMatchObject({ nodes: 12 })
    const found = (await cli.run('taxonomy nodes 4 --find early')).out
    expect(JSON.parse(found)).toMatchObject({ id: '4', parent: '3' })
    expect((await cli.run('taxonomy delete 4')).code).toBe(0)
  })

  test('says which rows are bad', async () => {
    const stdin = 'Unique ID\tParent\tTier 1\n\t\tA\n'
    const got = await cli.run('taxonomy import 4 -', { stdin })
    expect([got.code, got.err]).toEqual([1, expect.stringContaining('line 2 Unique ID')])
  })
})

const REAL = corpusPath('taxonomy/Audience Taxonomy 1.1.tsv')
if (REAL !== undefined)
  test('the IAB’s own file: 17 rows whose parent disagrees, and real nodes for segments', async () => {
    const got = await put(readFileSync(REAL, 'utf8'))
    expect(got.body).toMatchObject({ nodes: 1558, parentDisagrees: { count: 17 } })
    const { items } = await world.must('GET', '/api/taxonomies/4/nodes?find=motorcycle')
    expect(items.length).toBeGreaterThan(0)
    await world.segment('cars', 'dmp', { taxonomy: { segtax: 4, id: '806' } })
    const bad = await world.exchange.desk
      .putSegment(OPERATOR, {
        id: 'cars',
        body: {
          name: 'cars',
          owner: 'dmp',
          provenance: 'third_party',
          ttlDays: 30,
          taxonomy: { segtax: 4, id: '1680' },
        },
      })
      .catch((error: Error) => error.message)
    expect(bad).toContain('there is no node 1680')
  })
