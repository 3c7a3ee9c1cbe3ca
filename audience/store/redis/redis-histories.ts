import { wakeOf } from '../../../proto/history-blob.ts'
import { mergeProfile } from '../../../proto/profile-blob.ts'
import { isSuppressed } from '../../../proto/suppression-mark.ts'
import { type Clock, dayOf } from '../../clock.ts'
import type {
  HistoryStep,
  HistoryStore,
  Lesson,
  LessonOutcome,
  RecalledHistory,
  SeenMessage,
} from '../event-stores.ts'
import { LIMITS as STORE_LIMITS } from '../limits.ts'
import type { UserKey } from '../store.ts'
import { packChange } from './change-codec.ts'
import { historyRemoval } from './forget.ts'
import { execAll, rethrow, runScript } from './ioredis.ts'
import {
  eventKeys,
  type Layout,
  logOf,
  type Part as RecordPart,
  seenOf,
  wheelOf,
} from './layout.ts'
import { learnScript, seenScript } from './learn-script.ts'
import { LIMITS } from './limits.ts'
import { recordsAt } from './lookup.ts'
import { NextTurn } from './next-turn.ts'
import { packParts } from './pack-parts.ts'
import { SeenQuestion } from './seen-question.ts'
import { StoreUnreachable } from './store-unreachable.ts'
import { type Place, readRecords, swapRecords } from './swap.ts'
import { partsIn } from './walk.ts'
import { dueKeys, firstTurn } from './wheel.ts'
import type { Writer } from './writer.ts'

const DAY_S = 86_400
/** What is read of an id together. */
const PARTS: readonly RecordPart[] = ['profile', 'edges', 'history']

/** Histories in Redis: each in the slot of its record, and written with it in one script. */
export class RedisHistories implements HistoryStore {
  readonly #writer: Writer
  readonly #clock: Clock
  readonly #daysAtIds: () => number
  readonly #nextTurn: NextTurn

  /** `daysAtIds`: days before today of which messages may be remembered at ids alone. */
  constructor(writer: Writer, { clock, daysAtIds }: { clock: Clock; daysAtIds: () => number }) {
    this.#writer = writer
    this.#clock = clock
    this.#daysAtIds = daysAtIds
    this.#nextTurn = new NextTurn(clock)
  }

  async read(keys: readonly UserKey[]): Promise<Uint8Array[]> {
    if (keys.length === 0) return []
    return this.#writer.write((place) => readHistories(place, keys))
  }

  async recall(keys: readonly UserKey[]): Promise<RecalledHistory[]> {
    if (keys.length === 0) return []
    const refs = keys.flatMap((key) => PARTS.map((part) => ({ key, part })))
    const read = await this.#writer.write((place) => readRecords(place, refs))
    return keys.map((_, i) => {
      const [profile, edges, history] = read.slice(PARTS.length * i, PARTS.length * (i + 1))
      return { record: recordsAt([profile!, edges!], 0, 1)[0], history: history! }
    })
  }

  async seen(messages: readonly SeenMessage[]): Promise<boolean[]> {
    if (messages.length === 0) return []
    const today = dayOf(this.#clock.now())
    return this.#writer.write(async ({ client, layout }) => {
      const asked = new SeenQuestion(messages, { layout, today, daysAtIds: this.#daysAtIds() })
      return asked.answeredBy((await runScript(client, seenScript, asked.input)) as number[])
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

  async due(nowMs: number, max: number): Promise<UserKey[]> {
    if (this.#nextTurn.isBehind(nowMs)) return []
    return this.#writer.write(async (place) => {
      this.#nextTurn.forget()
      const due = await dueKeys(place, nowMs, max)
      if (due.length === 0) await this.#nextTurn.ask(() => firstTurn(place))
      return due
    })
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
    const profiles = await profilesOf(place, lessons, isFirst)
    const isLeft = (i: number) => !isSuppressed(profiles[i]!, 0, profiles[i]!.length)
    const told = lessons.flatMap((lesson, i) =>
      isLeft(i) ? { lesson, profile: profiles[i]!, place: i } : [],
    )
    const answers = await this.#tell(place, told)
    const outcomes = lessons.map((_, i) => OUTCOMES[String(answers.get(i))] ?? 'suppressed')
    const gone = lessons.filter((_, i) => outcomes[i] === 'suppressed')
    await swapRecords(
      place,
      gone.flatMap(({ key, held }) => historyRemoval(key, held)),
    )
    return outcomes
  }

  /** In the order of their keys, so that ids of one partition stand together. What was answered, by place. */
  async #tell(place: Place, told: Told[]): Promise<ReadonlyMap<number, number>> {
    for (const { lesson } of told) this.#nextTurn.set(wakeOf(lesson.history))
    const today = dayOf(this.#clock.now())
    const inOrder = told.sort((a, b) => a.lesson.key[0]! - b.lesson.key[0]!)
    const runs: Promise<unknown>[] = []
    for (let from = 0; from < inOrder.length; from += LIMITS.learnChunk) {
      const some = inOrder.slice(from, from + LIMITS.learnChunk)
      runs.push(runScript(place.client, learnScript, inputOf(place, some, today)))
    }
    const answers = ((await Promise.all(runs)) as number[][]).flat()
    return new Map(inOrder.map(({ place: at }, i) => [at, answers[i]!]))
  }
}

function joined(messages: readonly Buffer[]): Buffer {
  return messages.length === 1 ? messages[0]! : Buffer.concat(messages)
}

const OUTCOMES: Record<string, LessonOutcome | 'again'> = {
  '1': 'done',
  '0': 'again',
  '-1': 'changed',
}

interface Told {
  lesson: Lesson
  profile: Uint8Array
  /** In its batch. */
  place: number
}

function inputOf({ layout, logEntriesMax }: Place, told: readonly Told[], today: number) {
  const keys: string[] = []
  const parts: Part[] = []
  for (const [partition, ofIt] of byPartition(layout, told)) {
    keys.push(logOf(partition), wheelOf(partition), seenOf(partition, today))
    parts.push(ofIt.length)
    for (const one of ofIt) {
      const bucket = layout.bucket(one.lesson.key)
      keys.push(layout.hash('profile', bucket), layout.hash('history', bucket))
      parts.push(layout.field(one.lesson.key), ...lessonParts(one, { bucket, today }))
    }
  }
  return { keys, args: [logEntriesMax, (STORE_LIMITS.seenDays + 1) * DAY_S, packParts(parts)] }
}

function byPartition(layout: Layout, told: readonly Told[]): ReadonlyMap<number, Told[]> {
  const groups = new Map<number, Told[]>()
  for (const one of told) {
    const partition = layout.partition(one.lesson.key)
    const group = groups.get(partition)
    if (group) group.push(one)
    else groups.set(partition, [one])
  }
  return groups
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
