import { everyBeat } from './beat.ts'

/**
 * Does one thing again and again, never twice at once: every so often by itself, and whenever it is poked.
 * What it does must not reject.
 */
export class Rounds {
  readonly #run: (isPoked: boolean) => Promise<void>
  readonly #endTimer: () => void
  #underWay: Promise<void> | undefined
  #next: Promise<void> | undefined

  /** `run` is told whether somebody asked for it, and so has to see what was done before. */
  constructor(everyMs: number, run: (isPoked: boolean) => Promise<void>) {
    this.#run = run
    this.#endTimer = everyBeat(everyMs, () => {
      if (this.#underWay === undefined) void this.#begin(false)
    })
  }

  /** Resolves when a round is over that began after the call. */
  poke(): Promise<void> {
    if (this.#underWay !== undefined) {
      // It may have looked before the caller did what is to be seen: it is followed by another.
      this.#next ??= this.#underWay.then(() => {
        this.#next = undefined
        return this.poke()
      })
      return this.#next
    }
    return this.#begin(true)
  }

  /** There is something to do: a round begins now, by itself, or once the one under way is over. */
  soon(): void {
    if (this.#underWay === undefined) void this.#begin(false)
    else void this.poke()
  }

  #begin(isPoked: boolean): Promise<void> {
    this.#underWay = this.#run(isPoked).finally(() => {
      this.#underWay = undefined
    })
    return this.#underWay
  }

  /** Ends the rounds it makes by itself; resolves when none is under way, nor asked for by then. */
  async stop(): Promise<void> {
    this.#endTimer()
    for (let last = this.#last(); last !== undefined; last = this.#last()) await last
  }

  #last(): Promise<void> | undefined {
    return this.#next ?? this.#underWay
  }
}
