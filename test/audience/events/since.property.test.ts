import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dayOf } from '../../../audience/clock.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { ANONYMOUS, EventWorld, OWNER } from './event-world.ts'

// SEGMENT(x) SINCE: people are merged, taken apart and merged again while they come into x and leave it.

const HOUR_MS = 3_600_000
const X_HOURS = 72
const SINCE_HOURS = 48
/** Of x, and of those who are in it long enough. */
const [X, LONG] = [101, 102]
const IDS = ['a0', 'a1', 'a2', 'a3'] as const

const pair = fc
  .tuple(fc.nat(3), fc.nat(3))
  .filter(([a, b]) => a !== b)
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
const step = fc.record({
  passHours: fc.oneof(fc.nat(3), fc.integer({ min: 10, max: 50 })),
  shown: fc.oneof(fc.constant(undefined), fc.nat(3)),
  merge: fc.option(pair, { nil: undefined }),
  part: fc.option(pair, { nil: undefined }),
})

async function opened(ttlDays = 100): Promise<EventWorld> {
  const world = await EventWorld.open({ store: (clock) => new MemoryStore(clock) })
  await world.rules(
    { seen: { ttlDays }, other: {} },
    {
      x: { rule: `FREQUENCY([seen] <= ${X_HOURS}H) >= 1 OR FREQUENCY([other]) >= 2` },
      long: { rule: `SEGMENT(x) SINCE >= ${SINCE_HOURS}H` },
    },
  )
  return world
}

const end = (id: number) => ({ namespace: ANONYMOUS, value: IDS[id]! })
const match = ([a, b]: readonly [number, number]) => ({ a: end(a), b: end(b) })

async function merge(world: EventWorld, two: readonly [number, number]) {
  const today = dayOf(world.clock.now())
  const days = { firstSeenDay: today, lastSeenDay: today, expiryDay: today + 300 }
  await world.audience.link([{ ...match(two), owner: OWNER, method: 3, ...days }])
  await world.settle()
}

async function part(world: EventWorld, two: readonly [number, number]) {
  await world.audience.unlink([match(two)])
  await world.settle()
}

/** What is to hold, the slow way: since when each id is in x without a break. */
class Since {
  readonly #shownMs = new Map<number, number[]>()
  readonly #matches = new Map<string, readonly [number, number]>()
  readonly #sinceMs = new Map<number, number>()

  show = (id: number, ms: number) =>
    void this.#shownMs.set(id, [...(this.#shownMs.get(id) ?? []), ms])
  merge = (two: readonly [number, number]) => void this.#matches.set(two.join(), two)
  part = (two: readonly [number, number]) => void this.#matches.delete(two.join())

  look(nowMs: number): void {
    for (const id of this.#shownMs.keys()) {
      const isIn = this.#personOf(id).some((one) =>
        (this.#shownMs.get(one) ?? []).some((ms) => ms >= nowMs - X_HOURS * HOUR_MS),
      )
      if (!isIn) this.#sinceMs.delete(id)
      else if (!this.#sinceMs.has(id)) this.#sinceMs.set(id, nowMs)
    }
  }

  segments(id: number, nowMs: number): number[] {
    if (!this.#sinceMs.has(id)) return []
    const since = this.#personOf(id).map((one) => this.#sinceMs.get(one) ?? nowMs)
    return Math.min(...since) <= nowMs - SINCE_HOURS * HOUR_MS ? [X, LONG] : [X]
  }

  #personOf(id: number): number[] {
    const person = new Set([id])
    for (let size = 0; size < person.size; ) {
      size = person.size
      for (const [a, b] of this.#matches.values())
        if (person.has(a) || person.has(b)) person.add(a).add(b)
    }
    return [...person]
  }
}

test('is asked of the longest of a person’s ids, and each has its own again when they are taken apart', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 16 }), async (steps) => {
      const world = await opened()
      const since = new Since()
      try {
        for (const { passHours, shown, merge: joined, part: parted } of steps) {
          world.pass(passHours * HOUR_MS)
          await world.settle()
          since.look(world.clock.now())
          if (shown !== undefined) {
            since.show(shown, world.clock.now())
            await world.collect(world.event(IDS[shown]!, [1]))
            since.look(world.clock.now())
          }
          if (joined) {
            since.merge(joined)
            await merge(world, joined)
            since.look(world.clock.now())
          }
          if (parted) {
            since.part(parted)
            await part(world, parted)
            since.look(world.clock.now())
          }
          for (const [id, name] of IDS.entries())
            expect([name, await world.segments(name)]).toEqual([
              name,
              since.segments(id, world.clock.now()),
            ])
        }
      } finally {
        await world.close()
      }
    }),
    { numRuns: 50 },
  )
}, 120_000)

test('is what it was before on both sides of a merge that is taken back, and on both sides of the next', async () => {
  const world = await opened()
  try {
    await world.collect(world.event('a0', [1]))
    world.pass(40 * HOUR_MS)
    await world.collect(world.event('a1', [1]))
    world.pass(8 * HOUR_MS)
    await world.settle()
    for (let turn = 0; turn < 2; turn++) {
      expect([await world.segments('a0'), await world.segments('a1')]).toEqual([[X, LONG], [X]])
      await merge(world, [0, 1])
      expect([await world.segments('a0'), await world.segments('a1')]).toEqual([
        [X, LONG],
        [X, LONG],
      ])
      await part(world, [0, 1])
    }
    expect([await world.segments('a0'), await world.segments('a1')]).toEqual([[X, LONG], [X]])
  } finally {
    await world.close()
  }
})

test('goes on for a person where all that made it begin is forgotten', async () => {
  const world = await opened(2)
  try {
    await world.collect(world.event('a0', [1]))
    await merge(world, [0, 1])
    world.pass(40 * HOUR_MS)
    // Which does not end with the days of the first trait.
    await world.collect(world.event('a1', [2]), world.event('a1', [2]))
    for (let day = 0; day < 3; day++) {
      world.pass(8 * HOUR_MS)
      await world.settle()
      expect(await world.segments('a1')).toEqual([X, LONG])
      world.pass(16 * HOUR_MS)
    }
    expect(await world.segments('a0')).toEqual([])
  } finally {
    await world.close()
  }
})
