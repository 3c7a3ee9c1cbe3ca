import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS, dayOf } from '../../audience/clock.ts'
import { StoreUnreachable } from '../../audience/store/redis/store-unreachable.ts'
import { LIMITS } from '../../console/limits.ts'
import { seeded } from '../support/random.ts'
import { type Body, ConsoleWorld, fill } from './world.ts'

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
})
afterAll(() => world.close())

/** Days from today until a membership of so many days ends. */
const day = (days: number) => dayOf(world.clock.now()) + days + 1
const member = (uid: string, more: object = {}) => ({ source: 'dsp', uid, add: ['cars'], ...more })

describe('an import of memberships', () => {
  test('puts people into segments and takes them out, in the order of the lines', async () => {
    const got = await world.import('memberships', [
      member('a', { add: ['cars', 'boats'], ttlDays: 7 }),
      member('a', { add: undefined, remove: ['boats'] }),
      member('b', { add: ['cars'], remove: ['cars'] }),
      member('c', { source: 'ifa', uid: 'ABCD-1' }),
    ])
    expect(got.body).toEqual({ accepted: 4, rejected: 0, errors: [] })
    expect(await world.memberships('dsp', 'a')).toBe(`cars:${day(7)}`)
    expect(await world.memberships('dsp', 'b')).toBe('')
    expect(await world.memberships('ifa', 'abcd-1')).toBe(`cars:${day(30)}`)
  })

  test('keeps the good lines, keeps nothing of bad ones, and names each bad one', async () => {
    const bad: [unknown, RegExp][] = [
      ['{"source":"dsp"', /not JSON/],
      ['[]', /must be object/],
      ['"text"', /must be object/],
      [{ source: 'dsp', add: ['cars'] }, /uid is required/],
      [member('x', { uid: 7 }), /uid must be string/],
      [member(''), /uid/],
      [member('x'.repeat(513)), /uid/],
      [member('é'.repeat(257)), /longer than 512 bytes/],
      [member('x\u0001'), /control bytes/],
      [member('0000-00', { source: 'ifa' }), /zeros/],
      [member('x', { source: 'nobody' }), /no namespace "nobody"/],
      [member('x', { source: '__proto__' }), /no namespace/],
      [member('x', { add: ['cars', 'nothing'] }), /no segment "nothing"/],
      [member('x', { add: [], remove: ['nothing'] }), /no segment "nothing"/],
      [member('x', { add: [] }), /add or remove is required/],
      [member('x', { ad: ['cars'] }), /ad is not a known field/],
      [member('x', { ttlDays: 0 }), /ttlDays/],
      [member('x', { ttlDays: 1.5 }), /ttlDays/],
      [member('x', { at: '2026-02-30' }), /not a date that exists/],
      [member('x', { at: 'yesterday' }), /at must match/],
      [member('x', { at: world.clock.now() + 3 * DAY_MS }), /in the future/],
      [`{"source":"dsp","uid":"x","add":["cars"],"__proto__":{"a":1}}`, /field|valid|propert/],
    ]
    const lines = bad.flatMap(([line], i) => [member(`good-${i}`), line])
    const { body } = await world.import('memberships', lines)
    expect(body.accepted).toBe(bad.length)
    expect(body.rejected).toBe(bad.length)
    for (const [i, [line, reason]] of bad.entries()) {
      expect(body.errors[i].line, JSON.stringify(line)).toBe(2 * i + 2)
      expect(body.errors[i].reason, JSON.stringify(line)).toMatch(reason)
      expect(await world.memberships('dsp', `good-${i}`)).toBe(`cars:${day(30)}`)
    }
    expect(await world.memberships('dsp', 'x')).toBe('')
  })

  test('names the first thousand bad lines and counts the rest', async () => {
    const { body } = await world.import('memberships', Array(1500).fill('nonsense'))
    expect([body.accepted, body.rejected, body.errors.length]).toEqual([0, 1500, 1000])
    expect(body.errors.at(-1).line).toBe(1000)
  })

  test('takes CRLF, blank lines, a last line without end, and null for what is absent', async () => {
    const line = (uid: string) => JSON.stringify(member(uid, { remove: null, ttlDays: null }))
    const raw = `${line('crlf-1')}\r\n\r\n  \n${line('crlf-2')}\nbad\r\n${line('crlf-3')}`
    const { body } = await world.ask('POST', '/api/memberships', { raw })
    expect([body.accepted, body.errors.map(({ line }: Body) => line)]).toEqual([3, [5]])
    expect(await world.memberships('dsp', 'crlf-3')).toBe(`cars:${day(30)}`)
    expect((await world.ask('POST', '/api/memberships', { raw: '' })).body.accepted).toBe(0)
  })

  test('refuses a line that is not UTF-8 or too long, and goes on after it', async () => {
    const good = (uid: string) => Buffer.from(`${JSON.stringify(member(uid))}\n`)
    const broken = Buffer.from(
      `${JSON.stringify(member('bro\u0001ken'))}\n`.replace('\\u0001', '\x00'),
    )
    broken[broken.indexOf(0)] = 0xff
    const long = Buffer.from(`${JSON.stringify(member('long', { pad: 'x'.repeat(200_000) }))}\n`)
    const raw = Buffer.concat([good('u1'), broken, good('u2'), long, good('u3')])
    const { body } = await world.ask('POST', '/api/memberships', { raw })
    expect(body.errors).toEqual([
      { line: 2, reason: 'the line is not UTF-8' },
      { line: 4, reason: 'the line is longer than 64 KiB' },
    ])
    for (const uid of ['u1', 'u2', 'u3']) expect(await world.memberships('dsp', uid)).not.toBe('')
  })

  test('reads when it holds from; what has ended already adds and removes nothing', async () => {
    const now = world.clock.now()
    await world.import('memberships', [
      member('at-1', { at: now - 10 * DAY_MS }),
      member('at-2', { at: new Date(now - 10 * DAY_MS).toISOString(), ttlDays: 20 }),
      member('at-3', { add: ['cars', 'boats'] }),
    ])
    expect(await world.memberships('dsp', 'at-1')).toBe(`cars:${day(20)}`)
    expect(await world.memberships('dsp', 'at-2')).toBe(`cars:${day(10)}`)
    const late = await world.import('memberships', [
      member('at-3', { at: '2020-01-01' }),
      member('at-4', { at: 0 }),
    ])
    expect(late.body).toEqual({ accepted: 2, rejected: 0, errors: [] })
    expect(await world.memberships('dsp', 'at-3')).toBe(`boats:${day(30)} cars:${day(30)}`)
    expect(await world.memberships('dsp', 'at-4')).toBe('')
  })

  test('comes gzipped, too; broken gzip and other codings are refused', async () => {
    const text = Array.from({ length: 5000 }, (_, i) => JSON.stringify(member(`gz-${i}`))).join(
      '\n',
    )
    const send = (raw: Uint8Array, coding: string) =>
      world.ask('POST', '/api/memberships', { raw, headers: { 'content-encoding': coding } })
    const whole = gzipSync(text)
    expect((await send(whole, 'gzip')).body).toEqual({ accepted: 5000, rejected: 0, errors: [] })
    expect((await send(whole.subarray(0, whole.length - 9), 'gzip')).status).toBe(400)
    expect((await send(Buffer.from(text), 'gzip')).status).toBe(400)
    expect((await send(whole, 'br')).status).toBe(415)
    const binary = { raw: whole, headers: { 'content-type': 'application/octet-stream' } }
    expect((await world.ask('POST', '/api/memberships', binary)).status).toBe(415)
  })

  test('that breaks off leaves whole lines, and run again has the same outcome', async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) =>
      JSON.stringify(
        member(`cut-${i}`, {
          add: i % 2 ? ['cars'] : ['boats'],
          remove: i % 2 ? ['boats'] : ['cars'],
        }),
      ),
    )
    await expect(
      world.ask('POST', '/api/memberships', { raw: cutShort(lines.join('\n')) }),
    ).rejects.toThrow()
    const rerun = await world.import('memberships', lines)
    expect(rerun.body).toEqual({ accepted: 30_000, rejected: 0, errors: [] })
    for (let i = 0; i < 30_000; i += 997)
      expect(await world.memberships('dsp', `cut-${i}`)).toBe(
        `${i % 2 ? 'cars' : 'boats'}:${day(30)}`,
      )
    await noted('broken off')
  })

  test('breaks off where the store does, says so, and run again has the same outcome', async () => {
    const { audience } = world
    const assign = audience.assign.bind(audience)
    const lines = Array.from({ length: 5 * LIMITS.batchLines }, (_, i) => member(`store-${i}`))
    let batches = 0
    audience.assign = async (batch) => {
      if (++batches === 3) throw new StoreUnreachable('down')
      return assign(batch)
    }
    const got = await world.import('memberships', lines)
    expect([got.status, got.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await world.memberships('dsp', 'store-0')).not.toBe('')
    expect(await world.memberships('dsp', `store-${lines.length - 1}`)).toBe('')
    const [entry] = (await world.must('GET', '/api/audit?limit=1')).items
    expect(entry.details).toMatchObject({ outcome: 'broken off' })
    expect(entry.details.accepted).toBeGreaterThanOrEqual(2 * LIMITS.batchLines)
    audience.assign = assign
    expect((await world.import('memberships', lines)).body.accepted).toBe(lines.length)
  })

  test('leaves the last word to the last line, however many lines lie between', async () => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    const random = seeded(seed)
    const last = new Map<string, string>()
    const lines = Array.from({ length: 4 * LIMITS.batchLines }, () => {
      const uid = `word-${random.int(40)}`
      const ttlDays = 1 + random.int(20)
      const isIn = random() < 0.6
      last.set(uid, isIn ? `cars:${day(ttlDays)}` : '')
      return isIn ? member(uid, { ttlDays }) : { source: 'dsp', uid, remove: ['cars'] }
    })
    await world.import('memberships', lines)
    for (const [uid, wanted] of last)
      expect(await world.memberships('dsp', uid), `seed ${seed}`).toBe(wanted)
  })

  test('is durable once it is answered: another process of the same store sees it', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => member(`kept-${i}`))
    await world.import('memberships', lines)
    await world.stop()
    await world.start()
    for (let i = 0; i < 3000; i += 101)
      expect(await world.memberships('dsp', `kept-${i}`)).toBe(`cars:${day(30)}`)
  })
})

/** Three quarters of the text, and then the connection is gone. */
async function* cutShort(text: string): AsyncIterable<Uint8Array> {
  const bytes = Buffer.from(text)
  const end = Math.floor(bytes.length * 0.75)
  for (let at = 0; at < end; at += 10_000) yield bytes.subarray(at, Math.min(at + 10_000, end))
  throw new Error('cut')
}

/** Waits until the newest entry of the audit log has this outcome. */
async function noted(outcome: string): Promise<void> {
  for (;;) {
    const { items } = await world.must('GET', '/api/audit?limit=10')
    if (items.some(({ details }: Body) => details?.outcome === outcome)) return
  }
}

describe('mode=replace', () => {
  async function replaceWith(lines: readonly unknown[], more = '') {
    const raw = lines.map((line) => JSON.stringify(line)).join('\n')
    return world.ask('POST', `/api/memberships?segment=swap&mode=replace${more}`, { raw })
  }
  const only = (uid: string, more: object = {}) => ({ source: 'dsp', uid, ...more })
  const uids = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `swap-${from + i}`)
  const members = async (of: readonly string[]) => {
    const held = await Promise.all(of.map((uid) => world.memberships('dsp', uid)))
    return of.filter((_, i) => held[i]!.includes('swap:'))
  }

  beforeAll(() => world.segment('swap', 'dmp', { ttlDays: 10 }))

  test('makes the lines all there is in the segment, and touches no other', async () => {
    const boats = uids(0, 100).map((uid) => member(uid, { add: ['boats'] }))
    await world.import('memberships', boats)
    const first = await replaceWith(uids(0, 60).map((uid) => only(uid)))
    expect(first.body).toEqual({
      accepted: 60,
      rejected: 0,
      errors: [],
      replaced: { before: 0, after: 60 },
    })
    const second = await replaceWith(uids(30, 90).map((uid) => only(uid, { ttlDays: 3 })))
    expect(second.body.replaced).toEqual({ before: 60, after: 60 })
    expect(await members(uids(0, 100))).toEqual(uids(30, 90))
    expect(await world.memberships('dsp', 'swap-40')).toBe(`boats:${day(30)} swap:${day(3)}`)
    expect(await world.memberships('dsp', 'swap-10')).toBe(`boats:${day(30)}`)
  })

  test('asks before it more than halves a segment', async () => {
    const few = uids(0, 29).map((uid) => only(uid))
    const asked = await replaceWith(few)
    expect(asked.status).toBe(409)
    expect(asked.body.errors[0]).toMatchObject({ field: 'confirm' })
    expect(asked.body.detail).toContain('from 60 to 29')
    expect(await members(uids(0, 100))).toEqual(uids(30, 90))
    expect((await replaceWith(few, '&confirm=true')).body.replaced).toEqual({
      before: 60,
      after: 29,
    })
    expect(await members(uids(0, 100))).toEqual(uids(0, 29))
  })

  test('that breaks off changes nothing', async () => {
    const text = uids(0, 5000)
      .map((uid) => JSON.stringify(only(uid)))
      .join('\n')
    await expect(
      world.ask('POST', '/api/memberships?segment=swap&mode=replace', { raw: cutShort(text) }),
    ).rejects.toThrow()
    // A replacement under way keeps others out; this one gives way once it knows that it broke off.
    let again = await replaceWith([], '')
    while (again.body.detail.includes('under way')) again = await replaceWith([], '')
    expect(again.body.detail).toContain('from 29 to 0')
    expect(await members(uids(0, 100))).toEqual(uids(0, 29))
  })

  test('of nothing but bad lines changes nothing, confirmed or not', async () => {
    const got = await replaceWith([only('x', { add: ['cars'] }), { uid: 'x' }], '&confirm=true')
    expect([got.status, got.body.detail]).toEqual([422, expect.stringContaining('none of 2 lines')])
    expect(await members(uids(0, 100))).toEqual(uids(0, 29))
  })

  test('goes through more people than one part of memory holds', async () => {
    const count = LIMITS.spoolPartitions * (LIMITS.spoolBufferBytes / 20) * 1.2
    const all = uids(0, Math.ceil(count))
    const twice = [...all.slice(0, 500), ...all].map((uid) => only(uid))
    const got = await replaceWith(twice)
    expect(got.body.replaced).toEqual({ before: 29, after: all.length })
    const half = await replaceWith(all.slice(all.length / 2 - 10).map((uid) => only(uid)))
    expect(half.status).toBe(200)
    expect(await members(uids(0, 50))).toEqual([])
    expect(await members(all.slice(-50))).toEqual(all.slice(-50))
    // Nothing of what was set down meanwhile is left.
    expect(readdirSync(join(world.dir, 'spool'))).toEqual([])
  })

  test('refuses other segments in a line, and half a wish', async () => {
    const { body } = await replaceWith(
      [only('y', { add: ['swap'] }), only('z', { add: ['cars'] }), only('z', { remove: ['cars'] })],
      '&confirm=true',
    )
    expect([body.accepted, body.rejected]).toEqual([1, 2])
    for (const query of [
      'mode=replace',
      'segment=swap',
      'segment=swap&mode=swap',
      'confirm=true',
      'segment=swap&mode=replace&confirm=1',
    ])
      expect([query, (await world.ask('POST', `/api/memberships?${query}`)).status]).toEqual([
        query,
        400,
      ])
    expect((await world.ask('POST', '/api/memberships?segment=no&mode=replace')).status).toBe(404)
  })
})

describe('an import of matches', () => {
  const match = (a: string, b: string, more: object = {}) => ({
    source: 'dsp',
    uid: a,
    with: { source: 'dmp', uid: b },
    ...more,
  })

  test('joins ids, takes matches back, and keeps the order of the lines', async () => {
    const got = await world.import('matches', [
      match('m1', 'n1', { mm: 3, ttlDays: 5 }),
      match('m1', 'n2'),
      match('m1', 'n1', { remove: true }),
      match('m2', 'n3', { remove: true }),
      match('m2', 'n3'),
    ])
    expect(got.body).toEqual({ accepted: 5, rejected: 0, errors: [] })
    expect(await world.matches('dsp', 'm1')).toBe('n2/0')
    expect(await world.matches('dmp', 'n3')).toBe('m2/0')
  })

  test('says why a line is refused, and keeps the others', async () => {
    const { body } = await world.import('matches', [
      match('m3', 'n4'),
      match('m3', 'm3', { with: { source: 'dsp', uid: 'm3' } }),
      match('m3', 'n4', { with: { source: 'dmp' } }),
      match('m3', '', { with: { source: 'nobody', uid: 'x' } }),
      match('m3', 'x\u0007'),
      match('m3', 'n5', { at: '2020-01-01' }),
      match('m3', 'n6', { mm: -1 }),
    ])
    expect(body.accepted).toBe(2)
    expect(body.errors.map(({ line }: Body) => line)).toEqual([2, 3, 4, 5, 7])
    expect(body.errors[0].reason).toBe('Both ends are the same id.')
    expect(await world.matches('dsp', 'm3')).toBe('n4/0')
  })

  test('refuses to join more than 64 ids to one person', async () => {
    const lines = Array.from({ length: 70 }, (_, i) => match('hub', `spoke-${i}`))
    const { body } = await world.import('matches', lines)
    expect([body.accepted, body.rejected]).toEqual([63, 7])
    expect(body.errors[0].reason).toContain('64 ids')
  })
})

test('as many imports as may run at once do, and one more is asked to come again', async () => {
  const gates: (() => void)[] = []
  async function* slow(): AsyncIterable<Uint8Array> {
    yield Buffer.from(`${JSON.stringify(member('slot'))}\n`)
    await new Promise<void>((open) => gates.push(open))
  }
  const running = Array.from({ length: LIMITS.importsMax }, () =>
    world.ask('POST', '/api/memberships', { raw: slow() }),
  )
  let refused = await world.import('memberships', [])
  while (refused.status !== 429) refused = await world.import('memberships', [])
  expect(refused.headers.get('retry-after')).toBe('5')
  for (const open of gates) open()
  for (const one of await Promise.all(running)) expect(one.body.accepted).toBe(1)
})

test('nothing failed by itself', () => {
  expect(world.errors.filter((error) => !error.includes('aborted'))).toEqual([])
})
