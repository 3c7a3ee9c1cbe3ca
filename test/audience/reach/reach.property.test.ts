import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Clock, DAY_MS, dayOf, systemClock } from '../../../audience/clock.ts'
import { openReach, type Reach } from '../../../audience/reach/reach.ts'
import { openEmbeddedStore } from '../../../audience/store/embedded/embedded-store.ts'
import { openRedisStore } from '../../../audience/store/redis/open-redis-store.ts'
import type { PeopleStore, Store } from '../../../audience/store/store.ts'
import { MemoryPeople } from '../../support/memory-store.ts'
import { type Random, seeded } from '../../support/random.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { edgeOf, idOf, namespaceOf } from '../people/world.ts'
import { patientMs } from '../store/redis-world.ts'
import { NaiveReach } from './naive-reach.ts'

const SEED = Number(process.env['SEED'] ?? 5_707)
const NAMES = Array.from({ length: 24 }, (_, i) => (i % 4 === 0 ? `crm${i}` : `web${i}`))
const SEGMENTS = 6
const RECIPIENTS = [1, 2]

/** Its dates are wound; how long things take is not. */
class DatedClock implements Clock {
  nowMs = 20_000 * DAY_MS
  now(): number {
    return this.nowMs
  }
  elapsed(): number {
    return systemClock.elapsed()
  }
}

describe('reach is what a naive count over the store says, whatever happened', () => {
  let server: RedisServer
  let folder: string
  beforeAll(async () => {
    server = await startRedisServer()
    folder = mkdtempSync(join(tmpdir(), 'passerelle-reach-'))
  })
  afterAll(async () => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('over the embedded store', async () => {
    for (let world = 0; world < 6; world++) {
      const clock = new DatedClock()
      const random = seeded(SEED + world)
      // Some logs are so short that a reader falls off.
      const logEntriesMax = world % 2 === 0 ? 1_000_000 : 5
      const store = await openEmbeddedStore(join(folder, String(world)), { clock, logEntriesMax })
      await liveThrough({ random, clock, people: store.people, steps: 120 })
      await store.close()
    }
  })

  test('over Redis', async () => {
    for (let world = 0; world < 3; world++) {
      const clock = new DatedClock()
      const url = `redis://127.0.0.1:${server.port}/${world}?buckets=64`
      const options = { clock, dataDir: folder, recallDeadlineMs: patientMs }
      const store: Store = await openRedisStore(url, options)
      const random = seeded(SEED + 100 + world)
      await liveThrough({ random, clock, people: store.people, steps: 100 })
      await store.close()
    }
  })

  test('over many small lives in memory', async () => {
    for (let world = 0; world < 100; world++) {
      const clock = new DatedClock()
      const people = new MemoryPeople(clock)
      people.isAsync = world % 2 === 0
      if (world % 3 === 0) people.logMax = 4
      await liveThrough({ random: seeded(SEED + 200 + world), clock, people, steps: 80 })
    }
  })
})

interface Scene {
  random: Random
  clock: DatedClock
  people: PeopleStore
  reach: Reach
}

async function liveThrough({
  steps,
  ...world
}: Omit<Scene, 'reach'> & { steps: number }): Promise<void> {
  const open = () =>
    openReach({ people: world.people, clock: world.clock, bidChannel: 0, followMs: 3_600_000 })
  const scene: Scene = { ...world, reach: open() }
  const told: string[] = []
  for (let step = 0; step < steps; step++) {
    told.push(await act(scene))
    if (scene.random() < 0.05) {
      await scene.reach.close()
      scene.reach = open()
      told.push('restart')
    }
    if (scene.random() < 0.3) await compare(scene, told)
  }
  await compare(scene, told)
  await scene.reach.close()
}

async function act({ random, clock, people, reach }: Scene): Promise<string> {
  const today = dayOf(clock.now())
  const a = random.pick(NAMES)
  const b = random.pick(NAMES)
  const untilDay = today + random.int(5)
  const what = random()
  if (what < 0.35) {
    const segment = random.int(SEGMENTS)
    const remove = random() < 0.3 ? [(segment + 1) % SEGMENTS] : []
    const add = random() < 0.8 ? [{ segment, expiryDay: untilDay }] : []
    await people.assign([{ key: idOf(a).key, add, remove }])
    return `assign ${a} ${segment} to ${untilDay}, remove ${remove}`
  }
  if (what < 0.6) {
    if (a === b) return 'nothing'
    const seen = { firstSeenDay: today - 9, lastSeenDay: today - random.int(9) }
    await people.link([{ ...edgeOf(a, b, untilDay, random.int(2)), ...seen }])
    return `link ${a} ${b} to ${untilDay}`
  }
  if (what < 0.7) {
    await people.unlink([{ a: idOf(a), b: idOf(b) }])
    return `unlink ${a} ${b}`
  }
  if (what < 0.85) {
    const firstDay = today - random.int(9)
    const entry = { channel: random.int(2), reference: '', firstDay, lastDay: firstDay }
    const segments = [random.int(SEGMENTS)]
    const notes = [
      { key: idOf(a).key, entries: [{ ...entry, recipient: random.pick(RECIPIENTS), segments }] },
    ]
    await people.noteEgress(notes)
    reach.noteEgress(notes)
    return `give ${a}`
  }
  if (what < 0.9) {
    await people.forget([idOf(a).key])
    return `forget ${a}`
  }
  if (what < 0.92) {
    await people.suppress([{ key: idOf(a).key, kind: 'erased' }])
    return `suppress ${a}`
  }
  clock.nowMs += (random() < 0.2 ? 8 : 1) * DAY_MS
  return 'a day passed'
}

async function compare({ random, clock, people, reach }: Scene, told: string[]): Promise<void> {
  const today = dayOf(clock.now())
  const some = () => Array.from({ length: random.int(3) }, () => random.int(SEGMENTS))
  const index = await reach.upToDate()
  const naive = await NaiveReach.read(people, today)
  const why = told.join('\n')
  const crm = namespaceOf('crm')
  for (let asks = 0; asks < 4; asks++) {
    const asked = { any: some(), all: some(), none: some() }
    const says = `${JSON.stringify(asked)} after\n${why}`
    const inAudience = index.people(asked)
    expect(inAudience.count(), says).toBe(naive.count(asked))
    expect(index.withIdIn(crm).countWith(inAudience), says).toBe(
      naive.count(asked, ({ namespaces }) => namespaces.has(crm)),
    )
    const since = today - random.int(9)
    const met = index.metSince(since, (namespace) => namespace !== crm)
    expect(met.countWith(inAudience), says).toBe(
      naive.count(asked, ({ namespaces }) =>
        [...namespaces].some(([namespace, day]) => namespace !== crm && day >= since),
      ),
    )
    const recipient = random.pick(RECIPIENTS)
    const segments = some()
    expect(index.given(recipient, segments).countWith(inAudience), says).toBe(
      naive.count(asked, ({ given }) => segments.some((one) => given.has(`${recipient} ${one}`))),
    )
    expect(index.seen(recipient).countWith(inAudience), says).toBe(
      naive.count(asked, ({ seen }) => (seen.get(recipient) ?? 0) > today - 7),
    )
  }
}
