import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIMITS } from '../../console/limits.ts'
import { Cli } from './cli-support.ts'
import { type Body, ConsoleWorld, fill } from './world.ts'

// POST /api/matches as a partner's own client sends it: messages made from the published schema, not by our code.

const schema = readFileSync(new URL('../../proto/bulk-matches.proto', import.meta.url), 'utf8')
const { root } = protobuf.parse(schema, { keepCase: true })
const Request = root.lookupType('passerelle.matches.UpdateMatchesRequest')
const Response = root.lookupType('passerelle.matches.UpdateMatchesResponse')

let world: ConsoleWorld
let token: string
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  await world.must('PUT', '/api/namespaces/id.example', { body: { kind: 'eid' } })
  token = await world.key('dsp')
})
afterAll(() => world.close())

interface Op {
  user_id?: string | Uint8Array
  source?: string | Uint8Array
  partner_id?: string | Uint8Array
  partner_source?: string | Uint8Array
  [field: string]: unknown
}

const TEXTS = ['user_id', 'source', 'partner_id', 'partner_source'] as const

function request(ops: readonly Op[], process_consent: boolean | null = true): Uint8Array {
  const asBytes = ops.map((op) => {
    const texts = TEXTS.filter((name) => op[name] !== undefined)
    return { ...op, ...Object.fromEntries(texts.map((name) => [name, Buffer.from(op[name]!)])) }
  })
  const more = process_consent === null ? {} : { process_consent }
  return Request.encode(Request.fromObject({ ops: asBytes, ...more })).finish()
}

async function send(raw: Uint8Array, headers: Record<string, string> = {}, by = token) {
  const url = `http://127.0.0.1:${world.desk.port}/api/matches`
  const answer = await fetch(url, {
    method: 'POST',
    body: raw,
    headers: {
      authorization: `Bearer ${by}`,
      'content-type': 'application/octet-stream',
      ...headers,
    },
  })
  const bytes = new Uint8Array(await answer.arrayBuffer())
  const type = answer.headers.get('content-type')
  const told: Body =
    type === 'application/octet-stream'
      ? Response.toObject(Response.decode(bytes), { enums: String, longs: Number, arrays: true })
      : JSON.parse(Buffer.from(bytes).toString())
  return { status: answer.status, type, told, headers: answer.headers }
}

const op = (partner_id: string, user_id: string, more: Op = {}): Op => ({
  partner_id,
  user_id,
  user_id_type: 'IDFA',
  ...more,
})

describe('a bulk upload', () => {
  test('matches a partner’s own ids with devices and eids, and takes matches back', async () => {
    const { status, type, told } = await send(
      request([
        op('p1', 'AAAA-1'),
        op('p1', 'aaaa-2', { user_id_type: 'RIDA', match_method: 3, ttl_days: 9 }),
        op('p1', 'e-1', { user_id_type: 'UNSPECIFIED', source: 'id.example' }),
        op('p1', 'own-2', { user_id_type: 'UNSPECIFIED', source: 'dsp' }),
        op('p1', 'own-2', { user_id_type: 'UNSPECIFIED', source: 'dsp', delete: true }),
      ]),
    )
    expect([status, type]).toEqual([200, 'application/octet-stream'])
    expect(told).toEqual({ status: 'NO_ERROR', errors: [], accepted: 5, rejected: 0 })
    const { number } = world.exchange.deskDeps.feed.current()!.kind('partner').get('dsp')!
      .value as { number: number }
    expect(await world.matches('dsp', 'p1')).toBe(`aaaa-1/${number} aaaa-2/${number} e-1/${number}`)
    expect(await world.matches('dsp', 'own-2')).toBe('')
  })

  test('answers every operation it did not do in kind, and does the others', async () => {
    const ahead = (Date.now() + 10 * 86_400_000) * 1000
    const bad: [Op, string, RegExp][] = [
      [op('null', 'bbbb-1'), 'BAD_COOKIE', /^partner_id: .*constant/],
      [op('p2', '00000000-0000-0000-0000-000000000000'), 'BAD_COOKIE', /^user_id: /],
      [op('', 'bbbb-1'), 'BAD_COOKIE', /^partner_id/],
      [op('p2', 'x'.repeat(513)), 'BAD_COOKIE', /^user_id/],
      [op('p2', 'b', { user_id_type: 'UNSPECIFIED' }), 'BAD_DATA', /source/],
      [op('p2', 'b', { partner_source: 'nowhere' }), 'PERMISSION_DENIED', /nowhere/],
      [op('p2', 'b', { partner_source: 'dmp' }), 'PERMISSION_DENIED', /id of your own/],
      [
        op('p2', 'b', { user_id_type: 'UNSPECIFIED', source: 'dmp' }),
        'PERMISSION_DENIED',
        /id of your own/,
      ],
      [op('b', '', { partner_source: 'dmp', opt_out: true }), 'PERMISSION_DENIED', /of your own/],
      [op('p2', 'b', { time_added_in_usec: ahead }), 'BAD_TIMESTAMP', /future/],
      [op('p2', 'b', { time_added_in_usec: -5 }), 'BAD_TIMESTAMP', /time_added_in_usec/],
      [op('p2', 'b', { ttl_days: -1 }), 'BAD_DATA', /ttl_days/],
      [op('p2', 'b', { match_method: 70_000 }), 'BAD_DATA', /match_method/],
      [op('p2', 'b', { user_id: Uint8Array.of(0xff) }), 'BAD_COOKIE', /user_id is not UTF-8/],
      [op('p2', 'p2', { user_id_type: 0, source: 'dsp' }), 'BAD_DATA', /same id/],
    ]
    const ops = bad.flatMap(([one]) => [one, op('good', 'cccc-1')])
    const { told } = await send(request(ops))
    expect(told).toMatchObject({
      status: 'PARTIAL_SUCCESS',
      accepted: bad.length,
      rejected: bad.length,
    })
    for (const [i, [one, code, reason]] of bad.entries()) {
      const error = told.errors[i]
      expect([error.operation, error.error_code], String(reason)).toEqual([2 * i + 1, code])
      expect(error.reason).toMatch(reason)
      expect(Buffer.from(error.user_id).toString()).toBe(Buffer.from(one.user_id!).toString())
    }
    expect(await world.matches('dsp', 'p2')).toBe('')
  })

  test('of a partner never writes what is another’s, whatever it says of itself', async () => {
    const sources = ['dmp', 'ssp', 'browser', 'exchange']
    const ops = sources.flatMap((source) => [
      op('v', 'dddd-1', { partner_source: source }),
      op('v', 'v', { partner_source: source, user_id_type: 'UNSPECIFIED', source: 'id.example' }),
      op('v', 'v', { user_id_type: 'UNSPECIFIED', source, delete: true }),
      op('v', '', { partner_source: source, opt_out: true }),
    ])
    await world.import('matches', [{ source: 'dmp', uid: 'v', with: { source: 'dsp', uid: 'v' } }])
    const { told } = await send(request(ops))
    expect(told).toMatchObject({ accepted: 0, rejected: ops.length })
    expect(await world.matches('dmp', 'v')).toBe('v/0')
    const lookedUp = await world.must('POST', '/api/people/lookup', {
      body: { source: 'dmp', uid: 'v' },
    })
    expect(lookedUp.suppressed).toBe(null)
  })

  test('without consent processed does nothing', async () => {
    for (const consent of [false, null]) {
      const { status, told } = await send(request([op('p3', 'eeee-1')], consent))
      expect(status).toBe(200)
      expect(told).toMatchObject({ status: 'MISSING_CONSENT', accepted: 0, rejected: 1 })
    }
    expect(await world.matches('dsp', 'p3')).toBe('')
  })

  test('opts people out by ids of its own, for good', async () => {
    await world.import('memberships', [{ source: 'dsp', uid: 'p4', add: ['cars'] }])
    const { told } = await send(request([op('p4', 'ffff-1'), { partner_id: 'p4', opt_out: true }]))
    expect(told).toMatchObject({ status: 'NO_ERROR', accepted: 2 })
    const { suppressed } = await world.must('POST', '/api/people/lookup', {
      body: { source: 'dsp', uid: 'p4' },
    })
    expect(suppressed).toMatchObject({ kinds: ['opt_out'] })
    const again = await send(request([op('p4', 'ffff-2')]))
    expect(again.told).toMatchObject({ accepted: 0, rejected: 1 })
  })

  test('comes gzipped, is answered as JSON where that is asked for, and is kept like any import', async () => {
    const headers = { 'content-encoding': 'gzip', accept: 'application/json' }
    const got = await send(gzipSync(request([op('p5', 'gggg-1'), op('nil', 'gggg-1')])), headers)
    expect(got.told).toMatchObject({ accepted: 1, rejected: 1, errors: [{ line: 2 }] })
    const id = got.headers.get('x-passerelle-import')
    const { items } = await world.must('GET', `/api/imports?id=${id}`)
    expect(items).toMatchObject([{ what: 'matches', accepted: 1, rejected: 1 }])
  })

  test('is sent from a file by the command line, which prints the report', async () => {
    const file = join(world.dir, 'matches.pb')
    const own = { partner_source: 'dsp' }
    writeFileSync(file, request([op('c1', 'cccc-1', own), op('undefined', 'cccc-1', own)]))
    const { code, out, err } = await new Cli(world).run(['import', 'matches', file])
    expect([code, out]).toEqual([1, expect.stringContaining('accepted 1, rejected 1')])
    expect(err).toContain('line 2: partner_id: ')
  })

  test('of nothing says so', async () => {
    expect((await send(new Uint8Array(0))).told).toMatchObject({ status: 'EMPTY_REQUEST' })
  })

  test('beyond its bound is refused, also where it gets there by inflating', async () => {
    const big = request(Array.from({ length: 50_000 }, (_, i) => op(`p${i}`, 'h'.repeat(90))))
    expect(big.length).toBeGreaterThan(LIMITS.bulkBytesMax)
    expect((await send(big)).status).toBe(413)
    const headers = { 'content-encoding': 'gzip' }
    expect((await send(gzipSync(Buffer.alloc(64 * 1024 * 1024)), headers)).status).toBe(413)
    expect(await world.matches('dsp', 'p7')).toBe('')
  })
})

describe('what is no such message', () => {
  test('is refused whole, however it is bent: 400, nothing done, and never 5xx', async () => {
    const sound = request([op('q1', 'iiii-1'), op('q2', 'iiii-2', { ttl_days: 3 })])
    const bent = fc.oneof(
      fc.nat(sound.length - 1).map((end) => sound.slice(0, end)),
      fc.uint8Array({ maxLength: 200 }),
      fc
        .array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
        .map((changes) => {
          const bytes = sound.slice()
          for (const [at, to] of changes) bytes[at] = to
          return bytes
        }),
      // Groups in groups, and lengths beyond the end.
      fc.nat(60_000).map((depth) => new Uint8Array(depth).fill(0x0b)),
      fc.constant(Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f)),
    )
    let refused = 0
    await fc.assert(
      fc.asyncProperty(bent, async (bytes) => {
        const { status, told } = await send(bytes)
        expect([200, 400]).toContain(status)
        if (status === 200) return
        refused++
        expect(told).toMatchObject({ type: 'urn:passerelle:problem:invalid' })
      }),
      { numRuns: 500 },
    )
    expect(refused).toBeGreaterThan(100)
  })

  test('does nothing of the operations before the place where it breaks', async () => {
    const sound = request([op('r1', 'jjjj-1')])
    const { status } = await send(Buffer.concat([sound, Uint8Array.of(0x0a, 0x7f)]))
    expect(status).toBe(400)
    expect(await world.matches('dsp', 'r1')).toBe('')
  })
})

test('an operation has the same outcome as a line that says the same', async () => {
  const id = fc.constantFrom('s1', 's2', 'null', '$UID', 'x\u0001', 'kkkk-1', '0000')
  const source = fc.constantFrom('dsp', 'dmp', 'ifa', 'id.example', 'email_sha256', 'nowhere')
  const line = fc.record(
    {
      source,
      uid: id,
      with: fc.record({ source, uid: id }),
      ttlDays: fc.constantFrom(1, 30, 4_000),
      mm: fc.constantFrom(0, 2, 70_000),
      at: fc.constantFrom(1, Date.now(), Date.now() + 9 * 86_400_000),
      remove: fc.boolean(),
    },
    { requiredKeys: ['source', 'uid', 'with'] },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 8 }), async (lines) => {
      const ops = lines.map(({ source, uid, with: other, ttlDays, mm, at, remove }) => ({
        ...{ partner_source: source, partner_id: uid, source: other.source, user_id: other.uid },
        ...(ttlDays === undefined ? {} : { ttl_days: ttlDays }),
        ...(mm === undefined ? {} : { match_method: mm }),
        ...(at === undefined ? {} : { time_added_in_usec: at * 1000 }),
        ...(remove === undefined ? {} : { delete: remove }),
      }))
      const asLines = (await world.import('matches', lines, { token })).body
      const { told } = await send(request(ops))
      const places = (errors: Body[], name: string) => errors.map((error) => error[name])
      expect(places(told.errors, 'operation')).toEqual(places(asLines.errors, 'line'))
      expect(told.accepted).toBe(asLines.accepted)
    }),
    { numRuns: 60 },
  )
})

test('no request failed', () => expect(world.errors).toEqual([]))
