import { afterEach, describe, expect, test } from 'vitest'
import { DAY_MS, dayOf } from '../../../audience/clock.ts'
import { packEvent } from '../../../audience/events/collected-event.ts'
import type { Change, PeopleStore } from '../../../audience/store/store.ts'
import { patiently } from '../../support/patiently.ts'
import { ANONYMOUS, EventWorld, OWNER, USER } from './event-world.ts'

let world: EventWorld
afterEach(() => world.close())

const HOUR_MS = 3_600_000
const THRICE = { intenders: { rule: 'FREQUENCY([search] <= 5D) >= 3' } }

async function link(a: string, b: string, more: object = {}) {
  const today = dayOf(world.clock.now())
  const end = (value: string) => ({
    namespace: value.startsWith('u') ? USER : value.startsWith('d') ? 77 : ANONYMOUS,
    value,
  })
  const days = { firstSeenDay: today, lastSeenDay: today, expiryDay: today + 30 }
  await world.audience.link([{ a: end(a), b: end(b), owner: 0, method: 3, ...days, ...more }])
}

/** Resolves when both who follow the change log here, the audience and the desk, have heard of such a change. */
function hearings(people: PeopleStore): (what: Change['what']) => Promise<unknown> {
  const heard: string[] = []
  const changesSince = people.changesSince.bind(people)
  people.changesSince = async (...asked) => {
    const read = await changesSince(...asked)
    if (!read.fellOff) heard.push(...read.entries.map(({ what }) => what))
    return read
  }
  return (what) =>
    patiently(() => expect(heard.filter((one) => one === what)).toHaveLength(2)).then(
      () => new Promise((resolve) => setImmediate(resolve)),
    )
}

describe('events become memberships', () => {
  test('on the event that makes the rule hold, and a repeated message counts once', async () => {
    world = await EventWorld.open()
    await world.rules({ search: {} }, THRICE)
    await world.collect(world.event('a1', [1]))
    world.pass(1_000)
    const second = world.event('a1', [1])
    await world.collect(second, second)
    await world.collect(second)
    expect(await world.segments('a1')).toEqual([])
    await world.collect(world.event('a1', [1]))
    expect(await world.segments('a1')).toEqual([101])
    expect(world.desk.counts()).toMatchObject({ counted: 3, repeated: 2, quarantined: 0 })
  })

  test('and are told as counted where a history was changed by others meanwhile, and all is done once more', async () => {
    world = await EventWorld.open()
    await world.rules({ search: {} }, THRICE)
    const { histories } = world.store
    const learn = histories.learn.bind(histories)
    histories.learn = async ([first, ...rest]) => {
      histories.learn = learn
      return first ? ['changed', ...(await learn(rest))] : []
    }
    await world.collect(...['a1', 'a2', 'a3'].map((id) => world.event(id, [1])))
    expect(world.desk.counts()).toMatchObject({ counted: 3, repeated: 0, failures: 0 })
    expect(world.learned).toEqual({ counted: 3, repeated: 0, matched: 0 })
  })

  test('with an import that comes while whoever it concerns is being asked for another reason', async () => {
    world = await EventWorld.open()
    await world.rules(
      { search: {} },
      { keen: { rule: 'search AND SEGMENT(cars)' }, cars: { rule: '' } },
    )
    await world.collect(world.event('a1', [1]))
    const heard = hearings(world.store.people)
    const { histories } = world.store
    const recall = histories.recall.bind(histories)
    histories.recall = async (keys) => {
      const asItWas = await recall(keys)
      histories.recall = recall
      const add = [{ segment: 102, ttlDays: 9 }]
      await world.audience.assign([{ namespace: ANONYMOUS, value: 'a1', add, remove: [] }])
      await heard('assign')
      return asItWas
    }
    await link('a1', 'd9')
    await world.desk.poke()
    expect(await world.segments('a1')).toEqual([101, 102])
  })

  test('by when they happened, however late and in whatever order they come', async () => {
    world = await EventWorld.open()
    await world.rules(
      { view: {}, buy: {} },
      { seen: { rule: 'SEQUENCE(view THEN WITHIN 2H buy)' } },
    )
    const atMs = world.clock.now()
    world.pass(3 * HOUR_MS)
    await world.collect(world.event('a1', [2], { atMs: atMs + HOUR_MS }))
    expect(await world.segments('a1')).toEqual([])
    await world.collect(world.event('a1', [1], { atMs }))
    expect(await world.segments('a1')).toEqual([101])
  })

  test('an event that is in the queue once more after a crash is not counted again', async () => {
    world = await EventWorld.open()
    await world.rules({ search: {} }, THRICE)
    const events = [1, 2].map(() => world.event('a1', [1]))
    await world.collect(...events)
    // As a process leaves it that dies between the write and its acknowledgement.
    await world.store.events.append(events.map(packEvent))
    await world.desk.close()
    await world.start()
    expect(await world.segments('a1')).toEqual([])
    expect(await world.store.events.depth()).toBe(0)
  })

  test('bytes that are no event are put aside with a sentence, and hold up nobody', async () => {
    world = await EventWorld.open()
    await world.rules({ search: {} }, { once: { rule: 'search' } })
    await world.store.events.append([Buffer.from('{"poison"'), packEvent(world.event('a1', [1]))])
    await world.settle()
    expect(await world.segments('a1')).toEqual([101])
    const [aside] = await world.store.events.quarantined('', 10)
    expect(aside?.reason).toBe('It is no event.')
    expect(await world.store.events.depth()).toBe(0)
  })

  test('an event that was in hand each time the process ended goes to the quarantine', async () => {
    world = await EventWorld.open()
    await world.rules({ search: {} }, { once: { rule: 'search' } })
    await world.desk.close()
    await world.store.events.append([packEvent(world.event('a1', [1]))])
    for (let end = 0; end < 3; end++) await world.store.events.read(1, true)
    await world.start()
    expect(await world.segments('a1')).toEqual([])
    const [aside] = await world.store.events.quarantined('', 10)
    expect(aside?.reason).toContain('process ended')
    await world.store.events.replay([aside!.id])
    await world.settle()
    expect(await world.segments('a1')).toEqual([101])
  })
})

describe('memberships end', () => {
  test('at the midnight of the owner’s zone at which the window lets the event go', async () => {
    world = await EventWorld.open()
    await world.rules({ search: {} }, { recent: { rule: 'FREQUENCY([search] <= 5D) >= 1' } })
    await world.collect(world.event('a1', [1]))
    expect(await world.segments('a1')).toEqual([101])
    const endMs = Date.UTC(2026, 2, 7, 23)
    world.pass(endMs - 1 - world.clock.now())
    await world.settle()
    expect(await world.segments('a1')).toEqual([101])
    world.pass(1)
    await world.settle()
    expect(await world.segments('a1')).toEqual([])
  })

  test('on time, too, where the process was away when the time came', async () => {
    world = await EventWorld.open()
    await world.rules({ search: {} }, { hour: { rule: 'FREQUENCY([search] <= 60M) >= 1' } })
    await world.collect(world.event('a1', [1]))
    await world.desk.close()
    world.pass(2 * HOUR_MS)
    await world.start()
    expect(await world.segments('a1')).toEqual([])
  })

  test('when the trait forgets, and when the segment’s own days are over', async () => {
    world = await EventWorld.open()
    await world.rules(
      { short: { ttlDays: 2 }, long: {} },
      { byTrait: { rule: 'short' }, byDays: { rule: 'long', ttlDays: 3 } },
    )
    await world.collect(world.event('a1', [1, 2]))
    expect(await world.segments('a1')).toEqual([101, 102])
    world.pass(3 * DAY_MS)
    await world.settle()
    expect(await world.segments('a1')).toEqual([102])
    world.pass(DAY_MS)
    await world.settle()
    expect(await world.segments('a1')).toEqual([])
  })
})

describe('a person of several ids', () => {
  const BOTH = { both: { rule: 'web AND app' } }

  test('is asked as a whole once it signs in, and both sides have their own again when the match goes', async () => {
    world = await EventWorld.open()
    await world.rules({ web: {}, app: {} }, BOTH)
    await world.collect(world.event('a1', [1]), world.event('u1', [2]))
    expect(await world.segments('a1')).toEqual([])
    const sameAs = { namespace: ANONYMOUS, value: 'a1' }
    await world.collect(world.event('u1', [], { sameAs }))
    expect([await world.segments('a1'), await world.segments('u1')]).toEqual([[101], [101]])
    await world.audience.unlink([
      { a: { namespace: USER, value: 'u1' }, b: { namespace: ANONYMOUS, value: 'a1' } },
    ])
    await world.settle()
    expect([await world.segments('a1'), await world.segments('u1')]).toEqual([[], []])
  })

  test('is split when the match runs out', async () => {
    world = await EventWorld.open()
    await world.rules({ web: {}, app: {} }, BOTH)
    await world.collect(world.event('a1', [1]), world.event('u1', [2]))
    await link('a1', 'u1', { owner: OWNER, expiryDay: dayOf(world.clock.now()) + 2 })
    await world.settle()
    expect(await world.segments('a1')).toEqual([101])
    world.pass(2 * DAY_MS)
    await world.settle()
    expect(await world.segments('a1')).toEqual([])
  })

  test('is not joined over a match that is another partner’s', async () => {
    world = await EventWorld.open()
    await world.rules({ web: {}, app: {} }, BOTH)
    await world.collect(world.event('a1', [1]), world.event('u1', [2]))
    await link('a1', 'u1', { owner: OWNER + 1 })
    await world.settle()
    expect(await world.segments('a1')).toEqual([])
  })

  test('keeps what is known of it when an id without history is matched with it', async () => {
    world = await EventWorld.open()
    await world.rules({ search: {} }, THRICE)
    await world.collect(world.event('a1', [1]), world.event('a1', [1]))
    await link('d1', 'a1')
    await world.settle()
    await world.collect(world.event('a1', [1]))
    expect(await world.segments('a1')).toEqual([101])
  })
})

describe('what is around a person', () => {
  test('an import into a segment that a rule asks for, and out of it, is felt', async () => {
    world = await EventWorld.open()
    await world.rules(
      { search: {} },
      { prospects: { rule: 'search AND NOT SEGMENT(clients)' }, clients: { rule: '' } },
    )
    await world.collect(world.event('a1', [1]))
    expect(await world.segments('a1')).toEqual([101])
    const line = { namespace: ANONYMOUS, value: 'a1', add: [{ segment: 102, ttlDays: 5 }] }
    await world.audience.assign([{ ...line, remove: [] }])
    await world.settle()
    expect(await world.segments('a1')).toEqual([102])
    world.pass(6 * DAY_MS)
    await world.settle()
    expect(await world.segments('a1')).toEqual([101])
  })

  test('a rule that is written, changed or taken away is asked of everybody', async () => {
    world = await EventWorld.open()
    await world.rules({ search: {} }, {})
    await world.collect(world.event('a1', [1]))
    await world.rules({ search: {} }, { once: { rule: 'search' } })
    await world.settle()
    expect(await world.segments('a1')).toEqual([101])
    await world.rules({ search: {} }, { once: { rule: 'FREQUENCY([search]) >= 2' } })
    await world.settle()
    expect(await world.segments('a1')).toEqual([])
    await world.collect(world.event('a1', [1]))
    expect(await world.segments('a1')).toEqual([101])
    await world.rules({ search: {} }, { once: { rule: '' } })
    await world.settle()
    expect(await world.segments('a1')).toEqual([])
  })

  test('nothing is learned of who is to be left alone', async () => {
    world = await EventWorld.open()
    await world.rules({ search: {} }, { once: { rule: 'search' } })
    await world.collect(world.event('a1', [1]))
    const id = { namespace: ANONYMOUS, value: 'a1' }
    await world.audience.suppress([id], { kind: 'opt_out' })
    await world.collect(world.event('a1', [1]))
    expect(await world.segments('a1')).toEqual([])
    expect((await world.store.histories.from(0, 10)).histories).toEqual([])
  })
})
