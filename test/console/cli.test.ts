import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { TOKEN_KEYS } from '../support/mint-token.ts'
import { type Around, Cli } from './cli-support.ts'
import { ADMIN, ConsoleWorld, contractBody, fill } from './world.ts'

let world: ConsoleWorld
let cli: Cli
let dir: string
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  cli = new Cli(world)
  dir = await mkdtemp(join(tmpdir(), 'cli-'))
})
afterAll(async () => {
  await world.close()
  await rm(dir, { recursive: true, force: true })
})

const run = (command: string | string[], around?: Around) => cli.run(command, around)

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(dir, name)
  await writeFile(path, content)
  return path
}

const line = (uid: string, more: object = {}) =>
  JSON.stringify({ source: 'dsp', uid, add: ['cars'], ...more })

describe('the command line', () => {
  test('imports events from CSV with a map of its columns, and names the bad rows', async () => {
    const namespaces = { userId: 'till.customer' }
    const source = { name: 'Tills', kind: 'pos', owner: 'dmp', namespaces }
    await run(['source', 'put', 'tills', await file('tills.json', JSON.stringify(source))])
    const csv = 'Client;Total;Note = x\nu1;12;a\n;13;b\n'
    const path = await file('tills.csv.gz', gzipSync(csv))
    const map = ['--map', 'Client=userId', 'Total=properties.total', 'Note = x=-']
    const got = await run(
      ['import', 'events', path, '--source', 'tills', '--event', 'Bought'].concat(map),
    )
    expect([got.code, got.out]).toEqual([1, 'accepted 1, rejected 1\n'])
    expect(got.err).toMatch(/line 3: anonymousId no anonymousId or userId/)
    const piped = ['import', 'events', '-', '--source', 'tills', '--csv', '--type', 'page']
    expect((await run(piped, { stdin: 'userId\nu2\n' })).out).toBe('accepted 1, rejected 0\n')
    const unknown = await run('import events - --source nowhere')
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('no such object')])
    const bent = await run('import events - --source tills --map Client')
    expect(bent.err).toContain('--map Client is not column=field')
  })

  test('makes, shows, lists and deletes objects', async () => {
    const body = { name: 'News', domain: 'news.example', roles: ['publisher'], region: 'FR' }
    const path = await file('news.json', JSON.stringify(body))
    const put = await run(['partner', 'put', 'news', path])
    expect([put.code, JSON.parse(put.out)]).toEqual([0, { id: 'news', ...body, status: 'active' }])
    const got = await run('partner get news')
    expect(JSON.parse(got.out)).toEqual(JSON.parse(put.out))
    const etag = /etag (".*")/.exec(got.err)![1]!
    const stdin = JSON.stringify({ ...body, name: 'Daily' })
    const bound = ['partner', 'put', 'news', '-', '--if-match', etag]
    expect((await run(bound, { stdin })).code).toBe(0)
    const stale = await run(bound, { stdin })
    expect(stale.code).toBe(1)
    expect(stale.err).toContain('Read it again')
    const listed = (await run('partner list')).out.trim().split('\n')
    expect(listed.map((one) => JSON.parse(one).id)).toEqual(['dmp', 'dsp', 'news', 'ssp'])
    expect((await run('partner delete news')).code).toBe(0)
    const gone = await run('partner get news')
    expect([gone.code, gone.out]).toEqual([1, ''])
    expect((await run('namespace get ifa')).code).toBe(0)
  })

  test('takes the keys of a source’s tokens, and says how many there are', async () => {
    const source = await file('uid2.json', '{"kind":"eid","resolver":"uid2"}')
    expect((await run(['namespace', 'put', 'uidapi.com', source])).code).toBe(0)
    expect((await run('namespace keys uidapi.com')).code).toBe(1)
    const keys = await file('keys.json', JSON.stringify(TOKEN_KEYS))
    const put = await run(['namespace', 'keys', 'uidapi.com', keys])
    expect([put.code, JSON.parse(put.out)]).toMatchObject([0, { count: TOKEN_KEYS.keys.length }])
    expect((await run('namespace keys uidapi.com')).out).toBe(put.out)
  })

  test('sends a file to the letter: a floor of 2.50 stays 2.50', async () => {
    const text = '{"name":"Floors","seller":"dmp","exchange":"ssp","bidfloor":2.50}'
    const put = await run(['deal', 'put', 'floors', await file('floors.json', text)])
    expect(JSON.parse(put.out).bidfloor).toBe('2.50')
    expect((await run('deal delete floors')).code).toBe(0)
  })

  test('brings in foreign deals, and says which were refused', async () => {
    const agent = '{"deal_id":"CLI-1","floor_price_cpm":1.10}'
    const path = await file('deals.ndjson', `${agent}\n{"neither":1}\n`)
    const some = await run(['deal', 'import', path, '--exchange', 'ssp', '--seller', 'dmp'])
    expect([some.code, JSON.parse(some.out)]).toMatchObject([1, { accepted: 1, refused: 1 }])
    expect(some.err).toContain('1 documents were refused')
    const piped = await run('deal import - --exchange ssp --seller dmp', { stdin: agent })
    expect([piped.code, JSON.parse(piped.out).outcome]).toEqual([0, 'unchanged'])
    expect(JSON.parse((await run('deal get cli-1')).out).bidfloor).toBe('1.10')
    expect((await run('deal delete cli-1')).code).toBe(0)
  })

  test('says which deals a request would get, and why not the others', async () => {
    const path = await file('request.json', '{"id":"1","imp":[{"id":"1"}]}')
    const deal = { name: 'Open', seller: 'dmp', exchange: 'ssp', dealId: 'PM-9' }
    await world.must('PUT', '/api/deals/open', { body: deal })
    const ran = await run(['deal', 'dry-run', path, '--buyer', 'dsp', '--exchange', 'ssp'])
    expect([ran.code, ran.out.trim().split('\n')]).toEqual([
      0,
      [
        'no_ids: The request names nobody: no usable id of a known namespace.',
        '{"imp":[{"id":"1","pmp":{"deals":[{"id":"PM-9"}]}}]}',
        '+ open (PM-9) in 1 imp',
        '- premium no_ids: The request names nobody: no usable id of a known namespace.',
      ],
    ])
    const whole = await run(['deal', 'dry-run', path, '--buyer', 'dsp', '--json'])
    expect(JSON.parse(whole.out).deals).toHaveLength(2)
    expect((await run(['deal', 'dry-run', path])).code).toBe(2)
    expect((await run('deal delete open')).code).toBe(0)
  })

  test('prints a refusal as lines, each with its field', async () => {
    const path = await file('bad.json', '{"name":"x","roles":["dps"],"region":"US","surprise":1}')
    const { code, err } = await run(['partner', 'put', 'bad', path])
    expect(code).toBe(1)
    for (const text of ['domain: is required', 'roles.0: ', 'surprise: is not a known field'])
      expect(err).toContain(`\n  ${text}`)
    expect((await run(['partner', 'put', 'bad', await file('no.json', '{')])).err).toContain(
      'not JSON',
    )
    expect((await run(['partner', 'put', 'bad', join(dir, 'absent')])).err).toContain(
      'cannot be read',
    )
  })

  test('says of a file of lines that is not there, or a folder, that it cannot be read', async () => {
    const failed: unknown[] = []
    const note = (error: unknown) => failed.push(error)
    process.on('uncaughtException', note)
    for (const path of [join(dir, 'absent.ndjson'), dir]) {
      const { code, err } = await run(['import', 'memberships', path])
      expect([code, err]).toEqual([1, expect.stringContaining(`${path} cannot be read: `)])
    }
    await setImmediate()
    process.off('uncaughtException', note)
    expect(failed).toEqual([])
  })

  test('makes and revokes keys, and contracts go their way', async () => {
    const made = JSON.parse((await run('key create dsp --scope data desk --trace')).out)
    expect(made.key).toContain(made.id)
    expect((await run(['--token', made.key, 'contract', 'list'])).code).toBe(0)
    const listed = (await run('key list dsp')).out
    expect(listed).toContain(made.id)
    expect(listed).not.toContain(made.key)
    expect((await run(`key delete dsp ${made.id}`)).code).toBe(0)
    expect((await run(['--token', made.key, 'contract', 'list'])).code).toBe(1)
    const terms = await file('terms.json', JSON.stringify(contractBody()))
    await run(['contract', 'put', 'cli', terms])
    expect(JSON.parse((await run('contract sign cli --side seller')).out).status).toBe('draft')
    expect((await run('contract sign cli --side buyer --terms 2')).err).toContain('at version 1')
    const signed = await run('contract sign cli --side buyer --terms 1')
    expect(JSON.parse(signed.out).status).toBe('active')
    expect(JSON.parse((await run('contract pause cli')).out).status).toBe('paused')
    expect(JSON.parse((await run('revoke cli')).out).status).toBe('revoked')
    const newest = (await run('audit --limit 2')).out.trim().split('\n')
    expect(newest.map((line) => JSON.parse(line))).toMatchObject([
      { verb: 'confirmRevocation', object: 'contract/cli', details: { unconfirmed: 0 } },
      { verb: 'revokeContract', object: 'contract/cli' },
    ])
  })

  test('makes a key for pages, which says whose and for which bidders', async () => {
    const command = 'key create dsp --scope wire:prebid --origin https://news.example --bidder n'
    const { id } = JSON.parse((await run(command)).out)
    const shown = (await run('key list dsp')).out.split('\n').find((line) => line.includes(id))!
    expect(JSON.parse(shown)).toMatchObject({
      scopes: ['wire:prebid'],
      page: { origins: ['https://news.example'], bidders: ['n'] },
    })
  })

  test('takes an offer to a contract, and tells of it', async () => {
    const { buyer: _, startsAt: _s, endsAt: _e, ...terms } = contractBody()
    const offer = await file('offer.json', JSON.stringify({ ...terms, minPeople: 0 }))
    await run(['offer', 'put', 'cli-offer', offer])
    const asking = { contract: 'sold', buyer: 'dsp', endsAt: '2099-01-01' }
    const asked = await run([
      'offer',
      'request',
      'cli-offer',
      await file('ask.json', JSON.stringify(asking)),
    ])
    expect(asked.err).toBe('')
    expect(JSON.parse(asked.out)).toMatchObject({ id: 'sold', offer: 'cli-offer', status: 'draft' })
    expect((await run('offer delete cli-offer')).err).toContain('contract sold still rests on it')
    expect(JSON.parse((await run('offer close cli-offer')).out).status).toBe('closed')
    const changed = { ...JSON.parse(asked.out), segments: ['boats'], status: 'active' }
    await run(['contract', 'put', 'sold', await file('changed.json', JSON.stringify(changed))])
    expect((await run('contract versions sold')).out.trim().split('\n')).toHaveLength(2)
    expect(JSON.parse((await run('contract diff sold 1')).out).lost.segments).toEqual(['cars'])
    expect((await run('contract affected sold --csv')).out).toContain('segment,boats,')
    for (const [word, status] of [
      ['pause', 'paused'],
      ['resume', 'active'],
      ['end', 'ended'],
    ])
      expect(JSON.parse((await run(`contract ${word} sold`)).out).status).toBe(status)
  })

  test('writes documents of data protection', async () => {
    const made = await run('data-protection recipients --lang fr')
    expect(made.out).toContain('# Destinataires de données à caractère personnel')
    expect((await run('data-protection transfers --format csv')).out).toMatch(/^Contract,Status,/)
    expect((await run('data-protection secrets')).code).toBe(1)
  })

  test('says what to do where it cannot get in', async () => {
    const url = `http://127.0.0.1:${world.desk.port}`
    const bad = await run('partner list', {
      env: { PASSERELLE_URL: url, PASSERELLE_ADMIN_TOKEN: 'no' },
    })
    expect(bad.err).toContain('check --token')
    const none = await run('partner list', { env: { PASSERELLE_DATA: dir } })
    expect(none.err).toContain('PASSERELLE_ADMIN_TOKEN')
    await file('admin-token', `${ADMIN}\n`)
    const found = { PASSERELLE_URL: url, PASSERELLE_STORE: `embedded:${dir}` }
    expect((await run('partner list', { env: found })).code).toBe(0)
    const onPort = {
      PASSERELLE_CONSOLE_PORT: String(world.desk.port),
      PASSERELLE_ADMIN_TOKEN: ADMIN,
    }
    expect((await run('partner list', { env: onPort })).code).toBe(0)
    const emptied = { PASSERELLE_URL: '', PASSERELLE_ADMIN_TOKEN: '', PASSERELLE_DATA: dir }
    expect((await run('partner list', { env: { ...onPort, ...emptied } })).code).toBe(0)
    const away = await run(['--url', `http://127.0.0.1:${await freePort()}`, 'partner', 'list'])
    expect(away.err).toContain('npm start')
    expect((await run('--url nonsense partner list')).err).toContain('is no address')
  })

  test('knows its commands, and what is none', async () => {
    const help = await run('--help')
    expect(help.code).toBe(0)
    for (const noun of ['partner', 'key', 'import', 'audit', 'revoke'])
      expect(help.out).toContain(noun)
    for (const none of ['bogus', 'partner bogus', 'partner get', 'import'])
      expect([none, (await run(none)).code]).toEqual([none, 2])
    expect((await run('audit --limit x')).code).toBe(1)
  })
})

describe('import', () => {
  test('sends a file and says what became of its lines', async () => {
    const lines = [line('c1'), 'nonsense', line('c2'), line('c3', { add: ['no'] })].join('\n')
    const path = await file('people.ndjson', lines)
    const { code, out, err } = await run(['import', 'memberships', path, '--basis', 'form 7'])
    expect([code, out]).toEqual([1, 'accepted 2, rejected 2\n'])
    expect(err).toContain('line 2: the line is not JSON')
    expect(err).toContain('line 4: there is no segment "no"')
    expect(err).toMatch(/0\.0 of 0\.0 MiB \(100 %\)/)
    expect(await world.memberships('dsp', 'c2')).not.toBe('')
    expect((await run('audit --limit 1')).out).toContain('"basis":"form 7"')
    const [newest] = (await run('import list')).out.split('\n')
    expect(JSON.parse(newest!)).toMatchObject({ basis: 'form 7', accepted: 2, rejected: 2 })
    expect((await run('import list --segment cars')).out).toBe('')
  })

  test('takes gzip files, stdin and matches, and draws a bar on a terminal', async () => {
    const zipped = await file('people.ndjson.gz', gzipSync(line('c4')))
    const bar = await run(['import', 'memberships', zipped], { isTTY: true })
    expect([bar.code, bar.out]).toEqual([0, 'accepted 1, rejected 0\n'])
    expect(bar.err).toContain('100 %')
    const match = JSON.stringify({ source: 'dsp', uid: 'c4', with: { source: 'dmp', uid: 'x' } })
    const piped = await run('import matches -', { stdin: match })
    expect(piped.out).toBe('accepted 1, rejected 0\n')
    expect(await world.matches('dsp', 'c4')).toBe('x/0')
  })

  test('replaces a segment, and asks where that more than halves it', async () => {
    await world.segment('club', 'dmp')
    const people = (n: number) =>
      Array.from({ length: n }, (_, i) => JSON.stringify({ source: 'dsp', uid: `k${i}` })).join(
        '\n',
      )
    const ten = await file('ten.ndjson', people(10))
    const two = await file('two.ndjson', people(2))
    const first = await run(['import', 'memberships', ten, '--replace', 'club'])
    expect(first.out).toContain('people in the segment: 0, now 10')
    const asked = await run(['import', 'memberships', two, '--replace', 'club'])
    expect(asked.code).toBe(1)
    expect(asked.err).toContain('--confirm')
    expect((await run(['import', 'memberships', two, '--replace', 'club', '--confirm'])).code).toBe(
      0,
    )
    const none = await run(['import', 'memberships', two, '--replace', 'nothing'])
    expect(none.err).toContain('There is no such object')
  })

  test('tells of a console that goes away, or refuses, in the middle of an upload', async () => {
    const big = await file('big.ndjson', `${'x'.repeat(999)}\n`.repeat(20_000))
    let isRefusing = false
    const server = createHttpServer((request, response) => {
      if (request.method === 'GET') response.end()
      else if (isRefusing) response.writeHead(503).end()
      else request.socket.destroy()
    })
    const port = await portOf(server)
    const upload = ['--url', `http://127.0.0.1:${port}`, 'import', 'matches', big]
    const cut = await run(upload)
    expect(cut.code).toBe(1)
    expect(cut.err).toContain(`http://127.0.0.1:${port}: `)
    expect(cut.err).toContain('Send the file again')
    isRefusing = true
    const refused = await run(upload)
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('status 503')])
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  })
})

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  return (server.address() as { port: number }).port
}
