import type { Clock } from '../clock.ts'
import type { HistoryStore } from '../store/event-stores.ts'
import type { BackfillJob } from './backfill-job.ts'
import { EVENT_LIMITS } from './limits.ts'

/**
 * Which fillings are paused, for every desk on the store: beside the jobs, under the negative of a segment's number, stands
 * the signature of the rule that is not to be filled by. Only who pauses and who resumes write it, so that a desk that
 * keeps how far it is cannot undo it. It goes with its rule: where that comes back, it is filled by anew.
 */
export class BackfillPauses {
  readonly #histories: Pick<HistoryStore, 'jobs' | 'keepJobs'>
  readonly #clock: Clock
  readonly #signatures = new Map<number, string>()
  #readMs = Number.NEGATIVE_INFINITY
  /** How often this desk wrote: what was being read meanwhile is older. */
  #writes = 0
  /** Signatures of rules that are no more, by segment, of which a pause may still be kept. */
  readonly #outlived = new Map<number, string>()

  constructor(histories: Pick<HistoryStore, 'jobs' | 'keepJobs'>, clock: Clock) {
    this.#histories = histories
    this.#clock = clock
  }

  /** Reads what other desks wrote, where that was not done for a second, or at once. */
  async refresh(isAtOnce = false): Promise<void> {
    const nowMs = this.#clock.elapsed()
    if (!isAtOnce && nowMs - this.#readMs < EVENT_LIMITS.saveJobsMs) return
    const writes = this.#writes
    const kept = await this.#histories.jobs()
    if (writes === this.#writes) this.take(kept)
  }

  /** Takes over what was read with the jobs. */
  take(kept: ReadonlyMap<number, Uint8Array>): void {
    this.#readMs = this.#clock.elapsed()
    this.#signatures.clear()
    for (const [number, signature] of kept)
      if (number < 0) this.#signatures.set(-number, Buffer.from(signature).toString())
  }

  /** A rule of the segment is no more. */
  outlive(number: number, signature: string): void {
    this.#outlived.set(number, signature)
  }

  /** Drops the pauses of rules that are no more, but none that another desk wrote of the rule that is. */
  async dropOutlived(): Promise<void> {
    if (this.#outlived.size === 0) return
    await this.refresh(true)
    for (const [number, signature] of [...this.#outlived]) {
      if (this.#signatures.get(number) === signature) await this.write(number, { signature }, false)
      if (this.#outlived.get(number) === signature) this.#outlived.delete(number)
    }
  }

  /** Brings a job to what is said of it. */
  apply(number: number, job: BackfillJob): void {
    const isPaused = this.#signatures.get(number) === job.signature
    if (isPaused && job.state === 'running') job.state = 'paused'
    else if (!isPaused && job.state === 'paused') job.state = 'running'
  }

  async write(
    number: number,
    { signature }: Pick<BackfillJob, 'signature'>,
    isPaused: boolean,
  ): Promise<void> {
    const kept = isPaused ? Buffer.from(signature) : undefined
    await this.#histories.keepJobs(new Map([[-number, kept]]))
    this.#writes++
    if (isPaused) this.#signatures.set(number, signature)
    else this.#signatures.delete(number)
  }
}
