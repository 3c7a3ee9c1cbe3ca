import { type EdgeClaim, type PackedEdge, unpackEdges } from '../../proto/edge-blob.ts'
import { type Membership, unpackProfile } from '../../proto/profile-blob.ts'
import {
  readSuppression,
  type Suppression,
  type SuppressionKind,
} from '../../proto/suppression-mark.ts'
import { type Clock, dayOf } from '../clock.ts'
import { LIMITS } from '../limits.ts'
import type { IdRef, PersonRecord, UserKey } from '../store/store.ts'
import { type EndRequest, isId, type LinkDeps, refOf } from './link.ts'
import { nameOf } from './shared-reads.ts'

/** An id that was asked for, or that live matches lead to from one that was. */
export interface KnownId extends IdRef {
  /** What holds today; and all of it as it was read, packed. */
  memberships: Membership[]
  profile: Uint8Array
  suppression: Suppression | undefined
  /** Place in `edges` of the match it was first reached over; undefined for one that was asked for. */
  via: number | undefined
  /** A live match leads on to where the walk may not go. */
  isCut: boolean
}

/** A live match between two of the ids, by their places. */
export interface KnownEdge extends Omit<PackedEdge, 'key' | 'namespace' | 'value'> {
  a: number
  b: number
}

/** A claim of one of the ids, by its place, to be the same person as another id. */
export interface ParkedClaim {
  at: number
  other: IdRef
  owner: number
  lastSeenDay: number
  claim: EdgeClaim
}

/** What the store has of people: ids, nearest first, and the matches between them. */
export interface Known {
  ids: KnownId[]
  edges: KnownEdge[]
  /** Claims that join nobody now, each from the end that was met first. */
  parked: ParkedClaim[]
  /** Ids at the other ends of live matches over which the walk may not go. */
  beyond: IdRef[]
  /** Where each id that was asked for stands in `ids`; undefined for what is no id. */
  starts: (number | undefined)[]
}

/** Which ids a walk enters: by the match that leads there, and the namespace it is in. */
export type Enters = (edge: Pick<PackedEdge, 'owner' | 'namespace'>) => boolean

/** Every one. */
export const ANY: Enters = () => true

/**
 * Reads what is known of some ids and of all that live matches join them with, whoever says so, or as far
 * as `enters` allows. What is no id is left out. Read from the store itself, not from the near-cache.
 */
export async function knownOf(
  deps: LinkDeps,
  starts: readonly EndRequest[],
  enters: Enters = ANY,
): Promise<Known> {
  const refs = starts.map((start) => (isId(start) ? refOf(deps, start) : undefined))
  return knownFrom(deps, refs, enters)
}

/** The same from ids whose keys are known already. */
export async function knownFrom(
  { store, clock }: { store: Pick<LinkDeps['store'], 'recallForWrite'>; clock: Clock },
  starts: readonly (IdRef | undefined)[],
  enters: Enters,
): Promise<Known> {
  const walk = new Walk(dayOf(clock.now()), enters)
  const { ids, starts: places } = walk.known
  for (const start of starts) places.push(start && walk.reach(start, undefined))
  for (let from = 0; from < ids.length; ) {
    const ring = ids.slice(from).map(({ key }) => key)
    const records = await Promise.all(chunksOf(ring).map((keys) => store.recallForWrite(keys)))
    for (const [i, record] of records.flat().entries()) if (record) walk.take(from + i, record)
    from += ring.length
  }
  return walk.known
}

/** Keys as many as are read at once. */
function chunksOf(keys: readonly UserKey[]): (readonly UserKey[])[] {
  const chunks: (readonly UserKey[])[] = []
  for (let from = 0; from < keys.length; from += LIMITS.recallKeysMax)
    chunks.push(keys.slice(from, from + LIMITS.recallKeysMax))
  return chunks
}

/**
 * Leaves the people behind some ids alone for good: those ids, known yet or not, and all that `enters`
 * allows to reach from them. What had been known of them, and is gone now; and whom they were matched with.
 */
export async function suppressPeople(
  deps: LinkDeps,
  starts: readonly EndRequest[],
  { kind, enters = ANY }: { kind: SuppressionKind; enters?: Enters },
): Promise<{ known: Known; left: IdRef[] }> {
  const known = await knownOf(deps, starts, enters)
  await deps.store.suppress(known.ids.map(({ key }) => ({ key, kind })))
  const gone = new Set(known.ids.map(({ key }) => nameOf(key)))
  const others = [...known.parked.map(({ other }) => other), ...known.beyond]
  return { known, left: others.filter(({ key }) => !gone.has(nameOf(key))) }
}

const NONE = new Uint8Array(0)

class Walk {
  readonly known: Known = { ids: [], edges: [], parked: [], beyond: [], starts: [] }
  readonly #places = new Map<string, number>()
  readonly #today: number
  readonly #enters: Enters

  constructor(today: number, enters: Enters) {
    this.#today = today
    this.#enters = enters
  }

  /** The place of an id, which is added where it is new. */
  reach(id: IdRef, via: number | undefined): number {
    const name = nameOf(id.key)
    const known = this.#places.get(name)
    if (known !== undefined) return known
    this.#places.set(name, this.known.ids.length)
    return (
      this.known.ids.push({
        ...{ key: id.key, namespace: id.namespace, value: id.value, via },
        ...{ memberships: [], profile: NONE, suppression: undefined, isCut: false },
      }) - 1
    )
  }

  take(at: number, { profile, edges }: PersonRecord): void {
    const id = this.known.ids[at]!
    id.profile = profile
    id.suppression = readSuppression(profile)
    id.memberships = unpackProfile(profile).filter((one) => one.expiryDay > this.#today)
    for (const edge of unpackEdges(edges)) this.#follow(at, edge)
  }

  /** Taken at the end that is met first. */
  #follow(at: number, { key, namespace, value, ...edge }: PackedEdge): void {
    const other = { key: Buffer.from(key), namespace, value }
    if (edge.claim?.parked) this.#park(at, { ...edge, claim: edge.claim }, other)
    if (edge.expiryDay <= this.#today) return
    if (!this.#enters({ ...edge, namespace })) {
      this.known.ids[at]!.isCut = true
      this.known.beyond.push(other)
      return
    }
    const next = this.known.edges.length
    const to = this.reach(other, next)
    if (to > at) this.known.edges.push({ ...edge, a: at, b: to })
  }

  #park(
    at: number,
    { owner, lastSeenDay, claim }: Omit<ParkedClaim, 'at' | 'other'>,
    other: IdRef,
  ): void {
    if (claim.untilDay <= this.#today) return
    const met = this.#places.get(nameOf(other.key))
    const isMet = this.known.parked.some(
      (one) =>
        one.at === met && one.owner === owner && this.#places.get(nameOf(one.other.key)) === at,
    )
    if (!isMet) this.known.parked.push({ at, other, owner, lastSeenDay, claim })
  }
}
