import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Cli } from './cli-support.ts'
import { type Body, ConsoleWorld, fill } from './world.ts'

let world: ConsoleWorld
let cli: Cli
let dir: string
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  cli = new Cli(world)
  dir = await mkdtemp(join(tmpdir(), 'catalog-'))
})
afterAll(async () => {
  await world.close()
  await rm(dir, { recursive: true, force: true })
})

const file = (path: string) => readFile(join(dir, path), 'utf8')

describe('the catalog over the API', () => {
  test('is read whole, with an ETag that names its content, and changes nothing when put back', async () => {
    const { body, headers } = await world.ask('GET', '/api/catalog')
    expect(Object.keys(body.files)).toEqual([
      'contracts/autumn.json',
      'deals/premium.json',
      'offers/winter.json',
      'partners/dmp.json',
      'partners/dsp.json',
      'partners/ssp.json',
      'segments/boats.json',
      'segments/cars.json',
    ])
    const again = await world.must('PUT', '/api/catalog?dryRun=false&prune=true', { body })
    expect(again).toEqual({
      applied: true,
      created: [],
      changed: [],
      deleted: [],
      unchanged: 8,
      left: [],
    })
    expect((await world.ask('GET', '/api/catalog')).headers.get('etag')).toBe(headers.get('etag'))
  })

  test('is bound to what was compared, and every change leaves an entry', async () => {
    const { body } = await world.ask('GET', '/api/catalog')
    body.files['partners/new.json'] = { ...body.files['partners/ssp.json'], name: 'New' }
    const dry = await world.ask('PUT', '/api/catalog?dryRun', { body })
    expect([dry.body.applied, dry.body.created]).toEqual([false, ['partners/new.json']])
    expect((await world.ask('GET', '/api/partners/new')).status).toBe(404)
    await world.partner('meanwhile')
    const headers = { 'if-match': dry.headers.get('etag')! }
    expect((await world.ask('PUT', '/api/catalog', { body, headers })).status).toBe(412)
    for (const tag of ['"7"', 'W/"x"'])
      expect(
        (await world.ask('PUT', '/api/catalog', { body, headers: { 'if-match': tag } })).status,
      ).toBe(412)
    const now = await world.ask('PUT', '/api/catalog?dryRun=true', { body })
    const bound = { body, headers: { 'if-match': now.headers.get('etag')! } }
    const done = await world.ask('PUT', '/api/catalog', bound)
    expect([done.status, done.body.left]).toEqual([200, ['partners/meanwhile.json']])
    const { items } = await world.must('GET', '/api/audit?limit=3')
    expect(items.map(({ verb, object }: Body) => `${verb} ${object}`).sort()).toEqual([
      'applyCatalog catalog',
      'applyCatalog namespace/new',
      'applyCatalog partner/new',
    ])
  })

  test('is the exchange’s alone', async () => {
    const token = await world.key('dmp')
    expect((await world.ask('GET', '/api/catalog', { token })).status).toBe(403)
    expect((await world.ask('PUT', '/api/catalog', { token, body: { files: {} } })).status).toBe(
      403,
    )
  })

  test('takes more than a megabyte, not without end, and nothing from a stranger', async () => {
    const files = { 'partners/x.json': { name: 'x'.repeat(2 * 1024 * 1024) } }
    const long = await world.ask('PUT', '/api/catalog?dryRun=true', { body: { files } })
    expect([long.status, long.body.errors[0].field]).toEqual([400, 'partners/x.json domain'])
    const stranger = await world.ask('PUT', '/api/catalog', { body: { files }, token: 'no' })
    expect(stranger.status).toBe(401)
    const endless = 'x'.repeat(64 * 1024 * 1024 + 1)
    expect((await world.ask('PUT', '/api/catalog', { raw: endless })).status).toBe(413)
    for (const raw of ['', '[]', '{"files":[]}', '{"files":{},"more":1}', 'x'])
      expect([raw, (await world.ask('PUT', '/api/catalog', { raw })).status]).toEqual([raw, 400])
  })
})

describe('the command line', () => {
  test('keeps the catalog in a folder, a file for each object, the same text every time', async () => {
    const first = await cli.run(['catalog', 'export', dir])
    expect(first.out).toMatch(/^\d+ files in .*: \d+ written, 0 removed\n$/)
    expect(JSON.parse(await file('segments/cars.json'))).toMatchObject({ owner: 'dmp' })
    expect(await file('segments/cars.json')).toMatch(/^\{\n {2}"name": /)
    await writeFile(join(dir, 'notes.txt'), 'mine')
    const second = await cli.run(['catalog', 'export', dir])
    expect(second.out).toContain(': 0 written, 0 removed')
    await world.must('DELETE', '/api/deals/premium')
    expect((await cli.run(['catalog', 'export', dir])).out).toContain('0 written, 1 removed')
    expect(await readdir(dir)).toContain('notes.txt')
  })

  test('shows what a folder changes and asks, before it changes anything', async () => {
    const floor = '{"name":"Floor","seller":"dmp","exchange":"ssp","bidfloor":2.50}'
    await writeFile(join(dir, 'deals/floor.json'), floor)
    await writeFile(
      join(dir, 'partners/dmp.json'),
      (await file('partners/dmp.json')).replace('US', 'FR'),
    )
    await rm(join(dir, 'segments/boats.json'))
    const shown = await cli.run(['catalog', 'apply', dir, '--dry-run', '--prune'])
    expect([shown.code, shown.out.trim().split('\n')]).toEqual([
      0,
      [
        '+ deals/floor.json',
        '~ partners/dmp.json',
        '    region: "US" → "FR"',
        '- segments/boats.json',
        expect.stringMatching(/^1 new, 1 changed, 1 deleted, \d+ as they are$/),
      ],
    ])
    const unasked = await cli.run(['catalog', 'apply', dir])
    expect([unasked.code, unasked.err]).toEqual([1, expect.stringContaining('--yes')])
    expect(unasked.out).toContain('segments/boats.json is not among the files, and stays')
    const no = await cli.run(['catalog', 'apply', dir], { isTTY: true, stdin: 'n\n' })
    expect([no.code, no.err]).toEqual([1, expect.stringContaining('nothing was changed')])
    expect((await world.ask('GET', '/api/deals/floor')).status).toBe(404)
    const yes = await cli.run(['catalog', 'apply', dir, '--prune'], { isTTY: true, stdin: 'y\n' })
    expect([yes.code, yes.out]).toEqual([0, expect.stringContaining('applied\n')])
    expect((await world.must('GET', '/api/deals/floor')).bidfloor).toBe('2.50')
    const same = await cli.run(['catalog', 'apply', dir, '--yes'])
    expect([same.code, same.out]).not.toContain('applied')
  })

  test('names every file at fault, whether it is no JSON or makes no sense', async () => {
    await writeFile(join(dir, 'deals/broken.json'), '{')
    await writeFile(join(dir, 'deals/odd.json'), '{"name":"D","seller":"gone","exchange":"ssp"}')
    const broken = await cli.run(['catalog', 'apply', dir])
    expect([broken.code, broken.err]).toEqual([
      1,
      expect.stringContaining('deals/broken.json is not'),
    ])
    await rm(join(dir, 'deals/broken.json'))
    const odd = await cli.run(['catalog', 'apply', dir])
    expect(odd.err).toContain('deals/odd.json seller: there is no partner gone')
    const empty = await mkdtemp(join(tmpdir(), 'empty-'))
    expect((await cli.run(['catalog', 'apply', empty])).err).toContain('holds no file of a catalog')
    await rm(empty, { recursive: true })
  })
})
