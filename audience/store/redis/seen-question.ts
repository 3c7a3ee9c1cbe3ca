import type { SeenMessage } from '../event-stores.ts'
import { LIMITS } from '../limits.ts'
import type { RedisArgument } from './ioredis.ts'
import { doneOf, donePartOf, type Layout, seenOf } from './layout.ts'

/**
 * Asks `seenScript` for messages: each in the sets of its id's partition, and in those of what was done with. Messages with
 * the same sets go together.
 */
export class SeenQuestion {
  readonly input: { keys: string[]; args: RedisArgument[] } = { keys: [], args: [] }
  readonly #messages: readonly SeenMessage[]
  /** Places of the messages, as the script answers them. */
  readonly #places: number[] = []

  constructor(
    messages: readonly SeenMessage[],
    { layout, today, daysAtIds }: { layout: Layout; today: number; daysAtIds: number },
  ) {
    this.#messages = messages
    const atIds = daysBack(today, daysAtIds)
    for (const [partition, places] of this.#groups(({ key }) => layout.partition(key)))
      this.#ask(
        places,
        atIds.map((day) => seenOf(partition, day)),
      )
    const days = daysBack(today, LIMITS.seenDays)
    for (const [part, places] of this.#groups(({ message }) => donePartOf(message)))
      this.#ask(
        places,
        days.map((day) => doneOf(part, day)),
      )
  }

  answeredBy(found: readonly number[]): boolean[] {
    const seen = this.#messages.map(() => false)
    for (const [i, place] of this.#places.entries()) if (found[i] === 1) seen[place] = true
    return seen
  }

  #groups(groupOf: (message: SeenMessage) => number): Map<number, number[]> {
    const groups = new Map<number, number[]>()
    for (const [place, message] of this.#messages.entries()) {
      const group = groups.get(groupOf(message))
      if (group) group.push(place)
      else groups.set(groupOf(message), [place])
    }
    return groups
  }

  #ask(places: readonly number[], sets: readonly string[]): void {
    const { keys, args } = this.input
    const first = keys.push(...sets) - sets.length + 1
    const messages = Buffer.concat(places.map((place) => this.#messages[place]!.message))
    args.push(first, first + sets.length - 1, messages)
    this.#places.push(...places)
  }
}

/** A day and so many before it, the latest first. */
export function daysBack(today: number, count: number): number[] {
  return Array.from({ length: count + 1 }, (_, back) => today - back)
}
