import type { PeopleSet } from '../reach/people-set.ts'
import { LOOKALIKE_LIMITS } from './limits.ts'
import type { Steps } from './lookalike-people.ts'

const { bins: BINS } = LOOKALIKE_LIMITS

/** How many people have which score, in steps from the lowest to the highest: sorts millions without a list of them. */
export class ScoreBins {
  readonly #low: number
  readonly #high: number
  readonly #counts = new Float64Array(BINS)

  private constructor(low: number, high: number) {
    this.#low = low
    this.#high = high
  }

  /** In the steps of others, where these are given. */
  static *of(scores: Float32Array, people: PeopleSet, like?: ScoreBins): Steps<ScoreBins> {
    const bins = like ? new ScoreBins(like.#low, like.#high) : yield* ScoreBins.#ranging(scores)
    for (const some of people.parts()) {
      for (const person of some) bins.#counts[bins.binOf(scores[person]!)]!++
      yield
    }
    return bins
  }

  static *#ranging(scores: Float32Array): Steps<ScoreBins> {
    let [low, high] = [0, 0]
    for (const [i, score] of scores.entries()) {
      if (score < low) low = score
      if (score > high) high = score
      if (i % STEP === 0) yield
    }
    return new ScoreBins(low, high)
  }

  binOf(score: number): number {
    const range = this.#high - this.#low
    return range === 0 ? 0 : Math.floor(((score - this.#low) / range) * (BINS - 1))
  }

  /** How many are in this step or above. */
  from(bin: number): number {
    let sum = 0
    for (let at = bin; at < BINS; at++) sum += this.#counts[at]!
    return sum
  }

  /** Steps down to which an even part of all are, each with how many that are. */
  points(count: number): { bin: number; people: number }[] {
    const all = this.from(0)
    return Array.from({ length: count }, (_, i) => {
      const bin = this.#reaching((all * (i + 1)) / count)
      return { bin, people: this.from(bin) }
    })
  }

  /** All above the step, and so many of those in it, are at most so many people. */
  cut(people: number): { bin: number; room: number } {
    const bin = this.#reaching(people)
    return { bin, room: people - this.from(bin + 1) }
  }

  #reaching(people: number): number {
    let sum = 0
    for (let at = BINS - 1; at > 0; at--) {
      sum += this.#counts[at]!
      if (sum >= people) return at
    }
    return 0
  }
}

const STEP = 65_536
