import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { uidRefusal } from '../../exchange/sync/uid-rules.ts'
import { ConsoleWorld, fill } from './world.ts'

// Which ids a match table takes: the same that a browser may bring (`/setuid`), and no others.

let world: ConsoleWorld
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  const redirect = { url: 'https://dsp.example/?r={redirect}', userMacro: '##MINE##' }
  await world.partner('dsp', { sync: { redirect } })
})
afterAll(() => world.close())

const match = (uid: string, other: string, more: object = {}) => ({
  source: 'dsp',
  uid,
  with: { source: 'dmp', uid: other },
  ...more,
})

const REFUSED = [
  ...['', '0', 'null', 'NULL', 'undefined', 'nil', '00000000-0000-0000-0000-000000000000'],
  ...['$UID', '%24UID', '{USER_ID}', '[UID]', '##MINE##', '%23%23mine%23%23'],
]

test('constants and macros nobody replaced are refused at either end, with field and reason', async () => {
  const good = match('good-1', 'good-2')
  const lines = REFUSED.flatMap((bad, i) => [match(bad, `b${i}`), good, match(`a${i}`, bad)])
  const { body } = await world.import('matches', lines)
  // The macro of dsp's own addresses is an id like any other in dmp's namespace.
  const foreign = 2
  expect([body.accepted, body.rejected]).toEqual([
    REFUSED.length + foreign,
    2 * REFUSED.length - foreign,
  ])
  for (const { line, reason } of body.errors) {
    const field = line % 3 === 1 ? /^uid[: ]/ : /^with\.uid[: ]/
    expect(reason, `line ${line}`).toMatch(field)
  }
  expect(await world.matches('dsp', 'good-1')).toBe('good-2/0')
  expect(await world.matches('dmp', 'b1')).toBe('')
})

test('an import refuses exactly what /setuid refuses, whatever the id looks like', async () => {
  const value = fc.oneof(
    fc.constantFrom(...REFUSED, '00', 'Nil.', 'none', '-', 'test', '{uid', 'nullx', '0x0', '%zz'),
    fc.string({ minLength: 1, maxLength: 12 }),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }),
  )
  let place = 0
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 20 }), async (values) => {
      // Each with an id of its own at the other end: no person grows.
      const lines = values.map((uid) => match(`property-${place++}`, uid))
      const { body } = await world.import('matches', lines)
      const refused = values.flatMap((uid, i) => (uidRefusal(uid, []) ? [i + 1] : []))
      const faults = body.errors.filter(({ reason }: { reason: string }) => /uid/.test(reason))
      expect(faults.map(({ line }: { line: number }) => line)).toEqual(refused)
    }),
    { numRuns: 40 },
  )
})

test('what was matched by a constant before can be taken back', async () => {
  const { body } = await world.import('matches', [match('null', 'x', { remove: true })])
  expect(body).toEqual({ accepted: 1, rejected: 0, errors: [] })
})

test('no request failed', () => expect(world.errors).toEqual([]))
