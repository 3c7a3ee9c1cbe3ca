import { Bitmap, CHUNK_BITS, CHUNK_SIZE } from './bitmap.ts'
import { Column } from './column.ts'

/**
 * Which ids are one person. Ids joined by live matches, directly or over others, are a ring: each names the
 * next, and all name the lowest, which is the person's number. An id without matches is a person of its own.
 */
export class Clusters {
  /** Ids that have a live match. */
  readonly linked = new Bitmap()
  /** Ids whose person has the number of another: of all others the number is their own. */
  readonly moved = new Bitmap()
  /** See `personsMoved`; those of a chunk are made anew once one of them changed. */
  readonly #personsMoved: (Int32Array | undefined)[] = []
  /** Both 0 where the id names itself, else one more than it names. */
  readonly #person = new Column()
  readonly #next = new Column()
  readonly #namespace = new Column()
  readonly #lastSeenDay = new Column()

  /** Number of the person the id belongs to. */
  personOf(id: number): number {
    const named = this.#person.get(id)
    return named === 0 ? id : named - 1
  }

  /** Numbers of the persons of the moved ids of a chunk, in the order of the ids: side by side, and so read fast. */
  personsMoved(at: number): Int32Array {
    const known = this.#personsMoved[at]
    if (known) return known
    const chunk = this.moved.chunks[at]
    const persons = new Int32Array(chunk?.count ?? 0)
    let i = 0
    for (const low of chunk?.numbers() ?? []) persons[i++] = this.personOf(at * CHUNK_SIZE + low)
    this.#personsMoved[at] = persons
    return persons
  }

  /** Namespace number of an id that has, or had, a match: the other end of a match tells it; 0 where unknown. */
  namespaceOf(id: number): number {
    return this.#namespace.get(id)
  }

  /** Latest UTC day on which a live match of the id was seen; 0 without one. */
  lastSeenDayOf(id: number): number {
    return this.#lastSeenDay.get(id)
  }

  /** All ids of the person, this one first. */
  *idsWith(id: number): Iterable<number> {
    yield id
    for (let at = this.#nextOf(id); at !== id; at = this.#nextOf(at)) yield at
  }

  /** Joins the persons of two ids by a match of this id with one of a namespace. */
  join(id: number, other: number, { namespace, lastSeenDay }: Match): void {
    this.#namespace.set(other, namespace)
    for (const one of [id, other])
      if (lastSeenDay > this.#lastSeenDay.get(one)) this.#lastSeenDay.set(one, lastSeenDay)
    const a = this.personOf(id)
    const b = this.personOf(other)
    if (a === b) return
    const low = Math.min(a, b)
    const high = Math.max(a, b)
    for (const one of this.idsWith(high)) {
      this.#person.set(one, low + 1)
      this.moved.add(one)
      this.#forgetMoved(one)
    }
    const afterLow = this.#nextOf(low)
    this.#next.set(low, this.#nextOf(high) + 1)
    this.#next.set(high, afterLow + 1)
    this.linked.add(low)
    this.linked.add(high)
  }

  /** Takes persons apart; `ids` must be all ids of each. */
  part(ids: Iterable<number>): void {
    for (const id of ids) {
      this.#person.set(id, 0)
      this.#next.set(id, 0)
      this.#lastSeenDay.set(id, 0)
      this.linked.remove(id)
      this.moved.remove(id)
      this.#forgetMoved(id)
    }
  }

  #forgetMoved(id: number): void {
    this.#personsMoved[id >>> CHUNK_BITS] = undefined
  }

  #nextOf(id: number): number {
    const named = this.#next.get(id)
    return named === 0 ? id : named - 1
  }
}

/** What counts of a match, seen from one end. */
interface Match {
  /** Namespace number of the id at the other end. */
  namespace: number
  lastSeenDay: number
}
