import { LIMITS } from '../limits.ts'
import type { NamespaceRules } from './namespace-rules.ts'
import type { ParkReason } from './reasons.ts'
import { UnionFind } from './union-find.ts'

/** A match between two ids, by their places. */
export interface SettledEdge {
  a: number
  b: number
  /** Undefined: it stands whatever else is said. */
  claim: { atMs: number } | undefined
  /** Tells it apart from every other, whichever end it is seen from. */
  name: string
}

/**
 * Which claims hold and which are parked, of all that concern some people: a function of what is said and holds today, and of
 * nothing else, so that it comes out the same in whatever order it was said, and as if what was taken back had never been.
 *
 * An id that more customers than LIMITS.customersPerIdMax use is shared: nothing it is claimed to be holds. The others are
 * taken one by one, those between ids of higher priority first and then what was said last; one that would give a person
 * more ids than there may be is parked. The reasons, by the places of edges; undefined: it holds.
 */
export function settleClaims(
  namespaces: readonly number[],
  edges: readonly SettledEdge[],
  rules: NamespaceRules,
): (ParkReason | undefined)[] {
  const people = new People(namespaces, rules)
  const shared = sharedIds(namespaces, edges, rules)
  const parked: (ParkReason | undefined)[] = edges.map(() => undefined)
  const open: number[] = []
  for (const [i, { a, b, claim }] of edges.entries()) {
    if (claim === undefined) people.join(a, b)
    else if (shared.has(a) || shared.has(b)) parked[i] = 'shared_id'
    else open.push(i)
  }
  const strength = ({ a, b }: SettledEdge) =>
    rules.priority(namespaces[a]!) + rules.priority(namespaces[b]!)
  open.sort((i, j) => {
    const [one, other] = [edges[i]!, edges[j]!]
    return (
      strength(other) - strength(one) ||
      other.claim!.atMs - one.claim!.atMs ||
      (one.name < other.name ? -1 : 1)
    )
  })
  for (const i of open) {
    const { a, b } = edges[i]!
    parked[i] = people.refusalOf(a, b)
    if (parked[i] === undefined) people.join(a, b)
  }
  return parked
}

/** Ids that are matched with more ids of a namespace of customers than one person's could be. */
export function sharedIds(
  namespaces: readonly number[],
  edges: readonly Pick<SettledEdge, 'a' | 'b'>[],
  rules: NamespaceRules,
): Set<number> {
  const customers = new Map<string, Set<number>>()
  const shared = new Set<number>()
  const note = (id: number, other: number) => {
    const namespace = namespaces[other]!
    if (rules.claimsMax(namespace) !== 1 || rules.claimsMax(namespaces[id]!) === 1) return
    const name = `${id} ${namespace}`
    const known = customers.get(name) ?? new Set()
    customers.set(name, known.add(other))
    if (known.size > LIMITS.customersPerIdMax) shared.add(id)
  }
  for (const { a, b } of edges) {
    note(a, b)
    note(b, a)
  }
  return shared
}

/** People as they are joined. */
class People {
  readonly #rules: NamespaceRules
  readonly #sets: UnionFind
  readonly #size: number[]
  /** By namespace that allows only so many: how many there are. */
  readonly #counts: Map<number, number>[]

  constructor(namespaces: readonly number[], rules: NamespaceRules) {
    this.#rules = rules
    this.#sets = new UnionFind(namespaces.length)
    this.#size = namespaces.map(() => 1)
    this.#counts = namespaces.map((namespace) => new Map([[namespace, 1]]))
  }

  refusalOf(a: number, b: number): ParkReason | undefined {
    const [one, other] = [this.#sets.rootOf(a), this.#sets.rootOf(b)]
    if (one === other) return undefined
    for (const [namespace, count] of this.#counts[one]!) {
      const max = this.#rules.claimsMax(namespace)
      const more = this.#counts[other]!.get(namespace) ?? 0
      if (more > 0 && count + more > max) return max === 1 ? 'another_customer' : 'namespace_full'
    }
    return this.#size[one]! + this.#size[other]! > LIMITS.idsPerPersonMax
      ? 'too_many_ids'
      : undefined
  }

  join(a: number, b: number): void {
    const [one, other] = [this.#sets.rootOf(a), this.#sets.rootOf(b)]
    if (one === other) return
    this.#sets.join(one, other)
    this.#size[one]! += this.#size[other]!
    const counts = this.#counts[one]!
    for (const [namespace, count] of this.#counts[other]!)
      counts.set(namespace, (counts.get(namespace) ?? 0) + count)
  }
}
