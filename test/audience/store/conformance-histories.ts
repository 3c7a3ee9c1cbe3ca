import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { DAY_MS, dayOf, systemClock } from '../../../audience/clock.ts'
import { POSITIONS, positionOf } from '../../../audience/events/key-space.ts'
import type { HistoryStep, Lesson } from '../../../audience/store/event-stores.ts'
import { LIMITS } from '../../../audience/store/limits.ts'
import type { Store, UserKey } from '../../../audience/store/store.ts'
import { packHistory } from '../../../proto/history-blob.ts'
import { unpackProfile } from '../../../proto/profile-blob.ts'
import { WoundClock } from '../../support/memory-store.ts'
import type { OpenForTest } from './store-conformance.ts'

const NONE = new Uint8Array(0)
const nowMs = systemClock.now()
const expiryDay = dayOf(nowMs) + 30

export function historiesConformance(open: OpenForTest): void {
  const key = () => randomBytes(16)
  const history = (atMs: number, wakeMs = 0) =>
    packHistory({
      wakeMs,
      traits: new Map([[7, [{ atMs, count: 1 }]]]),
      segments: new Map([[3, atMs]]),
    })
  const lesson = (of: UserKey, more: Partial<Lesson> = {}): Lesson => ({
    ...{ key: of, held: NONE, history: history(nowMs), add: [], remove: [], messages: [] },
    ...more,
  })
  const segmentsOf = async ({ people }: Store, of: UserKey) => {
    const [record] = await people.recall([of])
    return record ? unpackProfile(record.profile).map(({ segment }) => segment) : []
  }
  const dueKeys = async ({ histories }: Store, atMs: number, max = 10) =>
    (await histories.due(atMs, max)).map((one) => one.toString('hex'))

  test('a history, its memberships and their change are written together', async () => {
    const { store } = await open()
    const [one, end] = [key(), await store.people.changesEnd()]
    const learned = lesson(one, { add: [{ segment: 3, expiryDay }] })
    expect(await store.histories.learn([learned])).toEqual(['done'])
    expect(Buffer.from((await store.histories.read([one]))[0]!)).toEqual(
      Buffer.from(learned.history),
    )
    expect(await segmentsOf(store, one)).toEqual([3])
    const { entries } = await store.people.changesSince(end, 10)
    expect(entries).toEqual([{ what: 'assign', key: one, added: [3], removed: [] }])
  })

  test('histories are read with the records they stand beside, as many as are asked for', async () => {
    const { store } = await open()
    const keys = Array.from({ length: 120 }, key)
    await store.histories.learn(
      keys.slice(0, 100).map((one) => lesson(one, { add: [{ segment: 3, expiryDay }] })),
    )
    const found = await store.histories.recall(keys)
    const histories = await store.histories.read(keys)
    expect(found.map(({ history }) => Buffer.from(history))).toEqual(
      histories.map((history) => Buffer.from(history)),
    )
    expect(found.map(({ record }) => record)).toEqual(await store.people.recallForWrite(keys))
  })

  test('messages of many ids are known each by its own, in the order asked', async () => {
    const { store } = await open()
    const asked = Array.from({ length: 200 }, () => ({ key: key(), message: randomBytes(16) }))
    // Every third is counted at its id, the next at another one and acknowledged, the last nowhere.
    await store.histories.learn(
      asked.flatMap(({ key: own, message }, i) =>
        i % 3 === 2 ? [] : lesson(i % 3 === 0 ? own : key(), { messages: [message] }),
      ),
    )
    await store.events.append([Buffer.from('a')])
    const [event] = await store.events.read(1)
    const acknowledged = asked.flatMap(({ message }, i) => (i % 3 === 1 ? message : []))
    await store.events.ack([event!.id], acknowledged)
    expect(await store.histories.seen(asked)).toEqual(asked.map((_, i) => i % 3 !== 2))
    expect(await store.histories.seen([...asked].reverse())).toEqual(
      asked.map((_, i) => i % 3 !== 2).reverse(),
    )
  })

  test('a history that is no longer what was read keeps everything as it is', async () => {
    const { store } = await open()
    const [one, two] = [key(), key()]
    await store.histories.learn([lesson(one)])
    const late = lesson(one, { history: NONE, add: [{ segment: 3, expiryDay }] })
    const fine = lesson(two)
    expect(await store.histories.learn([late, fine])).toEqual(['changed', 'done'])
    expect(await segmentsOf(store, one)).toEqual([])
    expect((await store.histories.read([one]))[0]!.length).toBeGreaterThan(0)
  })

  test('memberships that were changed since they were read are not written over', async () => {
    const { store } = await open()
    const [one, two] = [key(), key()]
    await store.people.assign([{ key: one, add: [{ segment: 9, expiryDay }], remove: [] }])
    await store.people.suppress([{ key: two, kind: 'opt_out' }])
    const early = { add: [{ segment: 3, expiryDay }], profile: NONE }
    const outcomes = await store.histories.learn([lesson(one, early), lesson(two, early)])
    expect(outcomes).toEqual(['done', 'suppressed'])
    expect(await segmentsOf(store, one)).toEqual([3, 9])
    expect(await segmentsOf(store, two)).toEqual([])
  })

  test('a counted message is remembered at the id it was counted at, and not where nothing was written', async () => {
    const { store } = await open()
    const [one, message, other] = [key(), randomBytes(16), randomBytes(16)]
    await store.histories.learn([lesson(one, { messages: [message] })])
    await store.histories.learn([lesson(one, { messages: [other] })])
    const asked = [message, other].map((each) => ({ key: one, message: each }))
    expect(await store.histories.seen(asked)).toEqual([true, false])
  })

  test('a message that was acknowledged as counted is seen whichever id it comes with, for a week', async () => {
    const { store } = await open()
    const [one, other, message, later] = [key(), key(), randomBytes(16), randomBytes(16)]
    await store.histories.learn([lesson(one, { messages: [message] })])
    await store.events.append([Buffer.from('a')])
    const ids = (await store.events.read(1)).map(({ id }) => id)
    await store.events.ack(ids, [message])
    const asked = [message, later].map((each) => ({ key: other, message: each }))
    expect(await store.histories.seen(asked)).toEqual([true, false])
  })

  test('what was counted and never acknowledged is known for as long as what was, however long a desk is away', async () => {
    const clock = new WoundClock(nowMs)
    const { store } = await open({ clock })
    const [one, other, inHand, done] = [key(), key(), randomBytes(16), randomBytes(16)]
    await store.histories.learn([lesson(one, { messages: [inHand] })])
    await store.histories.learn([lesson(other, { messages: [done] })])
    await store.events.append([Buffer.from('in hand'), Buffer.from('done')])
    const [, second] = await store.events.read(2)
    await store.events.ack([second!.id], [done])
    const seen = () =>
      store.histories.seen([
        { key: one, message: inHand },
        { key: other, message: done },
      ])
    clock.wind(LIMITS.seenDays * DAY_MS)
    expect(await seen()).toEqual([true, true])
    // Whoever is back works on, and that is no reason to forget what is still in hand.
    await store.events.ack([], [])
    expect(await seen()).toEqual([true, true])
    clock.wind(DAY_MS)
    expect(await seen()).toEqual([false, false])
  })

  test('whose time has come is due, the longest waiting first, until something else is written', async () => {
    const { store } = await open()
    const [early, late, never] = [key(), key(), key()]
    await store.histories.learn([
      lesson(late, { history: history(nowMs, nowMs + 2_000) }),
      lesson(early, { history: history(nowMs, nowMs + 1_000) }),
      lesson(never),
    ])
    expect(await dueKeys(store, nowMs + 999)).toEqual([])
    expect(await dueKeys(store, nowMs + 1_000)).toEqual([early.toString('hex')])
    expect(await dueKeys(store, nowMs + DAY_MS)).toEqual([
      early.toString('hex'),
      late.toString('hex'),
    ])
    expect(await dueKeys(store, nowMs + DAY_MS, 1)).toEqual([early.toString('hex')])
    const [held] = await store.histories.read([early])
    await store.histories.learn([lesson(early, { held: held!, history: NONE })])
    expect(await dueKeys(store, nowMs + DAY_MS)).toEqual([late.toString('hex')])
  })

  test('the wheel survives its process', async () => {
    const opened = await open()
    const one = key()
    await opened.store.histories.learn([lesson(one, { history: history(nowMs, nowMs + 1) })])
    await opened.store.close()
    const later = await opened.reopen()
    expect(await dueKeys(later, nowMs + 1)).toEqual([one.toString('hex')])
    await later.close()
  })

  test('forgetting and suppressing take the history along, and nothing is learned of the suppressed', async () => {
    const { store } = await open()
    const [one, two] = [key(), key()]
    await store.histories.learn([lesson(one), lesson(two)])
    await store.people.forget([one])
    await store.people.suppress([{ key: two, kind: 'opt_out' }])
    expect((await store.histories.read([one, two])).map((each) => each.length)).toEqual([0, 0])
    expect(await store.histories.learn([lesson(one), lesson(two)])).toEqual(['done', 'suppressed'])
    expect((await store.histories.read([two]))[0]!.length).toBe(0)
  })

  test('every id with a history is told once, in steps in the order of keys', async () => {
    const { store } = await open()
    const keys = Array.from({ length: 300 }, key)
    await store.histories.learn(keys.map((each) => lesson(each)))
    const found: string[] = []
    let position: number | undefined = 0
    for (let steps = 0; position !== undefined; steps++) {
      const { histories, next }: HistoryStep = await store.histories.from(position, 50)
      expect(histories.length).toBeLessThan(120)
      for (const { key: each } of histories) {
        expect(positionOf(each)).toBeGreaterThanOrEqual(position)
        expect(positionOf(each)).toBeLessThan(next ?? POSITIONS)
      }
      found.push(...histories.map(({ key: each }) => each.toString('hex')))
      expect(steps).toBeLessThan(200)
      position = next
    }
    expect(found.sort()).toEqual(keys.map((each) => each.toString('hex')).sort())
  })

  test('jobs are kept by number over the end of the process, and forgotten where they are to be', async () => {
    const opened = await open()
    const { histories } = opened.store
    await histories.keepJobs(new Map([1, 2, 70_000].map((n) => [n, Buffer.from(`job ${n}`)])))
    await histories.keepJobs(new Map([[2, undefined]]))
    await opened.store.close()
    const later = await opened.reopen()
    const kept = [...(await later.histories.jobs())].sort(([a], [b]) => a - b)
    expect(kept.map(([n, job]) => [n, Buffer.from(job).toString()])).toEqual([
      [1, 'job 1'],
      [70_000, 'job 70000'],
    ])
    await later.close()
  })
}
