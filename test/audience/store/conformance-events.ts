import { expect, test } from 'vitest'
import { DAY_MS, systemClock } from '../../../audience/clock.ts'
import type { EventQueue } from '../../../audience/store/event-stores.ts'
import type { OpenForTest } from './store-conformance.ts'

export function eventsConformance(open: OpenForTest): void {
  const body = (text: string) => Buffer.from(text)
  const texts = async (events: EventQueue, max = 100) =>
    (await events.read(max)).map((event) => Buffer.from(event.body).toString())
  const ids = async (events: EventQueue, max = 100) =>
    (await events.read(max)).map((event) => event.id)

  test('events are read in their order, and again until they are acknowledged', async () => {
    const { events } = (await open()).store
    await events.append([body('a'), body('b')])
    await events.append([body('c')])
    expect(await texts(events)).toEqual(['a', 'b', 'c'])
    expect(await texts(events, 2)).toEqual(['a', 'b'])
    const [first] = await ids(events)
    await events.ack([first!])
    await events.ack([first!])
    expect(await texts(events)).toEqual(['b', 'c'])
    expect(await events.depth()).toBe(2)
  })

  test('what was acknowledged is in nobody’s hand, and neither is anything before it is read', async () => {
    const { events } = (await open()).store
    expect(await events.inHand()).toBe(0)
    await events.append([body('a')])
    await events.ack(await ids(events))
    expect(await events.inHand()).toBe(0)
  })

  test('whoever acknowledges reads on in the same step, and is told of none it is done with', async () => {
    const { events } = (await open()).store
    await events.append(['a', 'b', 'c', 'd'].map(body))
    const done = await ids(events, 2)
    const next = await events.ack(done, [], 1)
    expect(next.map((one) => Buffer.from(one.body).toString())).toEqual(['c'])
    expect(await events.ack([], [], 5)).toHaveLength(2)
    expect(await events.ack(next.map(({ id }) => id))).toEqual([])
    expect(await texts(events)).toEqual(['d'])
  })

  test('what was appended before the end of a process is read by the next one, in hand or not', async () => {
    const opened = await open()
    await opened.store.events.append([body('in hand'), body('new')])
    expect(await texts(opened.store.events, 1)).toEqual(['in hand'])
    await opened.store.close()
    const later = await opened.reopen()
    expect(await later.events.inHand()).toBe(later.kind === 'redis' ? 1 : 2)
    expect(await texts(later.events)).toEqual(['in hand', 'new'])
    await later.close()
  })

  test('another process appends, and the reader sees it', async () => {
    const opened = await open()
    const other = await opened.reopen()
    await other.events.append([body('from there')])
    await expect.poll(() => texts(opened.store.events)).toEqual(['from there'])
    await other.close()
  })

  test('a full queue takes nothing of what would not fit, and takes more once there is room', async () => {
    const { events } = (await open({ queueEventsMax: 3 })).store
    await events.append([body('1'), body('2')])
    await expect(events.append([body('3'), body('4')])).rejects.toThrow(/try again/)
    await events.append([body('3')])
    await expect(events.append([body('4')])).rejects.toThrow(/3 events wait/)
    await events.ack(await ids(events, 1))
    await events.append([body('4')])
    expect(await texts(events)).toEqual(['2', '3', '4'])
  })

  test('appends made at once are kept whole and in their order, or refused, each for itself', async () => {
    const { events } = (await open({ queueEventsMax: 4 })).store
    const appends = [['a'], ['b', 'c'], ['d', 'e'], ['f']].map((some) =>
      events.append(some.map(body)).then(
        () => some.join(''),
        () => 'refused',
      ),
    )
    expect(await Promise.all(appends)).toEqual(['a', 'bc', 'refused', 'f'])
    expect(await texts(events)).toEqual(['a', 'b', 'c', 'f'])
  })

  test('counted readings are remembered over the end of the process', async () => {
    const opened = await open()
    await opened.store.events.append([body('poison')])
    expect((await opened.store.events.read(1, true))[0]?.attempts).toBe(1)
    await opened.store.close()
    const later = await opened.reopen()
    expect((await later.events.read(1, true))[0]?.attempts).toBe(2)
    await later.close()
  })

  test('what is put aside holds up nobody, is listed with its reason, and may be queued again', async () => {
    const { events } = (await open()).store
    await events.append([body('bad'), body('good')])
    const [bad] = await events.read(1)
    await events.quarantine([{ ...bad!, reason: 'It says nothing.', atMs: 1_700_000_000_000 }])
    expect(await texts(events)).toEqual(['good'])
    const [held] = await events.quarantined('', 10)
    expect({ ...held, body: Buffer.from(held!.body).toString(), id: '' }).toEqual({
      id: '',
      body: 'bad',
      reason: 'It says nothing.',
      atMs: 1_700_000_000_000,
    })
    expect(await events.quarantined(held!.id, 10)).toEqual([])
    expect(await events.replay([held!.id, 'no id', held!.id])).toBe(1)
    expect(await events.quarantined('no id', 10)).toEqual([])
    expect(await texts(events)).toEqual(['good', 'bad'])
    expect(await events.quarantined('', 10)).toEqual([])
  })

  test('events that were counted are remembered by their ids, newest first, for a day', async () => {
    const { events } = (await open()).store
    const [one, two, other] = [1, 2, 3].map((n) => Buffer.alloc(16, n))
    const note = (key: Buffer | undefined, text: string) => ({ key: key!, body: body(text) })
    const told = async (...keys: (Buffer | undefined)[]) =>
      (await events.counted(keys as Buffer[])).map((event) => Buffer.from(event.body).toString())
    const nowMs = systemClock.now()
    await events.noteCounted([note(one, 'a'), note(two, 'b'), note(one, 'c')], nowMs)
    await events.noteCounted([note(one, 'd')], nowMs)
    expect(await told(one)).toEqual(['d', 'c', 'a'])
    expect(await told(two, other)).toEqual(['b'])
    expect((await events.counted([two!]))[0]!.key).toEqual(two)
    const many = Array.from({ length: 5_000 }, (_, i) => note(other, String(i)))
    await events.noteCounted(many, nowMs)
    expect(await told(one)).toEqual(['d', 'c', 'a'])
    expect(await told(other)).toEqual(many.map((_, i) => String(4_999 - i)))
  })

  test('what was remembered for a day is forgotten as more comes', async () => {
    const { events } = (await open()).store
    const [old, fresh] = [1, 2].map((n) => Buffer.alloc(16, n))
    const many = Array.from({ length: 500 }, () => ({ key: old!, body: body('old') }))
    const nowMs = systemClock.now()
    await events.noteCounted(many, nowMs)
    const later = Array.from({ length: 500 }, () => ({ key: fresh!, body: body('fresh') }))
    await events.noteCounted(later, nowMs + DAY_MS + 60_000)
    expect((await events.counted([old!])).length).toBeLessThan(500)
  })
}
