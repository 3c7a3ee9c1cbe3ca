import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../audience/limits.ts'
import { followChanges } from '../../../audience/people/follow-changes.ts'
import type { Changes } from '../../../audience/store/store.ts'
import { MemoryPeople, WoundClock } from '../../support/memory-store.ts'
import { assignmentOf, idOf } from './world.ts'

function open(pollMs = 1e9) {
  const clock = new WoundClock()
  const store = new MemoryPeople(clock)
  const told: string[] = []
  const follower = followChanges({
    store,
    clock,
    onChange: ({ key }) => told.push(key.toString('hex')),
    onGap: () => told.push('gap'),
    pollMs,
  })
  const write = (...names: string[]) => store.assign(names.map((name) => assignmentOf(name, [])))
  /** What was told since this was last asked. */
  const news = () => told.splice(0)
  return { clock, store, follower, write, news }
}

const hex = (name: string) => idOf(name).key.toString('hex')

describe('the change follower', () => {
  it('starts clean, then tells exactly what changed, once and in order', async () => {
    const { follower, write, news } = open()
    await write('before')
    await follower.poke()
    expect(news()).toEqual(['gap'])
    await write('a', 'b')
    await follower.poke()
    await follower.poke()
    expect(news()).toEqual([hex('a'), hex('b')])
    expect(follower.counts()).toEqual({ changes: 2, gaps: 1, failures: 0 })
    await follower.close()
  })

  it('reads a long log to its end', async () => {
    const { follower, write, news } = open()
    await follower.poke()
    await write(...Array.from({ length: LIMITS.changesMax * 2 + 3 }, (_, i) => `n${i}`))
    await follower.poke()
    expect(news().length).toBe(1 + LIMITS.changesMax * 2 + 3)
    await follower.close()
  })

  it('starts clean where the log no longer reaches back', async () => {
    const { follower, store, write, news } = open()
    await follower.poke()
    store.logMax = 2
    await write('a', 'b', 'c')
    await follower.poke()
    expect(news()).toEqual(['gap', 'gap'])
    await write('d')
    await follower.poke()
    expect(news()).toEqual([hex('d')])
    await follower.close()
  })

  it('makes up for failed reads, and starts clean after a long time without one', async () => {
    const { follower, store, clock, write, news } = open()
    await follower.poke()
    news()
    store.failure = new Error('gone')
    await write('a')
    await follower.poke()
    expect([news(), follower.counts().failures]).toEqual([[], 1])
    store.failure = undefined
    await follower.poke()
    expect(news()).toEqual([hex('a')])
    store.failure = new Error('gone')
    clock.wind(LIMITS.changeGapMsMax + 1)
    await follower.poke()
    store.failure = undefined
    await follower.poke()
    expect(news()).toEqual(['gap'])
    await follower.close()
  })

  it('starts by itself once the store is there', async () => {
    const { follower, store, write, news } = open()
    store.failure = new Error('gone')
    await follower.poke()
    expect(news()).toEqual([])
    store.failure = undefined
    await write('a')
    await follower.poke()
    expect(news()).toEqual(['gap'])
    await follower.close()
  })

  it('reads once more for a poke that came while it was reading', async () => {
    const { follower, store, write, news } = open()
    await follower.poke()
    news()
    const since = store.changesSince.bind(store)
    let answer = () => {}
    const slow = new Promise<void>((resolve) => {
      answer = resolve
    })
    // Like a store whose answer, made before the write, is on its way for long.
    store.changesSince = ((cursor: string, max: number) => {
      const changes: Changes = since(cursor, max)
      return slow.then(() => changes)
    }) as never
    const first = follower.poke()
    await write('a')
    const second = follower.poke()
    expect(follower.poke()).toBe(second)
    answer()
    await first
    expect(news()).toEqual([])
    await second
    expect(news()).toEqual([hex('a')])
    await follower.close()
  })

  it('polls by itself', async () => {
    const { follower, write, news } = open(1)
    await follower.poke()
    await write('a')
    while (follower.counts().changes === 0) await new Promise((resolve) => setImmediate(resolve))
    expect(news()).toEqual(['gap', hex('a')])
    await follower.close()
  })
})
