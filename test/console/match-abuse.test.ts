import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY_MS } from '../../audience/clock.ts'
import { SYNC_LIMITS } from '../../exchange/sync/limits.ts'
import { type Body, ConsoleWorld, fill } from './world.ts'

// What a partner's key, or a file nobody looked at, can do to match tables through POST /api/matches.

let world: ConsoleWorld
let token: string
beforeAll(async () => {
  world = await ConsoleWorld.open()
  await fill(world)
  await world.must('PUT', '/api/namespaces/id.example', { body: { kind: 'eid' } })
  token = await world.key('dsp')
})
afterAll(() => world.close())

const pair = (a: [string, string], b: [string, string], more: object = {}) => ({
  ...{ source: a[0], uid: a[1], with: { source: b[0], uid: b[1] } },
  ...more,
})
const reasonsOf = ({ errors }: Body) => new Set(errors.map(({ reason }: Body) => reason))

describe('one id for thousands of people', () => {
  const THOUSANDS = 5_000
  const lines = (uid: string) =>
    Array.from({ length: THOUSANDS }, (_, i) => pair(['dsp', uid], ['ifa', `${uid}-device-${i}`]))

  test('is taken from all of them, and refused for a month; other lines are not held up', async () => {
    const others = Array.from({ length: 10 }, (_, i) =>
      pair(['dsp', `sound-${i}`], ['ifa', `s-${i}`]),
    )
    const { body } = await world.import('matches', [...lines('bot'), ...others], { token })
    expect(body.accepted + body.rejected).toBe(THOUSANDS + others.length)
    expect(body.accepted).toBeLessThan(100)
    expect(await world.matches('dsp', 'bot')).toBe('')
    expect(await world.matches('ifa', 'bot-device-1')).toBe('')
    expect(await world.matches('dsp', 'sound-3')).not.toBe('')
    const later = [pair(['dsp', 'bot'], ['ifa', 'one-more'])]
    const refused = await world.import('matches', later, { token })
    expect(refused.body).toMatchObject({ accepted: 0, rejected: 1 })
    expect(refused.body.errors[0].reason).toContain('too many browsers')
    world.clock.aheadMs += (SYNC_LIMITS.quarantineDays + 1) * DAY_MS
    const again = await world.import('matches', later, { token })
    expect(again.body).toMatchObject({ accepted: 1, rejected: 0 })
  }, 60_000)

  test('is let be where the partner shares ids on purpose, up to what one person may have', async () => {
    await world.partner('dsp', { sync: { sharedIds: true } })
    const { body } = await world.import('matches', lines('household'), { token })
    expect(body.accepted).toBe(63)
    expect(reasonsOf(body).size).toBe(1)
    expect((await world.matches('dsp', 'household')).split(' ')).toHaveLength(63)
    await world.partner('dsp')
  }, 60_000)

  test('of a few lines too many is an ordinary refusal, and nothing moves', async () => {
    const some = lines('large-family').slice(0, 100)
    for (let i = 0; i < 3; i++) {
      const { body } = await world.import('matches', some, { token })
      expect([body.accepted, body.rejected]).toEqual([63, 37])
    }
    expect((await world.matches('dsp', 'large-family')).split(' ')).toHaveLength(63)
  })
})

test('100,000 mappings written at one victim leave the victim as it was, for everybody else', async () => {
  await world.import('memberships', [{ source: 'dmp', uid: 'known', add: ['cars'] }])
  await world.import('matches', [pair(['dmp', 'known'], ['ifa', 'victim'])])
  const attack = Array.from({ length: 100_000 }, (_, i) =>
    pair(['dsp', `a-${i}`], ['ifa', 'victim']),
  )
  const { body } = await world.import('matches', attack, { token })
  expect(body.accepted).toBeLessThan(64)
  expect(body.errors).toHaveLength(1_000)
  expect(await world.matches('ifa', 'victim')).toBe('known/0')
  // The attacker is refused for a month, by the victim's name only; nobody else is.
  const again = await world.import('matches', [pair(['dsp', 'a-1'], ['ifa', 'victim'])], { token })
  expect(again.body).toMatchObject({ accepted: 0, rejected: 1 })
  const elsewhere = [pair(['dsp', 'a-1'], ['ifa', 'bystander'])]
  expect((await world.import('matches', elsewhere, { token })).body).toMatchObject({ accepted: 1 })
  const other = await world.key('dmp')
  const honest = [pair(['dmp', 'known-too'], ['ifa', 'victim'])]
  expect((await world.import('matches', honest, { token: other })).body.accepted).toBe(1)
  const person = { source: 'dmp', uid: 'known', reason: 'is all well?' }
  const { segments } = await world.must('POST', '/api/people/export', { body: person })
  expect(segments).toMatchObject([{ segment: 'cars' }])
}, 120_000)

test('a partner’s key writes into no namespace of another, at either end, however it is said', async () => {
  const foreign = ['dmp', 'ssp', 'browser', 'exchange', 'DMP', 'dmp ', 'dmp\u0000']
  const lines = foreign.flatMap((source) => [
    pair([source, 'x'], ['ifa', 'x']),
    pair(['dsp', 'x'], [source, 'x']),
    pair([source, 'x'], [source, 'y']),
    pair(['dsp', 'x'], [source, 'x'], { remove: true }),
    { source, uid: 'x', add: ['cars'] },
  ])
  await world.import('matches', [pair(['dsp', 'x'], ['dmp', 'x'])])
  const matches = await world.import('matches', lines, { token })
  expect(matches.body).toMatchObject({ accepted: 0, rejected: lines.length })
  const memberships = await world.import('memberships', lines, { token })
  expect(memberships.body).toMatchObject({ accepted: 0, rejected: lines.length })
  expect(await world.matches('dsp', 'x')).toBe('x/0')
  expect(await world.memberships('dmp', 'x')).toBe('')
})

test('oversized ids and lines are refused one by one, with field and reason', async () => {
  const { body } = await world.import('matches', [
    pair(['dsp', 'x'.repeat(513)], ['ifa', 'd-1']),
    pair(['dsp', 'o-1'], ['ifa', 'x'.repeat(513)]),
    pair(['dsp', 'é'.repeat(257)], ['ifa', 'd-1']),
    pair(['dsp', 'x'.repeat(70_000)], ['ifa', 'd-1']),
    pair(['dsp', 'line\r\nfeed'], ['ifa', 'd-1']),
    pair(['dsp', 'o-2'], ['ifa', 'd-2']),
  ])
  expect(body.errors.map(({ line }: Body) => line)).toEqual([1, 2, 3, 4, 5])
  expect(body.errors.map(({ reason }: Body) => reason)).toEqual([
    expect.stringMatching(/^uid/),
    expect.stringMatching(/^with[./]uid/),
    expect.stringMatching(/^uid/),
    expect.stringMatching(/64 KiB/),
    expect.stringMatching(/^uid/),
  ])
  expect(await world.matches('dsp', 'o-2')).toBe('d-2/0')
})

test('no request failed', () => expect(world.errors).toEqual([]))
