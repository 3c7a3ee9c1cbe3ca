import { endOf, hasParked, unpackEdges } from '../../proto/edge-blob.ts'
import { dayOf } from '../clock.ts'
import { LIMITS } from '../limits.ts'
import type { Edge, IdRef, PeopleStore, UserKey } from '../store/store.ts'
import { ClaimGraph } from './claim-graph.ts'
import { type EdgeRequest, type EndRequest, isId, type LinkDeps, refOf } from './link.ts'
import type { LinkRefusal, ParkReason } from './reasons.ts'

/** "These two ids are the same person, as of then": a match that gives way to a stronger claim, and comes back when that goes. */
export interface ClaimRequest extends EdgeRequest {
  /** When it was said (ms since the epoch): of two that cannot both hold, the later one does. */
  atMs: number
}

/** Kept and held, kept and parked, or not kept. `isContested`: some claim of the same people is parked. */
export type ClaimOutcome =
  | { ok: true; parked: ParkReason | undefined; isContested: boolean }
  | { ok: false; reason: LinkRefusal }

export interface Claimed {
  /** In the order asked. */
  outcomes: ClaimOutcome[]
  /** How many claims, these and others, are parked now that were not before, by why. */
  parked: ReadonlyMap<ParkReason, number>
}

/** Keeps claims of one owner, and settles them with all that is said of the same ids. */
export async function claimAll(
  deps: LinkDeps,
  requests: readonly ClaimRequest[],
): Promise<Claimed> {
  const edges = requests.map((request) => claimOf(deps, request))
  const today = dayOf(deps.clock.now())
  const graph = await ClaimGraph.around(
    edges.flatMap((edge) => (edge ? [edge.a, edge.b] : [])),
    { ...deps, today, owner: requests[0]?.owner ?? 0 },
  )
  const reasons = edges.map((edge): LinkRefusal | undefined => {
    if (edge === undefined) return 'bad_value'
    // One that has ended already joins nobody.
    return endOf(edge) <= today ? undefined : graph.add(edge)
  })
  const settled = graph.settle()
  const refused = settled.length > 0 ? await deps.store.link(settled, graph.edgesAt) : []
  // Who was suppressed after the graph was read: the store has the last word.
  const late = new Set(
    refused.map((place) => settled[place]!).flatMap(({ a, b }) => [a.key, b.key]),
  )
  const kept = edges.filter((edge, i) => edge !== undefined && reasons[i] === undefined)
  const settledAs = graph.outcomesOf(kept as Edge[]).values()
  const outcomes = edges.map((edge, i): ClaimOutcome => {
    const reason = reasons[i]
    if (reason) return { ok: false, reason }
    const outcome = settledAs.next().value!
    const isLate = late.size > 0 && [edge!.a, edge!.b].every(({ key }) => has(late, key))
    return isLate ? { ok: false, reason: 'suppressed' } : { ok: true, ...outcome }
  })
  return { outcomes, parked: graph.newlyParked() }
}

function has(keys: ReadonlySet<UserKey>, key: UserKey): boolean {
  return [...keys].some((one) => one.equals(key))
}

/** Settles the claims around some ids anew, since something was taken back that they gave way to. How many changed. */
export async function settleAround(deps: LinkDeps, ids: readonly IdRef[]): Promise<number> {
  const today = dayOf(deps.clock.now())
  let changed = 0
  for (let from = 0; from < ids.length; from += LIMITS.recallKeysMax) {
    const some = ids.slice(from, from + LIMITS.recallKeysMax)
    for (const [owner, starts] of await claimants(deps, some)) {
      const graph = await ClaimGraph.around(starts, { ...deps, today, owner })
      const settled = graph.settle()
      if (settled.length > 0) await deps.store.link(settled, graph.edgesAt)
      changed += settled.length
    }
  }
  return changed
}

/** The ids at the other ends of all matches of some ids, parked ones too. */
export async function neighboursOf({ store }: LinkDeps, ids: readonly IdRef[]): Promise<IdRef[]> {
  const found = new Map<string, IdRef>()
  for (let from = 0; from < ids.length; from += LIMITS.recallKeysMax) {
    const some = ids.slice(from, from + LIMITS.recallKeysMax)
    const records = await store.recallForWrite(some.map(({ key }) => key))
    for (const record of records)
      for (const { key, namespace, value } of unpackEdges(record?.edges ?? NO_BYTES))
        found.set(Buffer.from(key).toString('latin1'), { key: Buffer.from(key), namespace, value })
  }
  return [...found.values()]
}

export interface Unmerging {
  at: EndRequest
  /** Whom it is no longer to be one person with; undefined: nobody. */
  from: EndRequest | undefined
  /** Number of the partner whose matches go; undefined: everybody's. */
  owner: number | undefined
}

/** Takes matches of an id back, parked ones too, and settles those they had parked. How many there were. */
export async function unmerge(deps: LinkDeps, { at, from, owner }: Unmerging): Promise<number> {
  const ref = refOf(deps, at)
  const other = from && refOf(deps, from)
  const [record] = await deps.store.recallForWrite([ref.key])
  const going = unpackEdges(record?.edges ?? NO_BYTES).filter(
    (edge) =>
      (other === undefined || other.key.equals(edge.key)) &&
      (owner === undefined || edge.owner === owner),
  )
  const ends = going.map(({ key, namespace, value }) => ({
    ...{ key: Buffer.from(key), namespace, value },
  }))
  await deps.store.unlink(ends.map((end, i) => ({ a: ref, b: end, onlyOf: going[i]!.owner })))
  await settleAround(deps, [ref, ...ends])
  return going.length
}

/** Ids at which some claim is parked, in batches: what it gave way to may have ended. */
export async function* parkedIds(store: PeopleStore): AsyncIterable<IdRef[]> {
  for await (const kept of store.walk('edges')) {
    const parked = kept.filter(({ bytes }) => hasParked(bytes))
    if (parked.length > 0) yield parked.map(({ key }) => ({ key, namespace: 0, value: '' }))
  }
}

/** Some ids by whose claims are kept at them. */
async function claimants(
  { store }: LinkDeps,
  ids: readonly IdRef[],
): Promise<Map<number, IdRef[]>> {
  const records = await store.recallForWrite(ids.map(({ key }) => key))
  const byOwner = new Map<number, IdRef[]>()
  for (const [i, record] of records.entries()) {
    const claims = unpackEdges(record?.edges ?? NO_BYTES).filter(({ claim }) => claim)
    for (const owner of new Set(claims.map((edge) => edge.owner)))
      byOwner.set(owner, [...(byOwner.get(owner) ?? []), ids[i]!])
  }
  return byOwner
}

function claimOf(deps: LinkDeps, { atMs, ...request }: ClaimRequest): Edge | undefined {
  if (!isId(request.a) || !isId(request.b)) return undefined
  const claim = { atMs, untilDay: request.expiryDay, parked: 0 }
  return { ...request, a: refOf(deps, request.a), b: refOf(deps, request.b), claim }
}

const NO_BYTES = new Uint8Array(0)
