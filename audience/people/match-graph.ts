import { type PackedEdge, unpackEdges } from '../../proto/edge-blob.ts'
import { isSuppressed } from '../../proto/suppression-mark.ts'
import { LIMITS } from '../limits.ts'
import type { IdRef, PeopleStore, UserKey } from '../store/store.ts'
import type { NamespaceRules } from './namespace-rules.ts'
import type { LinkRefusal } from './reasons.ts'
import { nameOf } from './shared-reads.ts'

export interface MatchGraphOptions {
  store: PeopleStore
  /** UTC day: matches that end on it or before do not count. */
  today: number
  rules: Pick<NamespaceRules, 'max'>
  /** Matches that are there and do not count, since they are about to go. Told of each that is read, from both ends. */
  isGoing?: (at: IdRef, edge: PackedEdge) => boolean
}

/**
 * Who is joined to whom around some ids: read from the store, then grown match by match as they are
 * accepted, so that those of one batch see each other.
 */
export class MatchGraph {
  readonly #options: MatchGraphOptions
  readonly #nodes = new Map<string, Node>()
  /** Edges of each id that was read, as the store has them. */
  readonly #read = new Map<string, Uint8Array>()

  private constructor(options: MatchGraphOptions) {
    this.#options = options
  }

  /** Reads all ids that live matches connect with the given ones, ring by ring. */
  static async around(ids: readonly IdRef[], options: MatchGraphOptions): Promise<MatchGraph> {
    const graph = new MatchGraph(options)
    for (let ring = graph.#unread(ids); ring.length > 0; ) {
      const reached: IdRef[] = []
      for (let from = 0; from < ring.length; from += LIMITS.recallKeysMax)
        reached.push(...(await graph.#readBatch(ring.slice(from, from + LIMITS.recallKeysMax))))
      ring = graph.#unread(reached)
    }
    return graph
  }

  /** Why a match between two ids of the graph is refused; undefined when it may be made. */
  refusalOf(a: IdRef, b: IdRef, owner: number): LinkRefusal | undefined {
    const from = this.#nodeOf(a)
    const to = this.#nodeOf(b)
    if (from === to) return 'self'
    const person = personOf(from)
    const other = personOf(to)
    if (person.isSuppressed || other.isSuppressed) return 'suppressed'
    if (person !== other) {
      const full = this.#fullOf(person, other)
      if (full) return full
      if (person.ids + other.ids > LIMITS.idsPerPersonMax) return 'too_many_ids'
    }
    return hasRoom(from, b, owner) && hasRoom(to, a, owner) ? undefined : 'too_many_matches'
  }

  /** The edges of an id as they were read. */
  readonly edgesAt = (key: UserKey): Uint8Array | undefined => this.#read.get(nameOf(key))

  /** Makes a match that was not refused. */
  join(a: IdRef, b: IdRef, owner: number): void {
    const from = this.#nodeOf(a)
    const to = this.#nodeOf(b)
    from.matches.add(matchName(b, owner))
    to.matches.add(matchName(a, owner))
    merge(personOf(from), personOf(to))
  }

  /** Which of the ids are yet to be read, each once; from now on they count as read. */
  #unread(ids: readonly IdRef[]): IdRef[] {
    return ids.filter(({ key }) => {
      const name = nameOf(key)
      if (this.#read.has(name)) return false
      this.#read.set(name, NO_BYTES)
      return true
    })
  }

  /** Takes in the live matches of some ids; the ids at their other ends. */
  async #readBatch(ids: readonly IdRef[]): Promise<IdRef[]> {
    const { store, today, isGoing } = this.#options
    const records = await store.recallForWrite(ids.map((id) => id.key))
    const reached: IdRef[] = []
    for (const [i, id] of ids.entries()) {
      const { profile = NO_BYTES, edges = NO_BYTES } = records[i] ?? {}
      this.#read.set(nameOf(id.key), edges)
      if (isSuppressed(profile, 0, profile.length)) personOf(this.#nodeOf(id)).isSuppressed = true
      for (const edge of unpackEdges(edges)) {
        if (edge.expiryDay <= today || isGoing?.(id, edge)) continue
        const { namespace, value, owner } = edge
        const other = { key: Buffer.from(edge.key), namespace, value }
        this.join(id, other, owner)
        reached.push(other)
      }
    }
    return reached
  }

  /** Whether two persons would be one with more ids of a namespace than that allows. */
  #fullOf(a: Person, b: Person): LinkRefusal | undefined {
    for (const [namespace, count] of a.bounded) {
      const more = b.bounded.get(namespace) ?? 0
      const max = this.#options.rules.max(namespace)!
      if (more > 0 && count + more > max) return max === 1 ? 'one_per_person' : 'namespace_full'
    }
    return undefined
  }

  #nodeOf({ key, namespace }: IdRef): Node {
    const name = nameOf(key)
    let node = this.#nodes.get(name)
    if (node === undefined) {
      const isBounded = this.#options.rules.max(namespace) !== undefined
      const bounded = new Map(isBounded ? [[namespace, 1]] : [])
      node = {
        matches: new Set(),
        person: { ids: 1, bounded, isSuppressed: false, partOf: undefined },
      }
      this.#nodes.set(name, node)
    }
    return node
  }
}

interface Node {
  /** Names of its live matches: other end and owner. */
  matches: Set<string>
  person: Person
}

/** Ids joined so far; one that was joined with another is a part of that one. */
interface Person {
  ids: number
  /** How many of the ids are of each namespace that allows only so many. */
  bounded: Map<number, number>
  /** One of them is to be left alone. */
  isSuppressed: boolean
  partOf: Person | undefined
}

const NO_BYTES = new Uint8Array(0)

function personOf(node: Node): Person {
  while (node.person.partOf !== undefined) node.person = node.person.partOf
  return node.person
}

function merge(into: Person, part: Person): void {
  if (into === part) return
  into.ids += part.ids
  into.isSuppressed ||= part.isSuppressed
  for (const [namespace, count] of part.bounded)
    into.bounded.set(namespace, (into.bounded.get(namespace) ?? 0) + count)
  part.partOf = into
}

function matchName({ key }: IdRef, owner: number): string {
  return `${nameOf(key)}${owner}`
}

function hasRoom(node: Node, other: IdRef, owner: number): boolean {
  return node.matches.size < LIMITS.edgesPerIdMax || node.matches.has(matchName(other, owner))
}
