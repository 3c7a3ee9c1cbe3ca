import { endOf, type PackedEdge, unpackEdges } from '../../proto/edge-blob.ts'
import { isSuppressed } from '../../proto/suppression-mark.ts'
import { LIMITS } from '../limits.ts'
import type { Edge, IdRef, PeopleStore, UserKey } from '../store/store.ts'
import type { NamespaceRules } from './namespace-rules.ts'
import { type ParkReason, parkCode } from './reasons.ts'
import { settleClaims, sharedIds } from './settle-claims.ts'
import { nameOf } from './shared-reads.ts'
import { UnionFind } from './union-find.ts'

export interface ClaimGraphOptions {
  store: PeopleStore
  rules: NamespaceRules
  /** UTC day: what ends on it or before is no more. */
  today: number
  /** Number of the partner whose claims they are: besides its own matches those of the exchange count. */
  owner: number
}

/** All that is said of some ids and of whoever it may join them with, parked claims included. */
export class ClaimGraph {
  readonly #options: ClaimGraphOptions
  readonly #nodes: Node[] = []
  readonly #places = new Map<string, number>()
  readonly #edges = new Map<string, Kept>()
  readonly #read = new Map<string, Uint8Array>()
  /** Why claims are parked, once they are settled. */
  #reasons: readonly (ParkReason | undefined)[] = []

  private constructor(options: ClaimGraphOptions) {
    this.#options = options
  }

  /** Reads ring by ring, LIMITS.settleIdsMax ids at most. Goes no further from an id that is shared and was before. */
  static async around(starts: readonly IdRef[], options: ClaimGraphOptions): Promise<ClaimGraph> {
    const graph = new ClaimGraph(options)
    let ring = starts.map((start) => graph.#placeOf(start))
    while (ring.length > 0) {
      const wanted = [...new Set(ring)].filter((at) => !graph.#nodes[at]!.isRead)
      const room = LIMITS.settleIdsMax - graph.#read.size
      ring = []
      for (let from = 0; from < Math.min(wanted.length, room); from += LIMITS.recallKeysMax) {
        const some = wanted.slice(from, Math.min(from + LIMITS.recallKeysMax, room))
        ring.push(...(await graph.#readBatch(some)))
      }
    }
    return graph
  }

  /** The edges of an id as they were read. */
  readonly edgesAt = (key: UserKey): Uint8Array | undefined => this.#read.get(nameOf(key))

  /** Takes a claim in, or why it cannot be kept. */
  add(edge: Edge): 'self' | 'suppressed' | 'too_many_matches' | undefined {
    const [a, b] = [this.#placeOf(edge.a), this.#placeOf(edge.b)]
    if (a === b) return 'self'
    const [one, other] = [this.#nodes[a]!, this.#nodes[b]!]
    if (one.isSuppressed || other.isSuppressed) return 'suppressed'
    const name = this.#nameOf(a, b, edge.owner)
    const same = this.#edges.get(name)
    const { edgesPerIdMax } = LIMITS
    if (!same && (one.edges >= edgesPerIdMax || other.edges >= edgesPerIdMax))
      return 'too_many_matches'
    this.#edges.set(name, {
      ...{ a, b, name, edge: same ? later(same.edge, edge) : edge },
      ...{ was: same?.was ?? 0, isNew: true },
    })
    if (same) return undefined
    one.edges++
    other.edges++
    return undefined
  }

  /** Settles all claims; those that are new, or hold or are parked other than they were kept. */
  settle(): Edge[] {
    const edges = [...this.#edges.values()]
    const namespaces = this.#nodes.map(({ ref }) => ref.namespace)
    const settled = edges.map(({ a, b, name, edge }) => ({ a, b, name, claim: edge.claim }))
    this.#reasons = settleClaims(namespaces, settled, this.#options.rules)
    return edges.flatMap(({ edge, isNew, a, b }, i) => {
      const parked = parkCode(this.#reasons[i])
      const { claim } = edge
      const ends = { a: this.#nodes[a]!.ref, b: this.#nodes[b]!.ref }
      if (!isNew && (!claim || claim.parked === parked)) return []
      if (!claim) return [{ ...edge, ...ends }]
      // An end of which nothing but its key is known: whoever knows more settles it.
      if (ends.a.namespace === 0 || ends.b.namespace === 0) return []
      const expiryDay = parked === 0 ? claim.untilDay : 0
      return [{ ...edge, ...ends, expiryDay, claim: { ...claim, parked } }]
    })
  }

  /** How many claims are parked that were not before, by why. */
  newlyParked(): Map<ParkReason, number> {
    const counts = new Map<ParkReason, number>()
    for (const [i, { was }] of [...this.#edges.values()].entries()) {
      const reason = this.#reasons[i]
      if (reason && parkCode(reason) !== was) counts.set(reason, (counts.get(reason) ?? 0) + 1)
    }
    return counts
  }

  /** What was settled of claims, each by its ends; and whether any claim around them is parked. */
  outcomesOf(claims: readonly Edge[]): { parked: ParkReason | undefined; isContested: boolean }[] {
    const sets = new UnionFind(this.#nodes.length)
    const edges = [...this.#edges.values()]
    for (const { a, b } of edges) sets.join(a, b)
    const places = new Map(edges.map(({ name }, i) => [name, i]))
    const contested = new Set(
      edges.flatMap(({ a }, i) => (this.#reasons[i] ? [sets.rootOf(a)] : [])),
    )
    return claims.map(({ a, b, owner }) => {
      const [one, other] = [this.#placeOf(a), this.#placeOf(b)]
      const place = places.get(this.#nameOf(one, other, owner))
      const parked = place === undefined ? undefined : this.#reasons[place]
      return { parked, isContested: contested.has(sets.rootOf(one)) }
    })
  }

  async #readBatch(places: readonly number[]): Promise<number[]> {
    const { store, today, owner } = this.#options
    const refs = places.map((at) => this.#nodes[at]!.ref)
    const records = await store.recallForWrite(refs.map(({ key }) => key))
    return places.flatMap((at, i) => {
      const { profile = NO_BYTES, edges = NO_BYTES } = records[i] ?? {}
      const node = this.#nodes[at]!
      node.isRead = true
      node.isSuppressed = isSuppressed(profile, 0, profile.length)
      this.#read.set(nameOf(refs[i]!.key), edges)
      const all = unpackEdges(edges).filter((edge) => endOf(edge) > today)
      node.edges = all.length
      const own = all.filter((edge) => edge.owner === 0 || edge.owner === owner)
      return this.#take(at, own)
    })
  }

  /** The places to read next. */
  #take(at: number, edges: readonly PackedEdge[]): number[] {
    const next = edges.map((edge) => {
      const { key, namespace, value, ...fields } = edge
      const to = this.#placeOf({ key: Buffer.from(key), namespace, value })
      const name = this.#nameOf(at, to, edge.owner)
      const [a, b] = [this.#nodes[at]!.ref, this.#nodes[to]!.ref]
      if (!this.#edges.has(name))
        this.#edges.set(name, {
          ...{ a: at, b: to, name, edge: { ...fields, a, b } },
          ...{ was: edge.claim?.parked ?? 0, isNew: false },
        })
      return { edge, to }
    })
    const wasShared = edges.some(({ claim }) => claim?.parked === SHARED)
    const isCut = wasShared && this.#isShared([at, ...next.map(({ to }) => to)])
    return next.filter(({ edge }) => !isCut || edge.claim === undefined).map(({ to }) => to)
  }

  /** Whether the first of some ids is shared, being matched with the others. */
  #isShared(places: readonly number[]): boolean {
    const namespaces = places.map((at) => this.#nodes[at]!.ref.namespace)
    const edges = places.slice(1).map((_, i) => ({ a: 0, b: i + 1 }))
    return sharedIds(namespaces, edges, this.#options.rules).has(0)
  }

  /** What an id is made of is told by whoever names it. */
  #placeOf(ref: IdRef): number {
    const name = nameOf(ref.key)
    const known = this.#places.get(name)
    if (known === undefined) {
      this.#places.set(name, this.#nodes.length)
      return this.#nodes.push({ ref, edges: 0, isRead: false, isSuppressed: false }) - 1
    }
    if (this.#nodes[known]!.ref.namespace === 0) this.#nodes[known]!.ref = ref
    return known
  }

  #nameOf(a: number, b: number, owner: number): string {
    const names = [a, b].map((at) => nameOf(this.#nodes[at]!.ref.key)).sort()
    return `${names.join('')}${owner}`
  }
}

interface Node {
  ref: IdRef
  /** Matches kept at it, of all owners. */
  edges: number
  isRead: boolean
  isSuppressed: boolean
}

interface Kept {
  a: number
  b: number
  name: string
  edge: Edge
  /** Why it was parked before; 0: it was not, or was not there. */
  was: number
  isNew: boolean
}

const NO_BYTES = new Uint8Array(0)
const SHARED = parkCode('shared_id')

/** What was said twice: see mergeEdge. A match that stands is renewed, and stands. */
function later(same: Edge, { claim: said, ...edge }: Edge): Edge {
  const claim = said!
  const untilDay = Math.max(endOf(same), claim.untilDay)
  const days = {
    firstSeenDay: Math.min(same.firstSeenDay, edge.firstSeenDay),
    lastSeenDay: Math.max(same.lastSeenDay, edge.lastSeenDay),
  }
  if (same.claim === undefined) return { ...same, ...days, expiryDay: untilDay }
  const atMs = Math.max(same.claim.atMs, claim.atMs)
  return { ...edge, ...days, claim: { atMs, untilDay, parked: same.claim.parked } }
}
