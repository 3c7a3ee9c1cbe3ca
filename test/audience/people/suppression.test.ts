import { describe, expect, it } from 'vitest'
import { assignMemberships } from '../../../audience/people/memberships.ts'
import { assignmentOf, edgeOf, idOf, keys, namespaceOf, openWorld } from './world.ts'

const LATER = 30_000

describe('a suppressed person', () => {
  it('is opted out by whichever id of the request is suppressed, and however the others are known', async () => {
    const { store, ask } = openWorld()
    await store.assign([assignmentOf('known', [[1, LATER]])])
    await store.suppress([{ key: idOf('gone').key, kind: 'opt_out' }])
    for (const ids of [['gone'], ['known', 'gone'], ['gone', 'known'], ['x', 'known', 'y', 'gone']])
      expect(await ask(...ids)).toMatchObject({ word: 'opted_out', segments: [], foundBy: -1 })
    expect(await ask('known', 'x')).toMatchObject({ word: 'known', segments: [1] })
  })

  it('is opted out over a match that still leads to a suppressed id', async () => {
    const { store, ask } = openWorld()
    await store.suppress([{ key: idOf('gone').key, kind: 'erased' }])
    const half = edgeOf('b', 'gone', LATER)
    await store.assign([assignmentOf('a', [[1, LATER]])])
    await store.link([edgeOf('a', 'b', LATER)])
    store.keepHalf(half)
    expect(await ask('a')).toMatchObject({ word: 'opted_out', segments: [] })
  })

  it('waits for ids that are yet to be read, though an earlier one is known', async () => {
    const { store, ask } = openWorld()
    store.isAsync = true
    await store.assign([assignmentOf('a', [[1, LATER]])])
    await store.suppress([{ key: idOf('gone').key, kind: 'list' }])
    expect((await ask('a')).word).toBe('known')
    expect((await ask('a', 'gone')).word).toBe('opted_out')
  })

  it('is gone from the near-cache with the change that suppressed it', async () => {
    const { store, recall, ask } = openWorld()
    await store.assign([assignmentOf('a', [[1, LATER]])])
    expect((await ask('a')).word).toBe('known')
    const cursor = await store.changesEnd()
    await store.suppress([{ key: idOf('a').key, kind: 'erased' }])
    for (const { key } of store.changesSince(cursor, 10).entries) recall.forget(key)
    expect((await ask('a')).word).toBe('opted_out')
  })

  it('is told of line by line where memberships are imported', async () => {
    const { store, clock, ask } = openWorld()
    await store.suppress([{ key: idOf('gone').key, kind: 'erased' }])
    const line = (name: string) => ({
      namespace: namespaceOf(name),
      value: name,
      add: [{ segment: 4, ttlDays: 30 }],
      remove: [],
    })
    const lines = ['a', 'gone', '', 'b', 'gone'].map(line)
    const faults = await assignMemberships({ store, clock, keys }, lines)
    expect(faults.map((fault) => [fault.line, fault.reason])).toEqual([
      [1, 'suppressed'],
      [2, 'empty'],
      [4, 'suppressed'],
    ])
    expect((await ask('b')).segments).toEqual([4])
  })
})
