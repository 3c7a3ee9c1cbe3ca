import type { Clock } from '../clock.ts'
import type { HistoryStore } from '../store/event-stores.ts'
import type { UserKey } from '../store/store.ts'
import { StoreFailed } from '../store/store-failed.ts'
import {
  advance,
  type BackfillJob,
  beginJob,
  isAsked,
  packJob,
  shareOf,
  unpackJob,
} from './backfill-job.ts'
import { BackfillPauses } from './backfill-pauses.ts'
import { POSITIONS, positionOf, representativeOf } from './key-space.ts'
import type { LearnedPerson } from './learn.ts'
import { EVENT_LIMITS } from './limits.ts'
import type { RuleBook, RuleBooks } from './rule-book.ts'

export interface BackfillOptions {
  histories: Pick<HistoryStore, 'from' | 'jobs' | 'keepJobs'>
  books: RuleBooks
  clock: Clock
  /** Ids asked in one step, about. */
  sliceIds: number
  /**
   * Asks the rules of some ids anew, as they are when it begins, and keeps what they say. Nobody may keep after it what
   * older rules said.
   */
  ask(keys: readonly UserKey[]): Promise<readonly LearnedPerson[]>
}

/** How far the filling of a segment is. */
export interface BackfillShown {
  /** `queued`: its turn comes when the walk, which others are on, gets to where it goes on. */
  state: 'queued' | 'running' | 'paused' | 'done' | 'failed'
  reason?: string
  /** People asked so far, of about how many, and how many of them are in the segment. */
  asked: number
  total: number | null
  matched: number
  /** Share of everybody that was asked: 0 to 1. */
  share: number
  startedAtMs: number
  endedAtMs?: number
  /** Estimated; null where it is not under way. */
  leftMs: number | null
}

/**
 * Fills segments whose rules are new or were changed, from what is known of people. All jobs share one walk in the
 * order of keys, round and round: a job joins where the walk stands and is done when it is there again, so that any
 * number of changed rules costs no more than twice around. A rule that changes starts anew; others go on.
 */
export class Backfill {
  readonly #options: BackfillOptions
  /** By segment number, and EVERYBODY. Loaded when first asked for. */
  #jobs: Map<number, BackfillJob> | undefined
  readonly #pauses: BackfillPauses
  /** The rules that the jobs are of. */
  #book: RuleBook | undefined
  #isEverybodyDue = false
  #cursor = 0
  /** Since when it walks without having been idle, and how far it came. */
  #walk: { sinceMs: number; positions: number } | undefined
  /** The last step; never rejects. */
  #underWay: Promise<unknown> = Promise.resolve()
  #failures = 0
  readonly #unsaved = new Set<number>()
  #savedMs = 0

  constructor(options: BackfillOptions) {
    this.#options = options
    this.#pauses = new BackfillPauses(options.histories, options.clock)
  }

  /** Has everybody asked by every rule once more: changes may have been missed. */
  everybody(): void {
    this.#isEverybodyDue = true
  }

  /** How far a segment is; undefined where none was ever to be filled by rule. Rejects where the store does. */
  async show(segment: number): Promise<BackfillShown | undefined> {
    await this.#pauses.refresh(true)
    const job = (await this.#current()).get(segment)
    if (!job) return undefined
    const { state, reason, asked, matched, startedAtMs, endedAtMs } = job
    const share = shareOf(job)
    const isWaiting = state === 'running' && job.at !== this.#cursor
    return {
      state: isWaiting ? 'queued' : state,
      ...(reason === undefined ? {} : { reason }),
      ...{ asked, matched, share, startedAtMs },
      total: share > 0 ? Math.round(asked / share) : null,
      ...(endedAtMs === undefined ? {} : { endedAtMs }),
      leftMs: this.#leftMs(job),
    }
  }

  /**
   * Stops asking for a segment, at every desk on the store within a second; false where it is not being filled. Events are
   * counted on, and felt.
   */
  pause(segment: number): Promise<boolean> {
    return this.#turn(segment, ['running'], 'paused')
  }

  /** Goes on where it was paused or failed; false where it was not. */
  resume(segment: number): Promise<boolean> {
    return this.#turn(segment, ['paused', 'failed'], 'running')
  }

  /**
   * Asks the next few people, for every job that is on there; false where there is nothing to do. Rejects where the
   * store does: the same step is taken again.
   */
  step(): Promise<boolean> {
    const step = this.#stepOn()
    this.#underWay = step.catch(() => undefined)
    return step
  }

  async #stepOn(): Promise<boolean> {
    await this.#pauses.refresh()
    const jobs = await this.#current()
    const running = [...jobs].filter(([, { state }]) => state === 'running')
    if (running.length === 0) {
      this.#walk = undefined
      await this.save()
      return false
    }
    // Another step may find nothing left to do while this one waits.
    const walk = (this.#walk ??= this.#setOut())
    const at = nearest(running, this.#cursor)
    const { sliceIds, clock } = this.#options
    const { histories, next } = await this.#options.histories.from(at, sliceIds)
    const keys = histories.map(({ key }) => key)
    const people = await this.#ask(running, keys)
    if (people === undefined) return true
    const step = { at, end: next ?? POSITIONS, people }
    // A job that was begun meanwhile is another one: this was not asked by its rule.
    for (const [number, job] of running) if (jobs.get(number) === job) this.#take(number, job, step)
    this.#cursor = step.end % POSITIONS
    walk.positions += step.end - at
    if (clock.elapsed() - this.#savedMs >= EVENT_LIMITS.saveJobsMs) await this.save()
    return true
  }

  /** Keeps how far jobs are. */
  async save(): Promise<void> {
    const numbers = [...this.#unsaved]
    const jobOf = (number: number) => this.#jobs?.get(number)
    this.#unsaved.clear()
    this.#savedMs = this.#options.clock.elapsed()
    if (numbers.length === 0) return
    const kept = numbers.map((number) => [number, jobOf(number)] as const)
    try {
      await this.#options.histories.keepJobs(
        new Map(kept.map(([number, job]) => [number, job && packJob(job)])),
      )
    } catch (error) {
      for (const number of numbers) this.#unsaved.add(number)
      throw error
    }
  }

  /** Jobs as the rules of this moment ask for them. */
  async #current(): Promise<Map<number, BackfillJob>> {
    if (!this.#jobs) {
      const kept = await this.#options.histories.jobs()
      this.#pauses.take(kept)
      this.#jobs ??= jobsOf(kept)
      this.#cursor = [...this.#jobs.values()].find(({ state }) => state === 'running')?.at ?? 0
    }
    this.#compare(this.#jobs, this.#options.books.now())
    await this.#pauses.dropOutlived()
    for (const [number, job] of this.#jobs) this.#pauses.apply(number, job)
    return this.#jobs
  }

  #compare(jobs: Map<number, BackfillJob>, book: RuleBook): void {
    if (book !== this.#book) {
      const ruled = new Set<number>()
      for (const { rule, owner } of book.rules()) {
        ruled.add(rule.segment)
        if (jobs.get(rule.segment)?.signature !== rule.signature)
          this.#begin(rule.segment, { signature: rule.signature, owner })
      }
      for (const [number, { signature, owner }] of jobs)
        if (number !== EVERYBODY && !ruled.has(number) && signature !== '')
          this.#begin(number, { signature: '', owner })
      if (this.#book && forgetsMore(this.#book, book)) this.#isEverybodyDue = true
      this.#book = book
    }
    if (this.#isEverybodyDue) this.#begin(EVERYBODY, { signature: '', owner: 0 })
    this.#isEverybodyDue = false
  }

  #begin(number: number, of: Pick<BackfillJob, 'signature' | 'owner'>): void {
    const nowMs = this.#options.clock.now()
    const before = this.#jobs!.get(number)?.signature
    if (before !== undefined && before !== of.signature) this.#pauses.outlive(number, before)
    this.#jobs!.set(number, beginJob(of, { at: this.#cursor, nowMs }))
    this.#note(number)
  }

  /** Undefined where the store is well and it fails all the same, again and again: jobs do not go on by themselves then. */
  async #ask(
    running: readonly (readonly [number, BackfillJob])[],
    keys: readonly UserKey[],
  ): Promise<readonly LearnedPerson[] | undefined> {
    try {
      const people = keys.length > 0 ? await this.#options.ask(keys) : []
      this.#failures = 0
      return people
    } catch (error) {
      if (error instanceof StoreFailed || ++this.#failures < EVENT_LIMITS.attemptsMax) throw error
      this.#failures = 0
      for (const [number, job] of running) {
        job.state = 'failed'
        job.reason = error instanceof Error ? error.message : String(error)
        this.#note(number)
      }
      await this.save()
      return undefined
    }
  }

  /** What a step came to for a job, where it was on there. */
  #take(number: number, job: BackfillJob, { at, end, people }: Step): void {
    if (job.at < at || job.at >= end) return
    for (const { owner, keys, segments } of people) {
      if (job.owner !== owner || !isAsked(job, positionOf(representativeOf(keys)), end)) continue
      job.asked++
      if (segments.has(number)) job.matched++
    }
    advance(job, end, this.#options.clock.now())
    // Of what is no more nothing has to be told.
    if (job.state === 'done' && job.signature === '') this.#jobs!.delete(number)
    this.#note(number)
  }

  async #turn(
    segment: number,
    from: readonly BackfillJob['state'][],
    to: 'paused' | 'running',
  ): Promise<boolean> {
    await this.#pauses.refresh(true)
    const job = (await this.#current()).get(segment)
    if (!job || !from.includes(job.state)) return false
    await this.#pauses.write(segment, job, to === 'paused')
    if (from.includes(job.state)) job.state = to
    delete job.reason
    // What is in hand is done with first, and counts.
    await this.#underWay
    this.#note(segment)
    // It may have come to its end meanwhile.
    if (job.state !== to && to === 'paused') await this.#pauses.write(segment, job, false)
    await this.save()
    return job.state === to
  }

  #setOut() {
    return { sinceMs: this.#options.clock.elapsed(), positions: 0 }
  }

  #leftMs({ state, left }: BackfillJob): number | null {
    if (state !== 'running' || !this.#walk || this.#walk.positions === 0) return null
    const { sinceMs, positions } = this.#walk
    return Math.round((left / positions) * (this.#options.clock.elapsed() - sinceMs))
  }

  #note(number: number): void {
    if (number !== EVERYBODY) this.#unsaved.add(number)
  }
}

/** Number of the job by which everybody is asked everything; it is not kept, as each start begins one. */
const EVERYBODY = 0

interface Step {
  at: number
  end: number
  people: readonly LearnedPerson[]
}

function jobsOf(kept: ReadonlyMap<number, Uint8Array>): Map<number, BackfillJob> {
  const jobs = new Map<number, BackfillJob>()
  for (const [number, bytes] of kept) {
    const job = number > 0 ? unpackJob(bytes) : undefined
    if (job) jobs.set(number, job)
  }
  return jobs
}

/** Where the next job ahead goes on. */
function nearest(running: readonly (readonly [number, BackfillJob])[], cursor: number): number {
  const ahead = running.map(([, { at }]) => (at - cursor + POSITIONS) % POSITIONS)
  return (cursor + Math.min(...ahead)) % POSITIONS
}

/** Whether a trait is gone, or remembers for another time: what no rule asks of it is then to go as well. */
function forgetsMore(before: RuleBook, after: RuleBook): boolean {
  const days = new Map(after.traitDays())
  for (const [trait, ttlDays] of before.traitDays()) if (days.get(trait) !== ttlDays) return true
  return false
}
