import { afterEach, describe, expect, it, vi } from 'vitest'
import { openAudience } from '../../audience/audience.ts'
import { dayOf } from '../../audience/clock.ts'
import { LIMITS } from '../../audience/limits.ts'
import { NAMESPACE_KIND } from '../../audience/namespace.ts'
import { Candidates } from '../../audience/people/candidates.ts'
import { PersonView } from '../../audience/people/person-view.ts'
import { KEY_WORDS, readKey } from '../../audience/people/user-key.ts'
import { Refused } from '../../audience/refusal.ts'
import { MemoryStore, WoundClock } from '../support/memory-store.ts'

const log = { info() {}, warn() {} }

function newStore() {
  const clock = new WoundClock()
  return { clock, store: new MemoryStore(clock) }
}

const line = { namespace: 9, value: 'a', add: [{ segment: 5, ttlDays: 30 }], remove: [] }

function matchOf(a: [number, string], b: [number, string]) {
  const days = { firstSeenDay: 1, lastSeenDay: 1, expiryDay: 30_000 }
  const ends = { a: { namespace: a[0], value: a[1] }, b: { namespace: b[0], value: b[1] } }
  return { ...ends, owner: 0, method: 0, ...days }
}

describe('the audience', () => {
  afterEach(() => void vi.useRealTimers())

  it('is ready at once on a store that answers, and finds who was assigned, in every process', async () => {
    const { store, clock } = newStore()
    const desk = await openAudience({ store, clock, log, changePollMs: 1e9 })
    const bid = await openAudience({ store, clock, log, changePollMs: 1e9 })
    expect([desk.ready(), bid.ready()]).toEqual([true, true])
    const candidates = new Candidates()
    const words = new Uint32Array(KEY_WORDS)
    readKey(bid.userKeys()!.of(9, 'a'), words, 0)
    candidates.add(words, 0, 9)
    const view = new PersonView()
    const recall = () => bid.recall(candidates, dayOf(clock.now()), view)
    expect(recall()).toBe('stranger')
    expect(await desk.assign([line])).toEqual([])
    expect(recall()).toBe('stranger')
    await bid.poke()
    expect([recall(), view.segment[0]]).toEqual(['known', 5])
    expect(bid.counts()).toMatchObject({ hits: 0, negatives: 1, misses: 2, people: 1 })
    await Promise.all([desk.close(), bid.close()])
  })

  it('opens without its store, and becomes ready by itself', async () => {
    vi.useFakeTimers()
    const { store, clock } = newStore()
    const secret = store.secret
    store.secret = undefined
    store.people.failure = new Error('gone')
    const audience = await openAudience({ store, clock, log })
    expect([audience.ready(), audience.userKeys()]).toEqual([false, undefined])
    await expect(audience.assign([line])).rejects.toThrow(Refused)
    await expect(audience.link([])).rejects.toThrow(Refused)
    store.secret = secret
    store.people.failure = undefined
    await vi.advanceTimersByTimeAsync(LIMITS.secretRetryMs)
    expect(audience.ready()).toBe(true)
    expect(await audience.assign([line])).toEqual([])
    await audience.close()
  })

  it('opens within a bound on a store that says nothing at all', async () => {
    vi.useFakeTimers()
    const { store, clock } = newStore()
    store.rootSecret = () => new Promise(() => {})
    const opening = openAudience({ store, clock, log })
    await vi.advanceTimersByTimeAsync(LIMITS.openWaitMs)
    const audience = await opening
    expect(audience.ready()).toBe(false)
    await audience.close()
  })

  it('takes from the catalog which namespaces have one value per person', async () => {
    const { store, clock } = newStore()
    const audience = await openAudience({ store, clock, log })
    const both = [matchOf([20, '1'], [9, 'a']), matchOf([20, '2'], [9, 'a'])]
    const crm = { name: 'crm', number: 20, kind: 'crm', owner: 'shop', maxPerPerson: 1 }
    await store.catalog.write([{ kind: NAMESPACE_KIND, id: 'crm', value: crm }])
    await audience.poke()
    expect(await audience.link(both)).toEqual([
      { ok: true },
      { ok: false, reason: 'one_per_person' },
    ])
    await audience.unlink([both[0]!])
    expect(await audience.link([both[1]!])).toEqual([{ ok: true }])
    await audience.close()
  })
})
