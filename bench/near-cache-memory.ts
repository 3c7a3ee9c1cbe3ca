import { fork } from 'node:child_process'
import { PerformanceObserver } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { dayOf, systemClock } from '../audience/clock.ts'
import { Candidates } from '../audience/people/candidates.ts'
import { NearCache } from '../audience/people/near-cache.ts'
import { PersonView } from '../audience/people/person-view.ts'
import { Recall } from '../audience/people/recall.ts'
import { KEY_WORDS, UserKeys } from '../audience/people/user-key.ts'
import type { PeopleStore, PersonRecord, UserKey } from '../audience/store/store.ts'
import { packEdges } from '../proto/edge-blob.ts'
import { packProfile } from '../proto/profile-blob.ts'
import { seeded } from '../test/support/random.ts'

const PEOPLE = 1_000_000
const SEED = 20_262
/** Different records, each shared by many people: made once, so that only the near-cache is measured. */
const RECORDS = 2_000
const SEGMENTS_EACH = 30
const SEGMENTS = 10_000
const DAYS = 90
/** One person in so many has a match, besides. */
const MATCHED_EVERY = 10
/** Recalls under churn, and how many of a hundred of them are of people not kept. */
const CHURN = 3_000_000
const NEW_PERCENT = 5
const TIMED = 2_000_000

export interface NearCacheFigures {
  people: number
  /** Growth of heap and array buffers, after a collection, divided by the people kept. */
  bytesPerPerson: number
  /** Longest pause of the garbage collector while people are recalled, forgotten and read anew. */
  gcPauseMsMax: number
  gcPauses: number
  /** Longest single recall meanwhile, its share of collections and rehashing included. */
  recallMsMax: number
  /** A hit on one id with 30 memberships, over all people at random. */
  hitNs: number
  /** The same over so few people that they stay in the processor's caches. */
  hotHitNs: number
}

/** Measures a near-cache with a million people in a process of its own, so that nothing else is counted. */
export function measureNearCache(): Promise<NearCacheFigures> {
  const child = fork(fileURLToPath(import.meta.url), [CHILD])
  return new Promise((resolve, reject) => {
    child.once('message', (figures) => resolve(figures as NearCacheFigures))
    child.once('exit', (code) => reject(new Error(`near-cache bench ended with ${code}`)))
  })
}

const CHILD = '--measure'

async function measure(): Promise<NearCacheFigures> {
  const people = new People()
  const before = heldBytes()
  const cache = new NearCache({ clock: systemClock, max: PEOPLE })
  const recall = new Recall(people.asStore(), cache)
  const asker = new Asker(people, recall)
  for (let person = 0; person < PEOPLE; person++) asker.ask(person)
  const kept = cache.counts().people
  const bytesPerPerson = (heldBytes() - before) / kept
  const hitNs = asker.time((random) => random.int(PEOPLE))
  const hotHitNs = asker.time((random) => random.int(1_000))
  const churned = await churn(asker)
  return { people: kept, bytesPerPerson, ...churned, hitNs, hotHitNs }
}

/** People come and go once the near-cache is full and warm: most recalls hit, the rest forget somebody. */
async function churn(asker: Asker) {
  const pauses: number[] = []
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) pauses.push(entry.duration)
  })
  observer.observe({ entryTypes: ['gc'] })
  const random = seeded(SEED)
  let newest = PEOPLE
  let recallMsMax = 0
  for (let i = 0; i < CHURN; i++) {
    const isNew = random.int(100) < NEW_PERCENT
    const person = isNew ? newest++ : newest - 1 - random.int(PEOPLE)
    const began = performance.now()
    asker.ask(person)
    recallMsMax = Math.max(recallMsMax, performance.now() - began)
    // The observer is told between turns of the event loop.
    if (i % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await new Promise((resolve) => setImmediate(resolve))
  observer.disconnect()
  return { gcPauseMsMax: Math.max(0, ...pauses), gcPauses: pauses.length, recallMsMax }
}

/** People by number: their keys, and a store that makes up who they are. */
class People {
  readonly #keys = new UserKeys(Buffer.alloc(32, 1))
  readonly #number = Buffer.alloc(8)
  readonly #records: PersonRecord[]

  constructor() {
    const random = seeded(SEED)
    this.#records = Array.from({ length: RECORDS }, (_, i) => recordOf(random, i))
  }

  writeKey(person: number, out: Uint32Array): void {
    this.#number.writeUInt32LE(person)
    this.#keys.hash(9, this.#number, 0, 8, out, 0)
  }

  asStore(): PeopleStore {
    const recall = (keys: readonly UserKey[]) =>
      keys.map((key) => this.#records[key.readUInt32LE(4) % RECORDS])
    return { recall } as Partial<PeopleStore> as PeopleStore
  }
}

function recordOf(random: ReturnType<typeof seeded>, index: number): PersonRecord {
  const today = dayOf(systemClock.now())
  const memberships = Array.from({ length: SEGMENTS_EACH }, () => ({
    segment: 1 + random.int(SEGMENTS),
    expiryDay: today + 1 + random.int(DAYS),
  }))
  const edges = packEdges(index % MATCHED_EVERY === 0 ? [edgeTo(index, today + DAYS)] : [])
  return { profile: packProfile(memberships), edges }
}

function edgeTo(index: number, expiryDay: number) {
  const days = { firstSeenDay: 1, lastSeenDay: 1, expiryDay }
  const key = Buffer.alloc(16, index)
  return {
    key,
    namespace: 1,
    value: 'an-id-of-36-characters-as-they-often-are',
    owner: 0,
    method: 0,
    ...days,
  }
}

/** Asks for one person at a time, with objects that are used again, as the bid path does. */
class Asker {
  readonly #people: People
  readonly #recall: Recall
  readonly #candidates = new Candidates()
  readonly #view = new PersonView()
  readonly #key = new Uint32Array(KEY_WORDS)
  readonly #today = dayOf(systemClock.now())

  constructor(people: People, recall: Recall) {
    this.#people = people
    this.#recall = recall
  }

  ask(person: number): void {
    this.#people.writeKey(person, this.#key)
    this.#askKey()
  }

  /** Nanoseconds of one recall; keys are made beforehand. */
  time(next: (random: ReturnType<typeof seeded>) => number): number {
    const random = seeded(SEED)
    const keys = new Uint32Array(KEY_WORDS * TIMED)
    for (let i = 0; i < TIMED; i++) {
      this.#people.writeKey(next(random), this.#key)
      keys.set(this.#key, i * KEY_WORDS)
    }
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < 3; round++) {
      const began = performance.now()
      for (let i = 0; i < TIMED; i++) {
        for (let w = 0; w < KEY_WORDS; w++) this.#key[w] = keys[i * KEY_WORDS + w]!
        this.#askKey()
      }
      best = Math.min(best, performance.now() - began)
    }
    return (best / TIMED) * 1e6
  }

  #askKey(): void {
    this.#candidates.reset()
    this.#candidates.add(this.#key, 0, 9)
    this.#recall.recall(this.#candidates, this.#today, this.#view)
  }
}

/** Bytes held by the heap and by array buffers, once garbage is collected. */
function heldBytes(): number {
  collectGarbage()
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

if (process.argv[2] === CHILD) {
  const figures = await measure()
  if (process.send) process.send(figures)
  else console.log(figures)
}
