/**
 * The stretch of time around a moment in which nothing dated changes: what is compiled at that
 * moment holds in [fromMs, untilMs). Both ends matter, because a wall clock may be set back.
 */
export class Period {
  readonly nowMs: number
  fromMs = Number.NEGATIVE_INFINITY
  untilMs = Number.POSITIVE_INFINITY

  constructor(nowMs: number) {
    this.nowMs = nowMs
  }

  /** Takes the dates of a thing into account that begins and ends. */
  include(startsMs: number, endsMs: number): void {
    this.#edge(startsMs)
    this.#edge(endsMs)
  }

  /** Narrows this period to what it has in common with another around the same moment. */
  narrow(other: Period): void {
    this.fromMs = Math.max(this.fromMs, other.fromMs)
    this.untilMs = Math.min(this.untilMs, other.untilMs)
  }

  holds(atMs: number): boolean {
    return this.fromMs <= atMs && atMs < this.untilMs
  }

  #edge(ms: number): void {
    if (ms > this.nowMs) {
      if (ms < this.untilMs) this.untilMs = ms
    } else if (ms > this.fromMs) this.fromMs = ms
  }
}
