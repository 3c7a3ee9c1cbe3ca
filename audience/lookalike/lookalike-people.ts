import { Bitmap, CHUNK_SIZE } from '../reach/bitmap.ts'
import { PeopleSet } from '../reach/people-set.ts'
import type { ReachIndex } from '../reach/reach-index.ts'

/** Something that people show: a segment they are in, or a trait of theirs. */
export interface Feature {
  kind: 'segment' | 'trait'
  id: string
  number: number
}

/** Work in small steps, between which others have their turn. */
export type Steps<T> = Generator<void, T>

/** Ids as they are one person for one owner, and what is shown at which. Of one moment, but for segments, which go on. */
export class LookalikePeople {
  /** People are numbered below; ids that came later are not among them. */
  readonly size: number
  readonly #index: ReachIndex
  readonly #traits: ReadonlyMap<number, Bitmap>
  /** Of each id the number of its person. */
  readonly #person: Int32Array
  /** Of each person a number that follows from its ids alone. */
  readonly #mark: Uint32Array

  constructor(
    index: ReachIndex,
    traits: ReadonlyMap<number, Bitmap>,
    { person, mark }: { person: Int32Array; mark: Uint32Array },
  ) {
    this.#index = index
    this.#traits = traits
    this.#person = person
    this.#mark = mark
    this.size = person.length
  }

  nobody(): PeopleSet {
    return new PeopleSet(this.size)
  }

  /** Who shows it. */
  *showing(feature: Feature): Steps<PeopleSet> {
    const people = this.nobody()
    for (const ids of this.#chunks(feature)) {
      for (const id of ids) if (id < this.size) people.add(this.#person[id]!)
      yield
    }
    return people
  }

  /** Ids at which one of these is shown, in parts. */
  *idsShowing(features: readonly Feature[]): Steps<PeopleSet> {
    const ids = this.nobody()
    for (const feature of features)
      for (const some of this.#chunks(feature)) {
        for (const id of some) if (id < this.size) ids.add(id)
        yield
      }
    return ids
  }

  personOf(id: number): number {
    return this.#person[id]!
  }

  /** A number below 2^32 that looks drawn at random, the same for the same person and `randomSeed`. */
  drawn(person: number, randomSeed: number): number {
    let hash = (this.#mark[person]! ^ Math.imul(randomSeed + 1, 0x9e3779b1)) >>> 0
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    return (hash ^ (hash >>> 16)) >>> 0
  }

  /** Number of an id; -1 where it is none of these. */
  find(key: Uint8Array): number {
    const id = this.#index.find(key)
    return id < this.size ? id : -1
  }

  keyAt(id: number): Buffer {
    return this.#index.keyAt(id)
  }

  #idsOf({ kind, number }: Feature): Bitmap {
    const ids = kind === 'segment' ? this.#index.idsOf(number) : this.#traits.get(number)
    return ids ?? NONE
  }

  *#chunks(feature: Feature): Iterable<Iterable<number>> {
    for (const [at, chunk] of this.#idsOf(feature).chunks.entries())
      if (chunk) yield shifted(chunk.numbers(), at * CHUNK_SIZE)
  }
}

const NONE = new Bitmap()

function* shifted(numbers: Iterable<number>, by: number): Iterable<number> {
  for (const number of numbers) yield number + by
}
