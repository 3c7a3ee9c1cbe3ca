import type { Clock } from '../../audience/clock.ts'
import type { Segment } from '../../audience/segment.ts'
import type { PeopleStore } from '../../audience/store/store.ts'
import { LIMITS } from '../limits.ts'
import type { UsageLookups } from './read/usage-lookups.ts'

export interface PopulationsOptions {
  people: Pick<PeopleStore, 'holders'>
  clock: Clock
  /** The segment as the catalog has it now. */
  segment(id: string): Pick<Segment, 'number'> | undefined
}

interface Count {
  people: Promise<bigint>
  untilMs: number
}

/**
 * How many people segments hold, counted in the store, which looks at every profile: so a count is good
 * for LIMITS.populationMs, and one segment is counted after the other. One that does not exist holds nobody.
 */
export function countPopulations(options: PopulationsOptions): UsageLookups['populations'] {
  const { people, clock, segment } = options
  const counts = new Map<string, Count>()
  let last: Promise<unknown> = Promise.resolve()
  const count = (id: string): Promise<bigint> => {
    const known = counts.get(id)
    if (known && known.untilMs > clock.elapsed()) return known.people
    const counted = last.then(() => holdersOf(people, segment(id)))
    last = counted.catch(() => counts.delete(id))
    counts.set(id, { people: counted, untilMs: clock.elapsed() + LIMITS.populationMs })
    return counted
  }
  return async (segments) => {
    const found = new Map<string, bigint>()
    for (const id of segments) found.set(id, await count(id))
    for (const [id, { untilMs }] of counts) if (untilMs <= clock.elapsed()) counts.delete(id)
    return found
  }
}

async function holdersOf(
  people: PopulationsOptions['people'],
  segment: Pick<Segment, 'number'> | undefined,
): Promise<bigint> {
  let held = 0
  if (segment) for await (const keys of people.holders(segment.number)) held += keys.length
  return BigInt(held)
}
