import { type Clock, DAY_MS } from '../../audience/clock.ts'
import { LOOKALIKE_LIMITS } from '../../audience/lookalike/limits.ts'
import { BrokenOff } from '../../audience/lookalike/pace.ts'
import type { Reach } from '../../audience/reach/reach.ts'
import { refuse } from '../../audience/refusal.ts'
import { Rounds } from '../../audience/rounds.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { Store } from '../../audience/store/store.ts'
import type { DeskDeps } from '../desk/desk.ts'
import { madeOf } from '../provenance/made-of.ts'
import { LOOKALIKE_KIND, type LookalikeRecord } from './lookalike-record.ts'
import { isSameDefinition, type JobStage, makeLookalike } from './make-lookalike.ts'

export interface LookalikeJobsOptions {
  deskDeps: DeskDeps
  store: Pick<Store, 'people' | 'histories'>
  reach: Reach
  clock: Clock
  log: { warn(details: object, message: string): void }
  /** Default LOOKALIKE_LIMITS.lookMs; tests poke. */
  lookMs?: number
  /** Lets others have their turn; default one of the event loop. */
  turn?: () => Promise<void>
}

/** How far a look-alike is. */
export interface JobState {
  stage: 'waiting' | JobStage | 'failed'
  /** Of the work: 0 to 1. */
  share: number
  startedAt: string
  /** Why it failed: it is tried again. */
  reason?: string
}

/** Makes look-alikes, one after another: those asked for, and those whose time has come. One process of a store does. */
export class LookalikeJobs {
  readonly #options: LookalikeJobsOptions
  readonly #rounds: Rounds
  /** In the order in which they are made. */
  readonly #states = new Map<string, JobState>()
  readonly #failedUntilMs = new Map<string, number>()
  #isClosed = false

  constructor(options: LookalikeJobsOptions) {
    this.#options = options
    this.#rounds = new Rounds(options.lookMs ?? LOOKALIKE_LIMITS.lookMs, () => this.#round())
  }

  /** Has it made anew, as soon as those before it are. */
  run(id: string): void {
    const waiting = [...this.#states.values()].filter(({ stage }) => stage === 'waiting').length
    if (waiting >= LOOKALIKE_LIMITS.waitingMax)
      throw refuse('conflict', '', 'as many look-alikes wait as may: ask again later')
    this.#wait(id)
    void this.#rounds.poke()
  }

  /** Undefined where it is neither waiting nor made, nor failed of late. What is due waits from the moment it is asked for. */
  state(id: string): JobState | undefined {
    const record = this.#options.deskDeps.feed.current()?.kind(SEGMENT_KIND).get(id)
    if (record && !this.#states.has(id) && this.#isDue(id, record.value as Segment)) this.#wait(id)
    return this.#states.get(id)
  }

  /** Resolves when all that was asked for or due before the call is made. */
  poke(): Promise<void> {
    return this.#rounds.poke()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#rounds.stop()
  }

  #wait(id: string): void {
    const stage = this.#states.get(id)?.stage
    if (stage !== undefined && stage !== 'failed') return
    const startedAt = new Date(this.#options.clock.now()).toISOString()
    this.#states.set(id, { stage: 'waiting', share: 0, startedAt })
  }

  async #round(): Promise<void> {
    for (const id of this.#due()) this.#wait(id)
    for (const [id, { stage }] of this.#states) if (stage === 'waiting') await this.#make(id)
  }

  *#due(): Iterable<string> {
    const snapshot = this.#options.deskDeps.feed.current()
    for (const { id, value } of snapshot?.kind(SEGMENT_KIND).values() ?? [])
      if (this.#isDue(id, value as Segment)) yield id
  }

  #isDue(id: string, segment: Segment): boolean {
    const { deskDeps, clock } = this.#options
    if (!isDue(deskDeps.feed.current()!, { id, segment, nowMs: clock.now() })) return false
    return (this.#failedUntilMs.get(id) ?? 0) <= clock.elapsed()
  }

  async #make(id: string): Promise<void> {
    const state = this.#states.get(id)!
    const onStage = (stage: JobStage, share: number) => Object.assign(state, { stage, share })
    try {
      await makeLookalike({ ...this.#options, isOver: () => this.#isClosed, onStage }, id)
      this.#states.delete(id)
      this.#failedUntilMs.delete(id)
    } catch (error) {
      if (error instanceof BrokenOff) return
      const reason = error instanceof Error ? error.message : String(error)
      Object.assign(state, { stage: 'failed', reason })
      const { clock, log } = this.#options
      this.#failedUntilMs.set(id, clock.elapsed() + LOOKALIKE_LIMITS.againMs)
      log.warn({ segment: id, reason }, 'a look-alike could not be made; it is tried again')
    }
  }
}

/** Never made, made by another definition or too long ago, or made of what may no longer be used. */
function isDue(
  snapshot: CatalogSnapshot,
  { id, segment, nowMs }: { id: string; segment: Segment; nowMs: number },
): boolean {
  const { lookalike } = segment
  if (!lookalike) return false
  const record = snapshot.kind(LOOKALIKE_KIND).get(id)?.value as LookalikeRecord | undefined
  const model = record?.model
  if (!model || !isSameDefinition(model.definition, lookalike)) return true
  const { refreshDays = LOOKALIKE_LIMITS.refreshDaysDefault } = lookalike
  if (nowMs >= Date.parse(model.at) + refreshDays * DAY_MS) return true
  return model.people > 0 && madeOf(snapshot, id, nowMs).isDormant
}
