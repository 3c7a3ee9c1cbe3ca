import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { patiently } from '../support/patiently.ts'
import { Cli } from './cli-support.ts'
import { ConsoleWorld, fill } from './world.ts'

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
})
afterAll(() => world.close())

const hash = (text: string) => createHash('sha256').update(text).digest('hex')

/** A person of dsp, known by the hash of an e-mail address too. */
async function known(name: string): Promise<string> {
  const email = hash(`${name}@example.com`)
  await world.import('memberships', [{ source: 'dsp', uid: name, add: ['cars'], ttlDays: 10 }])
  const match = { source: 'dsp', uid: name, with: { source: 'email_sha256', uid: email } }
  expect((await world.import('matches', [match])).body).toMatchObject({ accepted: 1 })
  return email
}

async function statusesOf(id: string): Promise<string[]> {
  const { items } = await world.must('GET', `/api/suppressions/${id}/status`)
  return items.map(({ status }: { status: string }) => status)
}

test('a list of hashes is matched, applied, and answered line by line', async () => {
  const ann = await known('ann')
  const bob = await known('bob')
  const stranger = hash('+15550001111')
  const list = [
    'type,value',
    `email,${ann}`,
    '',
    `email,${Buffer.from(bob, 'hex').toString('base64')}`,
    `phone,${stranger}`,
    'email,ann@example.com',
    'fax,1',
    `email,"${ann}`,
    `email,${ann.toUpperCase()}`,
  ]
  const asked = { raw: list.join('\n'), headers: { 'content-type': 'text/csv' } }
  const first = (await world.ask('POST', '/api/suppressions', asked)).body
  expect(first).toMatchObject({
    ...{ accepted: 4, rejected: 3, errors: [{ line: 6 }, { line: 7 }, { line: 8 }] },
    statuses: { deleted: 3, opted_out: 0, not_found: 1, exempt: 0 },
  })
  expect(await statusesOf(first.id)).toEqual([
    ...['none', 'deleted', 'none', 'deleted', 'not_found', 'bad', 'bad', 'bad', 'deleted'],
  ])
  for (const name of ['ann', 'bob']) expect(await world.memberships('dsp', name)).toBe('')
  const again = (await world.ask('POST', '/api/suppressions', asked)).body
  expect(again.statuses).toEqual({ deleted: 0, opted_out: 4, not_found: 0, exempt: 0 })
  const csv = await world.ask('GET', `/api/suppressions/${first.id}/status?format=csv&limit=2`)
  expect([csv.body, csv.headers.get('x-next')]).toEqual([
    'line,status\r\n1,none\r\n2,deleted\r\n',
    '2',
  ])
})

test('a list without a good line is read to its end, however long it is', async () => {
  const bad = 150_000
  const { status, body } = await world.ask('POST', '/api/suppressions', { raw: 'x\n'.repeat(bad) })
  expect([status, body.rejected]).toEqual([200, bad])
  const last = await world.must('GET', `/api/suppressions/${body.id}/status?after=${bad - 1}`)
  expect(last).toEqual({ items: [{ line: bad, status: 'bad' }], next: null })
})

test('the command line knows CSV by a name in capitals, and sends nothing whose outcome it could not write', async () => {
  const list = join(world.dir, 'LIST.CSV')
  writeFileSync(list, `type,value\nemail,${hash('grace@example.com')}\n`)
  const cli = new Cli(world)
  const nowhere = join(world.dir, 'nowhere', 'status.csv')
  const before = (await world.must('GET', '/api/suppressions')).items.length
  const unwritable = await cli.run(['person', 'suppress', list, '--status', nowhere])
  expect(unwritable).toMatchObject({ code: 1, err: expect.stringContaining('cannot be written') })
  expect((await world.must('GET', '/api/suppressions')).items).toHaveLength(before)
  const sent = await cli.run(['person', 'suppress', list])
  expect(sent).toMatchObject({ code: 0, out: expect.stringContaining('not_found 1') })
})

test('whom a list named before anybody knew them stays unknown', async () => {
  const email = hash('carl@example.com')
  const listed = await world.import('suppressions', [{ type: 'email', value: email }])
  expect(listed.body.statuses).toMatchObject({ not_found: 1 })
  const match = { source: 'dsp', uid: 'carl', with: { source: 'email_sha256', uid: email } }
  expect((await world.import('matches', [match])).body).toMatchObject({ accepted: 0, rejected: 1 })
})

test('ids of any namespace may be listed, and exempt namespaces are left alone', async () => {
  await known('dora')
  await world.import('matches', [
    { source: 'dsp', uid: 'dora', with: { source: 'dmp', uid: 'dora' } },
  ])
  await world.import('memberships', [{ source: 'dmp', uid: 'dora', add: ['boats'], ttlDays: 9 }])
  const lines = [
    { source: 'dsp', value: 'dora' },
    { source: 'dmp', value: 'somebody' },
    { source: 'nowhere', value: 'x' },
  ]
  const raw = gzipSync(lines.map((line) => JSON.stringify(line)).join('\n'))
  const headers = { 'content-encoding': 'gzip' }
  const path = '/api/suppressions?exempt=dmp'
  const { body } = await world.ask('POST', path, { raw, headers })
  expect(body).toMatchObject({ rejected: 1, statuses: { deleted: 1, exempt: 1 } })
  expect(await world.memberships('dmp', 'dora')).not.toBe('')
  expect(await world.memberships('dsp', 'dora')).toBe('')
  expect((await world.ask('POST', '/api/suppressions?exempt=nowhere', { raw })).status).toBe(400)
})

test('hashed ids of devices are found however the device came in, deleted, and refused for good', async () => {
  const device = (n: number) => `6D92078A-8246-4BA4-AE5B-7610486${n}E7DC`
  const hashed = (n: number) => hash(device(n).toLowerCase())
  // One has a membership of its own, one is only matched, one comes by its hash, one nobody has heard of.
  await world.import('memberships', [
    { source: 'ifa', uid: device(1), add: ['cars'], ttlDays: 10 },
    { source: 'dsp', uid: 'tv-owner', add: ['boats'], ttlDays: 10 },
    { source: 'ifa_sha256', uid: hashed(3).toUpperCase(), add: ['cars'], ttlDays: 10 },
  ])
  await world.import('matches', [
    { source: 'dsp', uid: 'tv-owner', with: { source: 'ifa', uid: device(2) } },
  ])
  expect(await world.memberships('ifa', device(3).toLowerCase())).not.toBe('')
  const base64 = Buffer.from(hashed(3), 'hex').toString('base64')
  const list = ['type,value', `maid,${hashed(1)}`, `ctv,${hashed(2)}`, `maid,${base64}`]
  const raw = [...list, `ctv,${hashed(4)}`, `maid,${device(1)}`].join('\n')
  const asked = { raw, headers: { 'content-type': 'text/csv' } }
  const { body } = await world.ask('POST', '/api/suppressions', asked)
  expect(body).toMatchObject({
    ...{ accepted: 4, rejected: 1, errors: [{ line: 6 }] },
    statuses: { deleted: 3, not_found: 1 },
  })
  expect(await statusesOf(body.id)).toEqual([
    ...['none', 'deleted', 'deleted', 'deleted', 'not_found', 'bad'],
  ])
  expect(await world.memberships('dsp', 'tv-owner')).toBe('')
  const again = [1, 2, 3, 4].map((n) => ({ source: 'ifa', uid: device(n), add: ['cars'] }))
  expect((await world.import('memberships', again)).body).toMatchObject({ rejected: 4 })
  const matches = [1, 2, 3, 4].map((n) => ({
    ...{ source: 'dsp', uid: `new-${n}`, with: { source: 'ifa', uid: device(n).toLowerCase() } },
  }))
  expect((await world.import('matches', matches)).body).toMatchObject({ accepted: 0, rejected: 4 })
  const person = { source: 'ifa', uid: device(4), reason: 'is it there?' }
  const { suppressed } = await world.must('POST', '/api/people/lookup', { body: person })
  expect(suppressed).toMatchObject({ kinds: ['list'] })
})

test('a list that does not apply to devices leaves them alone by either name', async () => {
  const uid = '7d92078a-8246-4ba4-ae5b-76104861e7dc'
  await world.import('memberships', [{ source: 'ifa', uid, add: ['cars'], ttlDays: 10 }])
  const lines = [{ type: 'maid', value: hash(uid) }]
  const raw = lines.map((line) => JSON.stringify(line)).join('\n')
  const { body } = await world.ask('POST', '/api/suppressions?exempt=ifa', { raw })
  expect(body.statuses).toMatchObject({ exempt: 1 })
  expect(await world.memberships('ifa', uid)).not.toBe('')
})

test('only operators of the exchange bring lists, and a list that never was has no statuses', async () => {
  const token = await world.key('dsp')
  expect((await world.import('suppressions', [], { token })).status).toBe(403)
  expect((await world.ask('GET', '/api/suppressions/none/status')).status).toBe(404)
  expect((await world.ask('GET', '/api/suppressions/..%2Faudit/status')).status).toBe(404)
})

test('the command line sends a list and writes the status file', async () => {
  const emma = await known('emma')
  const list = join(world.dir, 'list.csv')
  const status = join(world.dir, 'status.csv')
  writeFileSync(list, `type,value\nemail,${emma}\nemail,${hash('nobody')}\n`)
  const cli = new Cli(world)
  const sent = await cli.run(['person', 'suppress', list, '--status', status])
  expect(sent).toMatchObject({ code: 0, out: expect.stringContaining('deleted 1') })
  expect(readFileSync(status, 'utf8')).toBe('line,status\n2,deleted\n3,not_found\n')
  const looked = await cli.run('person lookup dsp emma --reason subject-request-17')
  expect(JSON.parse(looked.out)).toMatchObject({ suppressed: { kinds: ['list'] }, segments: [] })
})

test('how far a list is can be read while it runs, and what became of it after', {
  timeout: 60_000,
}, async () => {
  let goOn = () => {}
  const held = new Promise<void>((open) => {
    goOn = open
  })
  const part = (from: number) =>
    Array.from({ length: 4_000 }, (_, i) => `email,${hash(`slow ${from + i}`)}\n`).join('')
  async function* slow() {
    yield Buffer.from(`type,value\nemail,nobody\n${part(0)}`)
    await held
    yield Buffer.from(part(4_000))
  }
  const headers = { 'content-type': 'text/csv' }
  const sending = world.ask('POST', '/api/suppressions', { raw: slow(), headers })
  const [running] = await patiently(async () => {
    const { items } = await world.must('GET', '/api/suppressions')
    expect(items[0]).toMatchObject({ outcome: 'running', rejected: 1 })
    expect(items[0].accepted).toBeGreaterThanOrEqual(2_000)
    return items
  })
  // A batch is counted by what became of it first, and as done once it is durable.
  expect(running.statuses).toMatchObject({ deleted: 0, opted_out: 0, exempt: 0 })
  expect(running.statuses.not_found).toBeGreaterThanOrEqual(running.accepted)
  const { out } = await new Cli(world).run('person lists')
  expect(JSON.parse(out.split('\n')[0]!)).toMatchObject({ id: running.id, outcome: 'running' })
  const early = await world.must(
    'GET',
    `/api/suppressions/${running.list}/status?after=1000&limit=1`,
  )
  expect(early.items).toEqual([{ line: 1_001, status: 'not_found' }])
  goOn()
  const { body } = await sending
  const { items } = await world.must('GET', `/api/imports?id=${running.id}`)
  expect(items).toMatchObject([
    { what: 'suppressions', list: body.id, outcome: 'complete', accepted: 8_000, rejected: 1 },
  ])
  expect(items[0].seq).toBeGreaterThan(0)
  const token = await world.key('dsp')
  expect((await world.ask('GET', '/api/suppressions', { token })).status).toBe(403)
})

test('a list that breaks off says so, with what was done by then', async () => {
  async function* broken() {
    yield Buffer.from(`type,value\nemail,${hash('first')}\n`)
    throw new Error('the client is gone')
  }
  const headers = { 'content-type': 'text/csv' }
  await expect(world.ask('POST', '/api/suppressions', { raw: broken(), headers })).rejects.toThrow()
  await patiently(async () => {
    const { items } = await world.must('GET', '/api/suppressions?limit=1')
    expect(items).toMatchObject([{ outcome: 'broken off', accepted: 0 }])
  })
})

test('a long list is read as it comes', async () => {
  const lines = 60_000
  async function* list() {
    for (let at = 0; at < lines; at += 1_000)
      yield Buffer.from(
        Array.from({ length: 1_000 }, (_, i) => `email,${hash(`long ${at + i}`)}\n`).join(''),
      )
  }
  async function* withHead() {
    yield Buffer.from('type,value\n')
    yield* list()
  }
  const headers = { 'content-type': 'text/csv' }
  const { body } = await world.ask('POST', '/api/suppressions', { raw: withHead(), headers })
  expect(body).toMatchObject({ accepted: lines, statuses: { not_found: lines } })
  const last = await world.must('GET', `/api/suppressions/${body.id}/status?after=${lines}`)
  expect(last).toEqual({ items: [{ line: lines + 1, status: 'not_found' }], next: null })
}, 60_000)

test('no request failed', () => expect(world.errors).toEqual([]))

test('a list whose lines end with a carriage return alone is refused with a word, and not taken for empty', async () => {
  const raw = `type,value\rmaid,${'a'.repeat(64)}\r`
  const { body } = await world.ask('POST', '/api/suppressions', {
    ...{ raw, headers: { 'content-type': 'text/csv' } },
  })
  expect(body).toMatchObject({ accepted: 0, rejected: 1, errors: [{ line: 1 }] })
  expect(body.errors[0].reason).toContain('carriage return')
})

describe('a list that a spreadsheet saved', () => {
  const headers = { 'content-type': 'text/csv' }
  const send = (raw: string | Uint8Array) =>
    world.ask('POST', '/api/suppressions', { raw, headers })

  test('is read with semicolons or tabs, with a line that says so, and with columns in capitals', async () => {
    const value = hash('spreadsheet')
    for (const raw of [
      `type;value\r\nemail;${value}\r\n`,
      `Type\tValue\nemail\t${value}\n`,
      `sep=;\r\n"TYPE";"VALUE"\r\n"email";"${value}"\r\n`,
      `\ufeffsep=,\ntype,value\nemail,${value}\n`,
    ]) {
      const { status, body } = await send(raw)
      expect([raw, status, body.accepted, body.errors]).toEqual([raw, 200, 1, []])
    }
  })

  test('is refused whole where nobody could be found by it, and never taken for an empty one', async () => {
    const value = hash('spreadsheet')
    const columns = 'the first line names columns: value, and type or source'
    for (const [raw, reason] of [
      ['PK\x03\x04\x14\x00\x06', 'spreadsheet'],
      [`email\n${value}\n`, `${columns} (email)`],
      [`email,${value}\n`, columns],
      [`type|value\nemail|${value}\n`, `${columns} (type|value)`],
      [Buffer.from('type,value\n', 'utf16le'), 'UTF-16'],
    ] as const) {
      const { status, body } = await send(raw)
      expect([raw, status]).toEqual([raw, 400])
      expect(body.errors[0].reason).toContain(reason)
    }
  })
})
