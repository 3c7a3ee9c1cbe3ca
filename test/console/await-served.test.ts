import { expect, test } from 'vitest'
import { systemClock } from '../../audience/clock.ts'
import type { Presence } from '../../audience/store/store.ts'
import { LIMITS } from '../../console/limits.ts'
import { awaitServed } from '../../console/resources/await-served.ts'
import { MemoryPresence } from '../support/memory-presence.ts'

const LONG_MS = 60_000
const bid = (version: number, instance = 'host-1'): Presence => ({
  instance,
  process: 'bid 1',
  version,
})

/** A clock that runs a tenth of a second further each time it is asked. */
class HastyClock {
  #ms = 0
  now(): number {
    return this.elapsed()
  }
  elapsed(): number {
    return (this.#ms += 100)
  }
}

const since = (version: number, clock = systemClock) => ({
  version,
  sinceMs: clock.elapsed(),
  clock,
})

test('whoever serves the version or a later one has acknowledged it', async () => {
  const presence = new MemoryPresence(systemClock)
  await presence.announce(bid(7), LONG_MS)
  await presence.announce(bid(8, 'host-0'), LONG_MS)
  const { acknowledged, unconfirmed } = await awaitServed(presence, since(7))
  expect(acknowledged.map(({ instance }) => instance)).toEqual(['host-0', 'host-1'])
  expect(unconfirmed).toEqual([])
})

test('it waits for the last one', async () => {
  const presence = new MemoryPresence(systemClock)
  await presence.announce(bid(6), LONG_MS)
  const served = awaitServed(presence, since(7))
  await presence.announce(bid(7), LONG_MS)
  expect((await served).acknowledged).toHaveLength(1)
})

test('who says nothing in time is unconfirmed, and the answer does not wait longer', async () => {
  const presence = new MemoryPresence(systemClock)
  await presence.announce(bid(6), LONG_MS)
  await presence.announce(bid(7, 'host-2'), LONG_MS)
  const clock = new HastyClock()
  const served = await awaitServed(presence, since(7, clock))
  expect(served.unconfirmed).toEqual([{ instance: 'host-1', process: 'bid 1' }])
  expect(served.acknowledged).toHaveLength(1)
  expect(clock.elapsed()).toBeLessThan(LIMITS.ackWaitMsMax + 500)
})

test('a store that cannot say who is there leaves somebody unknown unconfirmed', async () => {
  const presence = new MemoryPresence(systemClock)
  presence.present = () => Promise.reject(new Error('out of reach'))
  const served = await awaitServed(presence, since(1, new HastyClock()))
  expect(served).toEqual({
    acknowledged: [],
    unconfirmed: [{ instance: 'unknown', process: 'unknown' }],
  })
})
