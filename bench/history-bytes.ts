import { randomBytes } from 'node:crypto'
import { DAY_MS, dayOf, systemClock } from '../audience/clock.ts'
import type { Lesson } from '../audience/store/event-stores.ts'
import type { UserKey } from '../audience/store/store.ts'
import { packHistory } from '../proto/history-blob.ts'
import { seeded } from '../test/support/random.ts'
import { atMost, type Figure, told } from './figures.ts'
import { WeighedRedis } from './weighed-redis.ts'

const PEOPLE = 200_000
const TRAITS_EACH = 30
const SEGMENTS_EACH = 3
/** Traits and segments are chosen among so many; traits were shown within so many days. */
const TRAITS = 1_000
const SEGMENTS = 1_000
const DAYS = 90
const BATCH = 2_000
const SEED = 20_261_126
/** Of so many people a message each is remembered, too. */
const MESSAGES = 50_000

/**
 * What it takes in Redis to know a person: 30 traits shown at moments of their own, three segments by rule and its
 * turn of the wheel. Every key of the database counts, once the change log has aged.
 */
export function historyBytesFigures(say: (line: string) => void): Promise<Figure[]> {
  say(`  ${PEOPLE} people of ${TRAITS_EACH} traits in Redis`)
  return WeighedRedis.with(async (redis) => {
    const known = await teach(redis)
    await redis.ageLog()
    const bytes = await redis.bytesOf()
    for (let from = 0; from < known.length; from += BATCH)
      await redis.store.histories.learn(known.slice(from, from + BATCH).map(withMessage))
    const messages = (await redis.bytesOf(':seen:')) / MESSAGES
    return [
      atMost(`known person in Redis, ${TRAITS_EACH} traits`, 300, bytes / PEOPLE, ' B'),
      told('a message remembered for 7 days, so that it counts once', messages, ' B'),
    ]
  })
}

/** Some of those taught, as lessons that change nothing. */
async function teach({ store }: WeighedRedis): Promise<Lesson[]> {
  const known: Lesson[] = []
  const random = seeded(SEED)
  for (let from = 0; from < PEOPLE; from += BATCH) {
    const batch = Array.from({ length: BATCH }, () => lessonOf(random))
    await store.histories.learn(batch)
    for (const { key, history } of batch)
      if (known.length < MESSAGES) known.push(nothingNew(key, history))
  }
  return known
}

function lessonOf(random: ReturnType<typeof seeded>): Lesson {
  const nowMs = systemClock.now()
  const atMs = () => nowMs - random.int(DAYS * DAY_MS)
  const distinct = (count: number, of: number) => {
    const found = new Set<number>()
    while (found.size < count) found.add(1 + random.int(of))
    return [...found]
  }
  const traits = new Map(
    distinct(TRAITS_EACH, TRAITS).map((trait) => [trait, [{ atMs: atMs(), count: 1 }]]),
  )
  const segments = new Map(distinct(SEGMENTS_EACH, SEGMENTS).map((segment) => [segment, atMs()]))
  const history = packHistory({ wakeMs: nowMs + random.int(DAYS * DAY_MS), traits, segments })
  const expiryDay = dayOf(nowMs) + 1 + random.int(DAYS)
  const add = [...segments.keys()].map((segment) => ({ segment, expiryDay }))
  return { ...nothingNew(keyOf(random), history), held: NONE, add }
}

function nothingNew(key: UserKey, history: Uint8Array): Lesson {
  return { key, held: history, history, add: [], remove: [], messages: [] }
}

function withMessage(lesson: Lesson): Lesson {
  return { ...lesson, messages: [randomBytes(16)] }
}

function keyOf(random: ReturnType<typeof seeded>): UserKey {
  return Buffer.from(Array.from({ length: 16 }, () => random.int(256)))
}

const NONE = new Uint8Array(0)
