import type { PeopleSet } from '../reach/people-set.ts'
import type { Assignment, PeopleStore } from '../store/store.ts'
import { LOOKALIKE_LIMITS } from './limits.ts'
import type { Feature, LookalikePeople } from './lookalike-people.ts'
import type { Pace } from './pace.ts'

export interface PutOptions {
  people: LookalikePeople
  store: Pick<PeopleStore, 'assign' | 'holders'>
  /** Number of the segment, and the first UTC day on which they are no longer in it. */
  segment: number
  expiryDay: number
  /** Who is to be in it. */
  chosen: PeopleSet
  /** What they were chosen by: they are put in at the ids that show any of it. */
  features: readonly Feature[]
  pace: Pace
}

/** Makes the members of a segment exactly those chosen; how many ids that are. */
export async function putPeople(options: PutOptions): Promise<number> {
  const { people, chosen, features, pace } = options
  const showing = await pace.through(people.idsShowing(features))
  const ids = people.nobody()
  let count = 0
  let batch: Assignment[] = []
  for (const some of showing.parts()) {
    for (const id of some) {
      if (!chosen.has(people.personOf(id))) continue
      ids.add(id)
      count++
      const add = [{ segment: options.segment, expiryDay: options.expiryDay }]
      batch.push({ key: people.keyAt(id), add, remove: [] })
      if (batch.length === LOOKALIKE_LIMITS.batch) batch = await write(options, batch)
    }
    await pace.rest()
  }
  await write(options, batch)
  await removeOthers(options, ids)
  return count
}

async function removeOthers(options: PutOptions, staying: PeopleSet): Promise<void> {
  const { people, store, segment } = options
  for await (const keys of store.holders(segment)) {
    const leaving = keys.filter((key) => {
      const id = people.find(key)
      return id < 0 || !staying.has(id)
    })
    for (let from = 0; from < leaving.length; from += LOOKALIKE_LIMITS.batch) {
      const some = leaving.slice(from, from + LOOKALIKE_LIMITS.batch)
      await write(
        options,
        some.map((key) => ({ key, add: [], remove: [segment] })),
      )
    }
    await options.pace.rest()
  }
}

async function write({ store, pace }: PutOptions, batch: Assignment[]): Promise<Assignment[]> {
  // Who is to be left alone meanwhile is: nothing is kept of them.
  if (batch.length > 0) await store.assign(batch)
  await pace.rest()
  return []
}
