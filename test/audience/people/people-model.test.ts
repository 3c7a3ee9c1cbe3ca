import { describe, expect, it } from 'vitest'
import { DAY_MS, dayOf } from '../../../audience/clock.ts'
import { followChanges } from '../../../audience/people/follow-changes.ts'
import { Links } from '../../../audience/people/link.ts'
import { NearCache } from '../../../audience/people/near-cache.ts'
import { PersonView } from '../../../audience/people/person-view.ts'
import { reachable } from '../../../audience/people/reach.ts'
import { Recall } from '../../../audience/people/recall.ts'
import { MemoryPeople, WoundClock } from '../../support/memory-store.ts'
import { type Random, seeded } from '../../support/random.ts'
import { PeopleModel } from './people-model.ts'
import { assignmentOf, candidatesOf, idOf, keys, namespaceOf, singles } from './world.ts'

const OWNERS = 3
const SEGMENTS = 12

/** Ids of two namespaces; the customer ids, one in four, allow one per person. */
const NAMES = Array.from({ length: 16 }, (_, i) => (i % 4 === 0 ? `crm${i}` : `web${i}`))
const isSingle = (name: string) => name.startsWith('crm')

describe('people', () => {
  for (const isAsync of [false, true]) {
    const store = isAsync ? 'a store that answers later' : 'a store that answers at once'
    it(`are what a plain model says, in every process that read the log, over ${store}`, async () => {
      const seed = Number(process.env['SEED'] ?? 4_411)
      for (let world = 0; world < 25; world++) await liveThrough(seeded(seed + world), isAsync)
    })
  }
})

async function liveThrough(random: Random, isAsync: boolean): Promise<void> {
  const clock = new WoundClock()
  const store = new MemoryPeople(clock)
  store.isAsync = isAsync
  // Some logs are so short that readers fall off.
  if (random() < 0.3) store.logMax = 4
  const model = new PeopleModel(isSingle)
  const processes = [openProcess(store, clock, 6), openProcess(store, clock, 1_000)]
  for (let step = 0; step < 100; step++) {
    const told = await act(random, { store, clock, model })
    for (let asks = random.int(3); asks > 0; asks--) {
      const { recall, follower } = random.pick(processes)
      await follower.poke()
      const names = Array.from({ length: 1 + random.int(3) }, () => random.pick(NAMES))
      const owners = Array.from({ length: OWNERS }, (_, owner) => owner).filter(
        () => random() < 0.6,
      )
      const says = await answer(recall, { names, owners, today: dayOf(clock.now()) })
      expect(says, `after ${told}, asked ${names} over ${owners}`).toEqual(
        model.answer(names, owners, dayOf(clock.now())),
      )
    }
  }
  for (const { follower } of processes) await follower.close()
}

function openProcess(store: MemoryPeople, clock: WoundClock, max: number) {
  const recall = new Recall(store, new NearCache({ clock, max }))
  const follower = followChanges({
    store,
    clock,
    onChange: ({ key }) => recall.forget(key),
    onGap: () => recall.forgetAll(),
    pollMs: 1e9,
  })
  return { recall, follower }
}

interface Scene {
  store: MemoryPeople
  clock: WoundClock
  model: PeopleModel
}

/** Something happens, in the store and in the model alike. */
async function act(random: Random, { store, clock, model }: Scene): Promise<string> {
  const today = dayOf(clock.now())
  const a = random.pick(NAMES)
  const b = random.pick(NAMES)
  const expiryDay = today + random.int(4)
  const what = random()
  if (what < 0.3) {
    const add: [number, number][] = [[random.int(SEGMENTS), expiryDay]]
    const remove = [random.int(SEGMENTS)].filter((segment) => segment !== add[0]![0])
    await store.assign([assignmentOf(a, add, remove)])
    model.assign(a, add, remove)
    return `assign ${a} ${add} ${remove}`
  }
  if (what < 0.7) {
    const owner = random.int(OWNERS)
    const deps = {
      store,
      clock,
      keys,
      rules: singles(namespaceOf('crm')),
    }
    const days = { method: 0, firstSeenDay: today, lastSeenDay: today, expiryDay }
    const request = { a: endOf(a), b: endOf(b), owner, ...days }
    const [outcome] = await links.link(deps, [request])
    const expected = model.link(a, b, { owner, expiryDay, today })
    expect(outcome?.ok === true ? 'ok' : outcome?.reason).toBe(expected)
    return `link ${a} ${b} of ${owner} to ${expiryDay}: ${expected}`
  }
  if (what < 0.8) {
    await store.unlink([{ a: idOf(a), b: idOf(b) }])
    model.unlink(a, b)
    return `unlink ${a} ${b}`
  }
  if (what < 0.87) {
    await store.forget([idOf(a).key])
    model.forget(a)
    return `forget ${a}`
  }
  // A day may pass while what is kept is still fresh.
  if (random() < 0.5) clock.nowMs += DAY_MS
  else clock.wind(random.int(120_000))
  return 'time passed'
}

const links = new Links()
const endOf = (name: string) => ({ namespace: namespaceOf(name), value: name })

async function answer(
  recall: Recall,
  ask: { names: string[]; owners: number[]; today: number },
): Promise<object> {
  const view = new PersonView()
  await recall.recall(candidatesOf(...ask.names), ask.today, view)
  const reached = new Uint8Array(64)
  reachable(view, (owner) => ask.owners.includes(owner), reached)
  const all = new Set<number>()
  const over = new Set<number>()
  for (let i = 0; i < view.count; i++) {
    all.add(view.segment[i]!)
    if (reached[view.node[i]!] === 1) over.add(view.segment[i]!)
  }
  const sorted = (segments: Set<number>) => [...segments].sort((x, y) => x - y)
  return { foundBy: view.foundBy, ids: view.nodes, all: sorted(all), over: sorted(over) }
}
