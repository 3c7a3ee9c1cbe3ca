import { describe, expect, it } from 'vitest'
import { DAY_MS } from '../../../audience/clock.ts'
import { LIMITS } from '../../../audience/limits.ts'
import {
  assignMemberships,
  expiryDayOf,
  type MembershipLine,
} from '../../../audience/people/memberships.ts'
import { keys, openWorld } from './world.ts'

function line(value: string, add: number[], remove: number[] = []): MembershipLine {
  return { namespace: 9, value, add: add.map((segment) => ({ segment, ttlDays: 30 })), remove }
}

describe('memberships', () => {
  it('hold for their days at least, and to the end of the last', () => {
    expect(expiryDayOf(100 * DAY_MS, 30)).toBe(130)
    expect(expiryDayOf(100 * DAY_MS + 1, 30)).toBe(131)
  })

  it('are assigned in the order of the lines, the last word on each segment counting', async () => {
    const { store, clock, ask } = openWorld()
    const lines = [line('a', [1, 2]), line('b', [3]), line('a', [4], [1]), line('a', [5], [5])]
    expect(await assignMemberships({ store, clock, keys }, lines)).toEqual([])
    expect([(await ask('a')).segments, (await ask('b')).segments]).toEqual([[2, 4], [3]])
  })

  it('begin when the line says so', async () => {
    const { store, clock, ask } = openWorld()
    const atMs = clock.now() - 31 * DAY_MS
    const lines = [
      { ...line('a', [1]), atMs },
      { ...line('b', [1]), atMs: atMs + 2 * DAY_MS },
    ]
    await assignMemberships({ store, clock, keys }, lines)
    expect([(await ask('a')).word, (await ask('b')).word]).toEqual(['stranger', 'known'])
  })

  it('keep nothing of a line whose id is none, and all of the rest', async () => {
    const { store, clock, ask } = openWorld()
    const lines = [line('', [1]), line('a', [1]), line('x'.repeat(513), [1]), line('a\tb', [1])]
    const faults = await assignMemberships({ store, clock, keys }, lines)
    expect(faults.map((fault) => [fault.line, fault.reason])).toEqual([
      [0, 'empty'],
      [2, 'too_long'],
      [3, 'control_bytes'],
    ])
    expect((await ask('a')).segments).toEqual([1])
  })

  it('are written in bounded batches, one entry per id', async () => {
    const { store, clock, ask } = openWorld()
    const sizes: number[] = []
    const assign = store.assign.bind(store)
    store.assign = async (batch) => {
      sizes.push(batch.length)
      return assign(batch)
    }
    const count = LIMITS.writeBatchMax
    const lines = Array.from({ length: count * 2 + 5 }, (_, i) => line(`p${i}`, [7]))
    await assignMemberships({ store, clock, keys }, [...lines, line('p0', [8])])
    expect(sizes).toEqual([count, count, 6])
    expect((await ask('p0')).segments).toEqual([7, 8])
  })
})
