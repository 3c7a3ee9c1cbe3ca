import { type History, unpackHistory } from '../../proto/history-blob.ts'
import type { Clock } from '../clock.ts'
import { type Enters, type KnownId, knownFrom } from '../people/known.ts'
import type { IdRef, Store } from '../store/store.ts'

/** One id of a person, with what events have shown of it. */
export interface GatheredId extends KnownId {
  /** The packed history as it was read. */
  held: Uint8Array
  /** The same, open to be changed. */
  history: History
  /** Ids of one person that matches of the exchange alone join have the same. */
  cluster: number
}

/** A person as an owner may see it: all ids that live matches join, as far as that owner may use them. */
export interface GatheredPerson {
  ids: GatheredId[]
  /** First UTC day on which one of its matches no longer holds; Infinity where there is none. */
  splitDay: number
  /** One of its ids is to be left alone, and so is the person. */
  isSuppressed: boolean
}

/** Reads the people behind some ids, each once, over matches of the exchange and of one owner (its number). */
export async function gatherPeople(
  { store, clock }: { store: Pick<Store, 'people' | 'histories'>; clock: Clock },
  starts: readonly IdRef[],
  owner: number,
): Promise<GatheredPerson[]> {
  const enters: Enters = (edge) => owner > 0 && (edge.owner === 0 || edge.owner === owner)
  const { ids, edges } = await knownFrom({ store: store.people, clock }, starts, enters)
  const blobs = await store.histories.read(ids.map(({ key }) => key))
  const rootOf = joined(ids.length, edges)
  const clusterOf = joined(
    ids.length,
    edges.filter(({ owner: by }) => by === 0),
  )
  const people = new Map<number, GatheredPerson>()
  for (const [i, id] of ids.entries()) {
    const root = rootOf(i)
    const person = people.get(root) ?? {
      ids: [],
      splitDay: Number.POSITIVE_INFINITY,
      isSuppressed: false,
    }
    people.set(root, person)
    const held = blobs[i]!
    const cluster = clusterOf(i)
    person.ids.push({ ...id, held, history: unpackHistory(held), cluster })
    person.isSuppressed ||= id.suppression !== undefined
  }
  for (const { a, expiryDay } of edges) {
    const person = people.get(rootOf(a))!
    person.splitDay = Math.min(person.splitDay, expiryDay)
  }
  return [...people.values()]
}

/** Names, for each place, all that pairs join it with. */
function joined(size: number, pairs: readonly { a: number; b: number }[]): (at: number) => number {
  const above = Array.from({ length: size }, (_, i) => i)
  const rootOf = (at: number): number => {
    let root = at
    while (above[root] !== root) root = above[root]!
    above[at] = root
    return root
  }
  for (const { a, b } of pairs) above[rootOf(b)] = rootOf(a)
  return rootOf
}
