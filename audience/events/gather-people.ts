import { type History, unpackHistory } from '../../proto/history-blob.ts'
import type { Clock } from '../clock.ts'
import { type Enters, type KnownId, knownFrom } from '../people/known.ts'
import { nameOf } from '../people/shared-reads.ts'
import type { HistoryStore } from '../store/event-stores.ts'
import type { IdRef, PersonRecord, Store, UserKey } from '../store/store.ts'

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
  { store, clock }: { store: Pick<Store, 'histories'>; clock: Clock },
  starts: readonly IdRef[],
  owner: number,
): Promise<GatheredPerson[]> {
  const enters: Enters = (edge) => owner > 0 && (edge.owner === 0 || edge.owner === owner)
  const reading = new Reading(store.histories)
  const { ids, edges } = await knownFrom({ store: reading, clock }, starts, enters)
  const rootOf = joined(ids.length, edges)
  const clusterOf = joined(
    ids.length,
    edges.filter(({ owner: by }) => by === 0),
  )
  const people = new Map<number, GatheredPerson>()
  for (const [i, id] of ids.entries()) {
    const held = reading.historyOf(id.key)
    const root = rootOf(i)
    const person = people.get(root) ?? {
      ids: [],
      splitDay: Number.POSITIVE_INFINITY,
      isSuppressed: false,
    }
    people.set(root, person)
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

/** Reads histories with the records that a walk asks for, so that the two cost one trip to the store. */
class Reading {
  readonly #histories: Pick<HistoryStore, 'recall'>
  readonly #read = new Map<string, Uint8Array>()

  constructor(histories: Pick<HistoryStore, 'recall'>) {
    this.#histories = histories
  }

  async recallForWrite(keys: readonly UserKey[]): Promise<(PersonRecord | undefined)[]> {
    const found = await this.#histories.recall(keys)
    for (const [i, { history }] of found.entries()) this.#read.set(nameOf(keys[i]!), history)
    return found.map(({ record }) => record)
  }

  historyOf(key: UserKey): Uint8Array {
    return this.#read.get(nameOf(key))!
  }
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
