import { appendFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../audience/clock.ts'
import { AuditLog } from '../../console/audit/audit-log.ts'
import { runCli } from '../../console/cli/run-cli.ts'
import { type Ledger, openLedger } from '../../exchange/ledger/open-ledger.ts'
import { delivered } from '../exchange/ledger/ledger-world.ts'
import { ADMIN, ConsoleWorld, fill } from './world.ts'

const log = { error: () => {}, info: () => {} }
let world: ConsoleWorld
let ledger: Ledger
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  ledger = await openLedger({
    dir: join(world.dir, 'ledger'),
    process: 'bid 1',
    clock: world.clock,
    log,
  })
  for (let n = 1; n <= 5; n++) await ledger.append(delivered(n))
  await world.shipper.poke()
})
afterAll(async () => {
  await ledger.close()
  await world.close()
})

async function run(command: string, url = `http://127.0.0.1:${world.desk.port}`) {
  const said = { out: '', err: '' }
  const into = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _encoding, done) {
        said[name] += chunk
        done()
      },
    })
  const env = { PASSERELLE_URL: url, PASSERELLE_ADMIN_TOKEN: ADMIN, PASSERELLE_DATA: world.dir }
  const io = { env, stdin: Readable.from([]), stdout: into('out'), stderr: into('err') }
  return { code: await runCli(command.split(' '), io), ...said }
}

const NOWHERE = 'http://127.0.0.1:9'

describe('GET /api/ledger', () => {
  test('tells operators of every stream and how far it is counted', async () => {
    const told = await world.must('GET', '/api/ledger')
    expect(told).toMatchObject({ lagMs: 0, retiredThrough: null, findings: [], next: null })
    expect(told.items).toMatchObject([{ applied: 5, stream: expect.stringMatching(/^bid-1-/) }])
    expect(told.audit.records).toBeGreaterThan(0)
    const key = await world.key('dmp')
    expect((await world.ask('GET', '/api/ledger', { token: key })).status).toBe(403)
    expect((await world.ask('POST', '/api/ledger/rebuild', { token: key })).status).toBe(403)
  })

  test('pages over streams', async () => {
    const desk = await openLedger({
      dir: join(world.dir, 'ledger'),
      process: 'desk',
      clock: world.clock,
      log,
    })
    await desk.append(delivered(1, 'other'))
    await desk.close()
    await world.shipper.poke()
    const first = await world.must('GET', '/api/ledger?limit=1')
    const second = await world.must('GET', `/api/ledger?limit=1&after=${first.next}`)
    expect([first, second].map(({ items }) => items[0].stream.slice(0, 4))).toEqual([
      'bid-',
      'desk',
    ])
    expect(second.next).toBeNull()
  })
})

async function counters() {
  const found = []
  for await (const one of world.store.tallies.read('0000-01-01', '9999-12-31')) found.push(one)
  return found.sort((a, b) => (a.field < b.field ? -1 : 1))
}

test('usage is counted anew from the ledger alone, to the same counters', async () => {
  const before = await counters()
  expect(before.length).toBeGreaterThan(0)
  await world.store.tallies.clear()
  expect(await counters()).toEqual([])
  const { code, out } = await run('ledger rebuild')
  expect({ code, ...JSON.parse(out) }).toEqual({ code: 0, streams: 2, records: 6 })
  expect(await counters()).toEqual(before)
  const [entry] = (await world.must('GET', '/api/audit?limit=1')).items
  expect(entry).toMatchObject({ verb: 'rebuildUsage', object: 'ledger', details: { records: 6 } })
})

test('a ledger that is damaged is not counted anew, since what stands behind the damage would be lost', async () => {
  const dir = join(world.dir, 'ledger')
  const stream = (await readdir(dir)).find((name) => name.startsWith('bid-1'))!
  const whole = await readFile(join(dir, stream))
  const bent = Buffer.from(whole)
  bent[whole.length >> 1]! ^= 1
  const before = await counters()
  await writeFile(join(dir, stream), bent)
  const refused = await run('ledger rebuild')
  expect(refused.code).toBe(1)
  expect(refused.err).toMatch(/bid-1-.*record 3.*changed.*backup/s)
  expect(await counters()).toEqual(before)
  expect((await run('ledger rebuild --confirm')).code).toBe(0)
  expect(await counters()).not.toEqual(before)
  await writeFile(join(dir, stream), whole)
  world.clock.aheadMs += 60_000
  expect((await run('ledger rebuild')).code).toBe(0)
  expect(await counters()).toEqual(before)
})

describe('passerelle ledger verify', () => {
  let copy: string
  let stream: string
  beforeEach(async () => {
    await world.shipper.close()
    copy = join(world.dir, 'copy')
    await cp(join(world.dir, 'ledger'), copy, { recursive: true })
    stream = (await readdir(copy)).find((name) => name.startsWith('bid-1'))!
  })
  afterEach(() => rm(copy, { recursive: true, force: true }))
  const lines = async () => (await readFile(join(copy, stream), 'utf8')).split('\n').slice(0, -1)
  const put = (texts: string[]) =>
    writeFile(join(copy, stream), texts.map((one) => `${one}\n`).join(''))
  const name = () => stream.replace('.ndjson', '')

  test('finds nothing where nothing is wrong, running or not', async () => {
    for (const command of [`ledger verify ${copy}`, 'ledger verify']) {
      expect(await run(command)).toEqual({
        code: 0,
        out: 'ledger: 2 streams, 6 records, 0 damaged\n',
        err: '',
      })
      const offline = await run(command, NOWHERE)
      expect(offline).toMatchObject({ code: 0, out: 'ledger: 2 streams, 6 records, 0 damaged\n' })
      expect(offline.err).toMatch(/^not compared with a running desk: /)
    }
  })

  test('takes a last line that was cut off, and never acknowledged, for no damage', async () => {
    await appendFile(join(copy, stream), '{"seq":6,"at"')
    const { code, out } = await run(`ledger verify ${copy}`, NOWHERE)
    expect(code).toBe(0)
    expect(out).toContain('ends with 13 bytes that nobody was told are kept: no damage')
  })

  test('finds any flipped bit, and names the record', async () => {
    const whole = await readFile(join(copy, stream))
    const lineAt = (at: number) => whole.subarray(0, at).filter((byte) => byte === 10).length + 1
    for (let at = 0; at < whole.length; at += 7) {
      const bent = Buffer.from(whole)
      bent[at]! ^= 1 << (at % 8)
      await writeFile(join(copy, stream), bent)
      const { code, out } = await run(`ledger verify ${copy}`, NOWHERE)
      expect(code, `byte ${at}`).toBe(1)
      expect(out, `byte ${at}`).toContain(`${name()}: record ${lineAt(at)}: `)
    }
  }, 120_000)

  test('finds a dropped, a doubled and a moved record', async () => {
    const whole = await lines()
    const cases: [string[], string][] = [
      [whole.toSpliced(2, 1), 'record 3: out_of_place'],
      [whole.toSpliced(0, 1), 'record 1: out_of_place'],
      [whole.toSpliced(2, 0, whole[1]!), 'record 3: out_of_place'],
      [whole.toSpliced(1, 2, whole[2]!, whole[1]!), 'record 2: out_of_place'],
    ]
    for (const [bent, said] of cases) {
      await put(bent)
      const { code, out } = await run(`ledger verify ${copy}`, NOWHERE)
      expect({ code, found: out.includes(`${name()}: ${said}`) }, `${said} in ${out}`).toEqual({
        code: 1,
        found: true,
      })
    }
  })

  test('finds a dropped end, and a lost file, by what was counted', async () => {
    await put((await lines()).slice(0, 3))
    const cut = await run(`ledger verify ${copy}`, NOWHERE)
    expect(cut).toMatchObject({ code: 1 })
    expect(cut.out).toContain(`${name()}: record 4: end_missing`)
    await rm(join(copy, 'shipped.json'))
    expect((await run(`ledger verify ${copy}`, NOWHERE)).code).toBe(0)
    expect((await run(`ledger verify ${copy}`)).out).toContain(`${name()}: record 4: end_missing`)
    await cp(join(world.dir, 'ledger', 'shipped.json'), join(copy, 'shipped.json'))
    await rm(join(copy, stream))
    const lost = await run(`ledger verify ${copy}`, NOWHERE)
    expect(lost).toMatchObject({ code: 1 })
    expect(lost.out).toContain(`${name()}: record 1: file_missing`)
    expect(lost.err).toContain('from a backup')
  })

  test('finds a stream that stands in the place of another', async () => {
    const other = (await readdir(copy)).find((one) => one.startsWith('desk'))!
    await cp(join(copy, other), join(copy, stream))
    expect((await run(`ledger verify ${copy}`, NOWHERE)).out).toContain(
      `${name()}: record 1: changed`,
    )
  })
})

describe('passerelle audit verify', () => {
  const path = () => join(world.dir, 'audit.ndjson')

  test('finds nothing wrong, and any change', async () => {
    expect(await run('audit verify')).toMatchObject({ code: 0, err: '' })
    const whole = await readFile(path(), 'utf8')
    const rows = whole.split('\n').slice(0, -1)
    const bent = [
      whole.replace('"operator"', '"nobody12"'),
      rows
        .toSpliced(1, 1)
        .map((row) => `${row}\n`)
        .join(''),
      rows
        .slice(0, -1)
        .map((row) => `${row}\n`)
        .join(''),
    ]
    for (const text of bent) {
      await writeFile(path(), text)
      expect(await run('audit verify')).toMatchObject({ code: 1 })
    }
    await writeFile(path(), whole)
    expect(await run('audit verify')).toMatchObject({ code: 0 })
  })

  test('takes lines from before there was a chain as they are, and holds them from then on', async () => {
    const dir = join(world.dir, 'old')
    await mkdir(dir)
    const entry = (n: number) => ({
      at: new Date(n).toISOString(),
      actor: 'operator',
      verb: 'putPartner',
      object: `partner/${n}`,
      before: null,
      after: n,
    })
    const old = [1, 2, 3].map((n) => `${JSON.stringify(entry(n))}\n`).join('')
    await writeFile(join(dir, 'audit.ndjson'), old)
    for (const n of [4, 5]) {
      const log = await AuditLog.open(join(dir, 'audit.ndjson'), systemClock)
      await log.append(entry(n))
      const { items } = await log.page({ limit: 9 })
      expect(items.map(({ seq: _, chain: __, ...kept }) => kept)).toEqual(
        Array.from({ length: n }, (_, i) => entry(n - i)),
      )
      await log.close()
    }
    const verified = await run(`audit verify ${dir}`, NOWHERE)
    expect(verified).toMatchObject({ code: 0 })
    expect(verified.out).toContain('3 entries from before there was a chain')
    expect(verified.out).toContain('audit: 2 entries')
    const text = await readFile(join(dir, 'audit.ndjson'), 'utf8')
    await writeFile(join(dir, 'audit.ndjson'), text.replace('partner/2', 'partner/9'))
    const changed = await run(`audit verify ${dir}`, NOWHERE)
    expect(changed.code).toBe(1)
    expect(changed.out).toContain('record 1: changed')
  })
})
