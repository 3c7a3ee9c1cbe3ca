import { describe, expect, it } from 'vitest'
import { DAY_MS } from '../../../audience/clock.ts'
import { LIMITS } from '../../../audience/limits.ts'
import { PersonView } from '../../../audience/people/person-view.ts'
import { reachable } from '../../../audience/people/reach.ts'
import { assignmentOf, candidatesOf, edgeOf, idOf, openWorld, segmentsOf } from './world.ts'

const LATER = 30_000

describe('recall', () => {
  it('answers at once, without a promise, where the store does', async () => {
    const { recall, store, today } = openWorld()
    await store.assign([assignmentOf('ann', [[5, LATER]])])
    const view = new PersonView()
    expect(recall.recall(candidatesOf('nobody', 'ann'), today(), view)).toBe('known')
    expect([segmentsOf(view), view.foundBy, view.nodes]).toEqual([[5], 1, 1])
    expect(recall.recall(candidatesOf('nobody'), today(), view)).toBe('stranger')
    expect([view.nodes, view.count, view.foundBy]).toEqual([0, 0, -1])
  })

  it('lets the first known id decide, whether or not the others are known', async () => {
    const { store, ask } = openWorld()
    await store.assign([assignmentOf('b', [[2, LATER]]), assignmentOf('c', [[3, LATER]])])
    expect(await ask('a', 'b', 'c')).toMatchObject({ word: 'known', segments: [2], foundBy: 1 })
    expect(await ask('c', 'b')).toMatchObject({ segments: [3], foundBy: 0 })
  })

  it('does not let a kept id decide while an earlier one is yet to be read', async () => {
    const { store, ask } = openWorld()
    store.isAsync = true
    await store.assign([assignmentOf('a', [[1, LATER]]), assignmentOf('b', [[2, LATER]])])
    expect((await ask('b')).segments).toEqual([2])
    expect((await ask('a', 'b')).segments).toEqual([1])
  })

  it('counts an id whose memberships and matches have all ended as unknown', async () => {
    const { store, ask, today } = openWorld()
    await store.assign([assignmentOf('a', [[1, today()]]), assignmentOf('b', [[2, LATER]])])
    await store.link([edgeOf('a', 'b', today())])
    expect(await ask('a', 'b')).toMatchObject({ segments: [2], foundBy: 1 })
    expect((await ask('a')).word).toBe('stranger')
  })

  it('counts an id that is only matched as known', async () => {
    const { store, ask } = openWorld()
    await store.link([edgeOf('a', 'b', LATER)])
    expect(await ask('a')).toMatchObject({ word: 'known', segments: [] })
  })

  it('reads all missing candidates in one batch, and each ring of neighbours in one more', async () => {
    const { store, ask } = openWorld()
    store.isAsync = true
    await store.assign(['a', 'b', 'c', 'd', 'e'].map((name, i) => assignmentOf(name, [[i, LATER]])))
    await store.link([edgeOf('a', 'b', LATER), edgeOf('a', 'c', LATER), edgeOf('c', 'd', LATER)])
    expect((await ask('x', 'a', 'y')).segments).toEqual([0, 1, 2, 3])
    expect(store.reads.map((batch) => batch.length)).toEqual([3, 2, 1])
    expect((await ask('x', 'a')).segments).toEqual([0, 1, 2, 3])
    expect(store.reads.length).toBe(3)
  })

  it('asks the store once for a thousand recalls of one id', async () => {
    const { store, ask, recall } = openWorld()
    await store.assign([assignmentOf('a', [[1, LATER]])])
    store.hold()
    const answers = Array.from({ length: 1_000 }, () => ask('a'))
    store.release()
    for (const { segments } of await Promise.all(answers)) expect(segments).toEqual([1])
    expect(store.reads.length).toBe(1)
    expect(recall.counts().reads).toMatchObject({ keys: 1, shared: 999 })
  })

  it('believes for half a minute that nobody has an id, and not longer', async () => {
    const { store, ask, clock } = openWorld()
    await ask('a')
    await ask('a')
    expect(store.reads.length).toBe(1)
    clock.wind(LIMITS.strangerMsMax)
    await ask('a')
    expect(store.reads.length).toBe(2)
  })

  it('serves a stale row at once and reads it anew behind the scenes, once', async () => {
    const { store, ask, clock, recall } = openWorld()
    store.isAsync = true
    await store.assign([assignmentOf('a', [[1, LATER]])])
    await ask('a')
    await store.assign([assignmentOf('a', [[2, LATER]])])
    clock.wind(LIMITS.freshMsMax)
    store.hold()
    for (let i = 0; i < 5; i++) expect((await ask('a')).segments).toEqual([1])
    expect(store.reads.length).toBe(2)
    store.release()
    await turn()
    expect((await ask('a')).segments).toEqual([1, 2])
    expect(store.reads.length).toBe(2)
    expect(recall.counts().stale).toBe(5)
  })

  it('reads a stale row anew before it answers, where the store answers at once', async () => {
    const { store, ask, clock } = openWorld()
    await store.assign([assignmentOf('a', [[1, LATER]])])
    await ask('a')
    await store.assign([assignmentOf('a', [[2, LATER]])])
    clock.wind(LIMITS.freshMsMax)
    expect((await ask('a')).segments).toEqual([1, 2])
  })

  it('goes on serving what it has while the store is out of reach, for ten minutes', async () => {
    const { store, ask, clock } = openWorld()
    store.isAsync = true
    await store.assign([assignmentOf('a', [[1, LATER]])])
    await ask('a')
    store.failure = new Error('gone')
    clock.wind(LIMITS.freshMsMax)
    for (let i = 0; i < 3; i++) {
      expect((await ask('a')).segments).toEqual([1])
      await turn()
    }
    // A failed refresh is not begun again at once.
    expect(store.reads.length).toBe(2)
    clock.wind(LIMITS.refreshPauseMs)
    await ask('a')
    expect(store.reads.length).toBe(3)
    clock.wind(LIMITS.staleMsMax)
    await expect(ask('a')).rejects.toThrow('gone')
  })

  it('rejects, and never throws, where the store is out of reach', async () => {
    const { store, recall, today } = openWorld()
    store.failure = new Error('gone')
    for (const isAsync of [false, true]) {
      store.isAsync = isAsync
      const answer = recall.recall(candidatesOf('a'), today(), new PersonView())
      await expect(answer).rejects.toThrow('gone')
    }
    store.failure = undefined
    expect(await recall.recall(candidatesOf('a'), today(), new PersonView())).toBe('stranger')
  })

  it('never keeps what was read before a change was seen', async () => {
    const { store, ask, recall } = openWorld()
    await store.assign([assignmentOf('a', [[1, LATER]])])
    store.hold()
    const early = ask('a')
    await store.assign([assignmentOf('a', [[2, LATER]], [1])])
    recall.forget(idOf('a').key)
    // Asked after the change: does not join the read that began before it.
    const late = ask('a')
    store.release()
    expect((await early).segments).toEqual([1])
    expect((await late).segments).toEqual([2])
    expect((await ask('a')).segments).toEqual([2])
    expect(store.reads.length).toBe(2)
  })

  it('keeps nothing of a read that was under way when all had to be forgotten', async () => {
    const { store, ask, recall } = openWorld()
    store.hold()
    const early = ask('a')
    await store.assign([assignmentOf('a', [[2, LATER]])])
    recall.forgetAll()
    store.release()
    expect((await early).word).toBe('stranger')
    expect((await ask('a')).segments).toEqual([2])
  })

  it('keeps what a late answer says, though nobody waits for it', async () => {
    const { store, recall, ask, today } = openWorld()
    await store.assign([assignmentOf('a', [[1, LATER]])])
    store.hold()
    void recall.recall(candidatesOf('a'), today(), new PersonView())
    store.release()
    await turn()
    expect((await ask('a')).segments).toEqual([1])
    expect(store.reads.length).toBe(1)
  })

  it('refuses more reads at once than its bound', async () => {
    const { store, ask, recall, today } = openWorld()
    store.hold()
    const view = new PersonView()
    const waiting = []
    for (let i = 0; i < LIMITS.readsMax; i += LIMITS.candidatesMax) {
      const names = Array.from({ length: LIMITS.candidatesMax }, (_, n) => `id ${i + n}`)
      waiting.push(recall.recall(candidatesOf(...names), today(), view))
    }
    await expect(ask('one more')).rejects.toThrow('too many')
    store.release()
    await Promise.all(waiting)
    expect((await ask('one more')).word).toBe('stranger')
  })

  it('follows the day: what ends tomorrow is gone tomorrow, without a change in the store', async () => {
    const { store, ask, clock, today } = openWorld()
    await store.assign([
      assignmentOf('a', [[1, today() + 1]]),
      assignmentOf('b', [[2, LATER]]),
      assignmentOf('c', [[3, LATER]]),
    ])
    await store.link([edgeOf('a', 'b', today() + 1), edgeOf('b', 'c', LATER)])
    expect((await ask('b')).segments).toEqual([1, 2, 3])
    clock.wind(DAY_MS)
    expect((await ask('b')).segments).toEqual([2, 3])
    expect((await ask('a')).word).toBe('stranger')
  })

  it('walks over at most 64 ids', async () => {
    const { store, ask } = openWorld()
    const names = Array.from({ length: 70 }, (_, i) => `n${i}`)
    await store.assign(names.map((name, i) => assignmentOf(name, [[i + 1, LATER]])))
    await store.link(names.slice(1).map((name, i) => edgeOf(names[i]!, name, LATER)))
    const { view, segments } = await ask('n0')
    expect([view.nodes, view.edges, segments.length]).toEqual([64, 63, 64])
  })
})

describe('reachable', () => {
  it('follows only edges of allowed owners, in both directions', async () => {
    const { store, ask } = openWorld()
    await store.assign([assignmentOf('a', [[1, LATER]])])
    await store.link([
      edgeOf('b', 'a', LATER, 0),
      edgeOf('b', 'c', LATER, 7),
      edgeOf('d', 'c', LATER, 0),
      edgeOf('a', 'd', LATER, 8),
      edgeOf('a', 'b', LATER, 8),
    ])
    const { view } = await ask('a')
    const reached = (...owners: number[]) => {
      const out = new Uint8Array(64)
      reachable(view, (owner) => owners.includes(owner), out)
      return out.subarray(0, view.nodes).reduce((sum, one) => sum + one, 0)
    }
    expect(view.nodes).toBe(4)
    expect([reached(), reached(0), reached(0, 7), reached(7), reached(8), reached(0, 8)]).toEqual([
      1, 2, 4, 1, 3, 4,
    ])
  })
})

/** Lets what was resolved run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
