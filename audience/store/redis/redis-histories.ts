import { wakeOf } from '../../../proto/history-blob.ts'
import { mergeProfile } from '../../../proto/profile-blob.ts'
import { isSuppressed } from '../../../proto/suppression-mark.ts'
import { type Clock, dayOf } from '../../clock.ts'
import type {
  HistoryStep,
  HistoryStore,
  Lesson,
  LessonOutcome,
  SeenMessage,
} from '../event-stores.ts'
import { LIMITS as STORE_LIMITS } from '../limits.ts'
import type { UserKey } from '../store.ts'
import { packChange } from './change-codec.ts'
import { historyRemoval } from './forget.ts'
import { execAll, pipeScript, rethrow } from './ioredis.ts'
import { DONE_PARTS, doneOf, eventKeys, type Layout, logOf, seenOf, wheelOf } from './layout.ts'
import { doneWithScript, learnScript, seenScript } from './learn-script.ts'
import { LIMITS } from './limits.ts'
import { packParts } from './pack-parts.ts'
import { StoreUnreachable } from './store-unreachable.ts'
import { type Place, readRecords, swapRecords } from './swap.ts'
import { partsIn } from './walk.ts'
import { dueKeys } from './wheel.ts'
import type { Writer } from './writer.ts'

const DAY_S = 86_400

/** Histories in Redis: each in the slot of its record, and written with it in one script. */
export class RedisHistories implements HistoryStore {
  readonly #writer: Writer
  readonly #clock: Clock

  constructor(writer: Writer, clock: Clock) {
    this.#writer = writer
    this.#clock = clock
  }

  async read(keys: readonly UserKey[]): Promise<Uint8Array[]> {
    if (keys.length === 0) return []
    return this.#writer.write((place) => readHistories(place, keys))
  }

  async seen(messages: readonly SeenMessage[]): Promise<boolean[]> {
    if (messages.length === 0) return []
    const today = dayOf(this.#clock.now())
    const days = daysBack(today, LIMITS.seenInHandDays)
    const done = { keys: doneKeys(today), args: [joined(messages.map(({ message }) => message))] }
    return this.#writer.write(async ({ client, layout }) => {
      const pipeline = client.pipeline()
      pipeScript(pipeline, doneWithScript, done)
      const groups = byPartition(layout, messages)
      for (const [partition, places] of groups) {
        const keys = days.map((day) => seenOf(partition, day))
        const asked = joined(places.map((i) => messages[i]!.message))
        pipeScript(pipeline, seenScript, { keys, args: [asked] })
      }
      const [ofAll, ...own] = (await execAll(pipeline)) as number[][]
      return inPlaces(groups, own).map((found, i) => found === 1 || ofAll![i] === 1)
    })
  }

  async learn(batch: readonly Lesson[]): Promise<LessonOutcome[]> {
    const outcomes: LessonOutcome[] = []
    let pending = batch.map((_, i) => i)
    for (let round = 0; pending.length > 0; round++) {
      if (round === LIMITS.swapRoundsMax) throw new StoreUnreachable('contended')
      const lessons = pending.map((i) => batch[i]!)
      const isFirst = round === 0
      const said = await this.#writer.write((place) => this.#learnRound(place, lessons, isFirst))
      const late: number[] = []
      for (const [k, outcome] of said.entries())
        if (outcome === 'again') late.push(pending[k]!)
        else outcomes[pending[k]!] = outcome
      pending = late
    }
    return outcomes
  }

  due(nowMs: number, max: number): Promise<UserKey[]> {
    return this.#writer.write((place) => dueKeys(place, nowMs, max))
  }

  /** Whole buckets: as many as hold about so many. */
  from(position: number, max: number): Promise<HistoryStep> {
    return this.#writer.write(async (place) => {
      const { layout } = place
      const bucket = layout.bucketAt(position)
      const end = await bucketsHolding(place, bucket, max)
      const parts = await partsIn(place, { bucket, end, part: 'history' })
      return {
        histories: parts.map(({ key, bytes }) => ({ key, history: bytes })),
        next: end < layout.buckets ? layout.positionOf(end) : undefined,
      }
    })
  }

  async jobs(): Promise<ReadonlyMap<number, Uint8Array>> {
    const read = ({ client }: Place) => client.callBuffer('HGETALL', eventKeys.jobs).catch(rethrow)
    const pairs = (await this.#writer.write(read)) as Buffer[]
    const jobs = new Map<number, Uint8Array>()
    for (let i = 0; i < pairs.length; i += 2) jobs.set(Number(pairs[i]), pairs[i + 1]!)
    return jobs
  }

  async keepJobs(jobs: ReadonlyMap<number, Uint8Array | undefined>): Promise<void> {
    await this.#writer.write(({ client }) => {
      const pipeline = client.pipeline()
      for (const [number, job] of jobs)
        if (job) pipeline.hset(eventKeys.jobs, String(number), bufferOf(job))
        else pipeline.hdel(eventKeys.jobs, String(number))
      return execAll(pipeline)
    })
  }

  async #learnRound(
    place: Place,
    lessons: readonly Lesson[],
    isFirst: boolean,
  ): Promise<(LessonOutcome | 'again')[]> {
    const today = dayOf(this.#clock.now())
    const profiles = await profilesOf(place, lessons, isFirst)
    const isLeft = (i: number) => !isSuppressed(profiles[i]!, 0, profiles[i]!.length)
    const pipeline = place.client.pipeline()
    const groups = byPartition(place.layout, lessons, isLeft)
    for (const [partition, places] of groups) {
      const some = places.map((i) => ({ lesson: lessons[i]!, profile: profiles[i]! }))
      pipeScript(pipeline, learnScript, inputOf(place, some, { partition, today }))
    }
    const answers = inPlaces(groups, (await execAll(pipeline)) as number[][])
    const outcomes = lessons.map((_, i) => OUTCOMES[String(answers[i])] ?? 'suppressed')
    const gone = lessons.filter((_, i) => outcomes[i] === 'suppressed')
    await swapRecords(
      place,
      gone.flatMap(({ key, held }) => historyRemoval(key, held)),
    )
    return outcomes
  }
}

function daysBack(today: number, count: number): number[] {
  return Array.from({ length: count + 1 }, (_, back) => today - back)
}

/** Of each part its sets, as doneWithScript takes them. */
function doneKeys(today: number): string[] {
  const days = daysBack(today, STORE_LIMITS.seenDays)
  const parts = Array.from({ length: DONE_PARTS }, (_, part) => part)
  return parts.flatMap((part) => days.map((day) => doneOf(part, day)))
}

function joined(messages: readonly Buffer[]): Buffer {
  return messages.length === 1 ? messages[0]! : Buffer.concat(messages)
}

const OUTCOMES: Record<string, LessonOutcome | 'again'> = {
  '1': 'done',
  '0': 'again',
  '-1': 'changed',
}

/** Places of a batch by the partition of their keys; those that are wanted. */
function byPartition(
  layout: Layout,
  batch: readonly { key: UserKey }[],
  isWanted: (place: number) => boolean = () => true,
): ReadonlyMap<number, number[]> {
  const groups = new Map<number, number[]>()
  for (const [i, { key }] of batch.entries()) {
    if (!isWanted(i)) continue
    const partition = layout.partition(key)
    const group = groups.get(partition)
    if (group) group.push(i)
    else groups.set(partition, [i])
  }
  return groups
}

/** The answers of all groups, each in its place. */
function inPlaces(groups: ReadonlyMap<number, number[]>, replies: number[][]): number[] {
  const answers: number[] = []
  for (const [at, places] of [...groups.values()].entries())
    for (const [k, i] of places.entries()) answers[i] = replies[at]![k]!
  return answers
}

interface Told {
  lesson: Lesson
  profile: Uint8Array
}

function inputOf(
  { layout, logEntriesMax }: Place,
  told: readonly Told[],
  { partition, today }: { partition: number; today: number },
) {
  const keys = [logOf(partition), wheelOf(partition), seenOf(partition, today)]
  const parts: Part[] = []
  for (const one of told) {
    const bucket = layout.bucket(one.lesson.key)
    keys.push(layout.hash('profile', bucket), layout.hash('history', bucket))
    parts.push(layout.field(one.lesson.key), ...lessonParts(one, { bucket, today }))
  }
  return { keys, args: [logEntriesMax, (LIMITS.seenInHandDays + 1) * DAY_S, packParts(parts)] }
}

type Part = Uint8Array | string | number

function lessonParts(
  { lesson, profile }: Told,
  { bucket, today }: { bucket: number; today: number },
): Part[] {
  const { key, add, remove, held, history, messages } = lesson
  const blob = mergeProfile(profile, add, remove, today)
  const isSame = Buffer.compare(profile, blob) === 0
  const added = add.map(({ segment }) => segment)
  const change = isSame ? '' : packChange({ what: 'assign', key, added, removed: remove })
  return [profile, blob, held, history, change, bucket, wakeOf(history), joined(messages)]
}

/** Behind the last of the buckets, from one on, that hold so many histories; at most as many as are visited at once. */
async function bucketsHolding({ client, layout }: Place, first: number, max: number) {
  const pipeline = client.pipeline()
  const end = Math.min(first + LIMITS.visitChunk, layout.buckets)
  for (let bucket = first; bucket < end; bucket++) pipeline.hlen(layout.hash('history', bucket))
  const lengths = (await execAll(pipeline)) as number[]
  let count = 0
  const enough = lengths.findIndex((length) => (count += length) >= max)
  return enough < 0 ? end : first + enough + 1
}

/** As whoever learned read them, where all were; else, and where that was too early, as they are now. */
function profilesOf(
  place: Place,
  lessons: readonly Lesson[],
  isFirst: boolean,
): Promise<Uint8Array[]> | Uint8Array[] {
  const read = isFirst ? lessons.flatMap(({ profile }) => profile ?? []) : []
  if (read.length === lessons.length) return read
  return readRecords(
    place,
    lessons.map(({ key }) => ({ key, part: 'profile' })),
  )
}

function readHistories(place: Place, keys: readonly UserKey[]): Promise<Uint8Array[]> {
  return readRecords(
    place,
    keys.map((key) => ({ key, part: 'history' })),
  )
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
