import { type Clock, dayOf } from '../../audience/clock.ts'
import { countPeople } from '../../audience/people/count-people.ts'
import { refuse } from '../../audience/refusal.ts'
import type { Segment } from '../../audience/segment.ts'
import type { PeopleStore } from '../../audience/store/store.ts'
import { LIMITS } from '../limits.ts'
import { orWhenLate } from './or-when-late.ts'

export interface AudienceSizesOptions {
  people: Pick<PeopleStore, 'holders' | 'recall'>
  clock: Clock
}

/** A count that went as far as `upTo`: below that it is exact. */
interface Counted {
  count: number
  upTo: number
  untilMs: number
}

/**
 * Tells which segments are too small to be offered. Counting reads profiles until there are enough, so it is
 * done for one segment at a time, shared by all who ask, and remembered for a while.
 */
export class AudienceSizes {
  readonly #options: AudienceSizesOptions
  readonly #counts = new Map<number, Counted>()
  /** What is being counted, by segment number and how far. */
  readonly #underWay = new Map<string, Promise<Counted>>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: AudienceSizesOptions) {
    this.#options = options
  }

  /**
   * Of these segments, those with fewer people than `least`, by number. Refuses (`conflict`) where counting
   * takes longer than a caller should wait: it goes on, and the same question is answered later.
   */
  async smallerThan(
    least: number,
    segments: readonly Pick<Segment, 'number'>[],
  ): Promise<ReadonlyMap<number, number>> {
    const small = new Map<number, number>()
    const counting = (async () => {
      for (const { number } of segments) {
        const { count } = await this.#count(number, least)
        if (count < least) small.set(number, count)
      }
    })()
    await orWhenLate(counting, LIMITS.sizeWaitMsMax, refuseLate)
    return small
  }

  #count(segment: number, upTo: number): Counted | Promise<Counted> {
    const known = this.#counts.get(segment)
    const isFresh = known && this.#options.clock.elapsed() < known.untilMs
    if (isFresh && (known.count >= upTo || known.count < known.upTo)) return known
    const name = `${segment} ${upTo}`
    const underWay = this.#underWay.get(name)
    if (underWay) return underWay
    const counted = this.#last.then(() => this.#countNow(segment, upTo))
    this.#last = counted.catch(() => {})
    this.#underWay.set(name, counted)
    return counted.finally(() => this.#underWay.delete(name))
  }

  async #countNow(segment: number, upTo: number): Promise<Counted> {
    const { people, clock } = this.#options
    const today = dayOf(clock.now())
    const count = await countPeople(people, segment, { enough: upTo, today })
    const untilMs = clock.elapsed() + LIMITS.sizeGoodMs
    const counted = { count, upTo, untilMs }
    this.#counts.delete(segment)
    if (this.#counts.size >= LIMITS.sizesMax) this.#counts.delete(this.#counts.keys().next().value!)
    this.#counts.set(segment, counted)
    return counted
  }
}

function refuseLate(): never {
  const reason = 'their people are still being counted: send it again in a moment'
  throw refuse('conflict', 'segments', reason)
}
