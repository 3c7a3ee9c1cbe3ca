import { afterEach, describe, expect, test } from 'vitest'
import { DAY_MS, dayOf } from '../../../audience/clock.ts'
import { openReach, type Reach, type ReachOptions } from '../../../audience/reach/reach.ts'
import { MemoryPeople, WoundClock } from '../../support/memory-store.ts'
import { assignmentOf, edgeOf, idOf } from '../people/world.ts'

const opened: Reach[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

function world(options: Partial<ReachOptions> = {}) {
  const clock = new WoundClock()
  const people = new MemoryPeople(clock)
  const open = () => {
    const reach = openReach({ people, clock, bidChannel: 0, followMs: 3_600_000, ...options })
    opened.push(reach)
    return reach
  }
  const until = dayOf(clock.now()) + 30
  const enter = (...names: string[]) =>
    people.assign(names.map((name) => assignmentOf(name, [[1, until]])))
  return { clock, people, open, enter, until }
}

const inOne = async (reach: Reach) => (await reach.upToDate()).people({ any: [1] }).count()

describe('reach', () => {
  test('counts who was there before it was opened, and who came and went since', async () => {
    const { people, open, enter } = world()
    await enter('a', 'b')
    const reach = open()
    expect(await inOne(reach)).toBe(2)
    await enter('c')
    await people.assign([assignmentOf('a', [], [1])])
    expect(await inOne(reach)).toBe(2)
    expect(reach.progress()).toEqual({ isReady: true, ids: 3, part: undefined })
  })

  test('a membership counts until its last day ends, and not a moment longer', async () => {
    const { clock, people, open, until } = world()
    await people.assign([assignmentOf('a', [[1, until]])])
    const reach = open()
    clock.nowMs = until * DAY_MS - 1
    expect(await inOne(reach)).toBe(1)
    clock.nowMs++
    expect(await inOne(reach)).toBe(0)
  })

  test('ids joined over several matches are one person until a match ends', async () => {
    const { clock, people, open, enter, until } = world()
    await enter('a', 'b', 'c', 'd')
    const reach = open()
    await people.link([
      edgeOf('a', 'b', until),
      edgeOf('c', 'd', until),
      edgeOf('b', 'c', until - 9),
    ])
    expect(await inOne(reach)).toBe(1)
    clock.nowMs += 21 * DAY_MS
    expect(await inOne(reach)).toBe(2)
    await people.unlink([{ a: idOf('a'), b: idOf('b') }])
    expect(await inOne(reach)).toBe(3)
  })

  test('who is suppressed is counted nowhere', async () => {
    const { people, open, enter } = world()
    await enter('a', 'b')
    const reach = open()
    await people.suppress([{ key: idOf('a').key, kind: 'opt_out' }])
    expect(await inOne(reach)).toBe(1)
  })

  test('a store that does not answer has no reach told, and is counted on when it does', async () => {
    const { people, open, enter } = world()
    const reach = open()
    expect(await inOne(reach)).toBe(0)
    people.failure = new Error('out of reach')
    await expect(inOne(reach)).rejects.toThrow('out of reach')
    people.failure = undefined
    await enter('a')
    expect(await inOne(reach)).toBe(1)
  })

  test('a change that could not be looked into is counted when it can be', async () => {
    const { people, open, enter } = world()
    const reach = open()
    expect(await inOne(reach)).toBe(0)
    await enter('a')
    const { recall } = people
    people.recall = () => Promise.reject(new Error('late'))
    await expect(inOne(reach)).rejects.toThrow('late')
    people.recall = recall
    expect(await inOne(reach)).toBe(1)
  })

  test('a read that fails while everybody is read does not begin it again', async () => {
    const { people, open, enter } = world()
    await enter('a')
    let walks = 0
    const walk = people.walk.bind(people)
    people.walk = (part) => {
      if (walks++ === 0) void enter('b')
      return walk(part)
    }
    const recall = people.recall.bind(people)
    let failures = 0
    people.recall = (keys) => (failures++ === 0 ? Promise.reject(new Error('late')) : recall(keys))
    expect(await inOne(open())).toBe(2)
    expect([walks, failures]).toEqual([3, 2])
  })

  test('with more ids than it may hold it tells none, says so, and tries again later', async () => {
    const { clock, people, open, enter } = world({ idsMax: 2 })
    await enter('a', 'b')
    const reach = open()
    expect(await inOne(reach)).toBe(2)
    await enter('c')
    await expect(inOne(reach)).rejects.toThrow('there are more than 2 ids')
    expect(reach.findings()).toMatchObject([{ finding: 'reach' }])
    await people.forget([idOf('a').key])
    await expect(inOne(reach)).rejects.toThrow('there are more than 2 ids')
    clock.wind(600_000)
    expect(await inOne(reach)).toBe(2)
    expect(reach.findings()).toEqual([])
  })

  test('numbers of ids that are gone are given to others before it is too many', async () => {
    const { people, open, enter } = world({ idsMax: 2 })
    await enter('a', 'b')
    const reach = open()
    expect(await inOne(reach)).toBe(2)
    await people.forget([idOf('a').key])
    await enter('c')
    expect(await inOne(reach)).toBe(2)
  })

  test('closing does not wait until everybody is read', async () => {
    const { people, open, enter } = world()
    await enter('a')
    people.walk = async function* () {
      for (;;) yield [{ key: idOf('a').key, bytes: new Uint8Array(0) }]
    }
    const reach = open()
    const asked = reach.upToDate()
    asked.catch(() => {})
    await reach.close()
    await expect(asked).rejects.toThrow('reach is closed')
  })
})
