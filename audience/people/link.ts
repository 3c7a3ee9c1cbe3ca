import { type Clock, dayOf } from '../clock.ts'
import { LIMITS } from '../limits.ts'
import { idFault } from '../namespace.ts'
import type { Edge, EdgeEnds, IdRef, PeopleStore } from '../store/store.ts'
import { MatchGraph } from './match-graph.ts'
import type { NamespaceRules } from './namespace-rules.ts'
import type { LinkRefusal } from './reasons.ts'
import type { UserKeys } from './user-key.ts'

/** One end of a match, as it is said: a value as it came. */
export interface EndRequest {
  /** Namespace number. */
  namespace: number
  value: string
}

/** "These two ids are the same person." */
export interface EdgeRequest {
  a: EndRequest
  b: EndRequest
  /** Number of the partner that says so; 0 is the exchange. */
  owner: number
  /** AdCOM ID match method; 0 unknown. */
  method: number
  firstSeenDay: number
  lastSeenDay: number
  /** First UTC day on which it no longer holds: see expiryDayOf. */
  expiryDay: number
}

/** Kept, or refused with a reason. */
export type LinkOutcome = { ok: true } | { ok: false; reason: LinkRefusal }

export interface LinkDeps {
  store: PeopleStore
  keys: UserKeys
  clock: Clock
  rules: NamespaceRules
}

/** Makes and removes matches, one batch at a time in this process: what one decides on, none changes. */
export class Links {
  #last: Promise<unknown> = Promise.resolve()

  /**
   * Decides on each match in order, each seeing those before it, and writes the accepted ones. The
   * outcomes, in the order asked, once they are durable. Rejects when the store does; what was written
   * by then stays, and asking again has the same outcome.
   */
  link(deps: LinkDeps, requests: readonly EdgeRequest[]): Promise<LinkOutcome[]> {
    return this.inTurn(async () => {
      const outcomes: LinkOutcome[] = []
      for (let from = 0; from < requests.length; from += LIMITS.writeBatchMax)
        outcomes.push(...(await linkBatch(deps, requests.slice(from, from + LIMITS.writeBatchMax))))
      return outcomes
    })
  }

  /** Removes matches from both ends, whoever owns them; one that is not there is no error. */
  unlink(deps: LinkDeps, pairs: readonly { a: EndRequest; b: EndRequest }[]): Promise<void> {
    return this.inTurn(async () => {
      const ends: EdgeEnds[] = []
      for (const { a, b } of pairs) {
        if (!isId(a) || !isId(b)) continue
        ends.push({ a: refOf(deps, a), b: refOf(deps, b) })
      }
      await deps.store.unlink(ends)
    })
  }

  /** Whatever else decides on matches. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => undefined)
    return mine
  }
}

async function linkBatch(deps: LinkDeps, requests: readonly EdgeRequest[]): Promise<LinkOutcome[]> {
  const edges = requests.map((request) => edgeOf(deps, request))
  const ids = edges.flatMap((edge) => (edge === undefined ? [] : [edge.a, edge.b]))
  const today = dayOf(deps.clock.now())
  const graph = await MatchGraph.around(ids, { ...deps, today })
  const accepted: Edge[] = []
  const outcomes = edges.map((edge) => decide(graph, edge, today, accepted))
  const refused = accepted.length > 0 ? await deps.store.link(accepted, graph.edgesAt) : []
  // Who was suppressed after the graph was read: the store has the last word.
  for (const place of refused) outcomes[edges.indexOf(accepted[place])] = SUPPRESSED
  return outcomes
}

const SUPPRESSED: LinkOutcome = { ok: false, reason: 'suppressed' }

function decide(
  graph: MatchGraph,
  edge: Edge | undefined,
  today: number,
  accepted: Edge[],
): LinkOutcome {
  if (edge === undefined) return { ok: false, reason: 'bad_value' }
  const reason = graph.refusalOf(edge.a, edge.b, edge.owner)
  if (reason !== undefined) return { ok: false, reason }
  // One that has ended already joins nobody, but may say so of one that is kept.
  if (edge.expiryDay > today) graph.join(edge.a, edge.b, edge.owner)
  accepted.push(edge)
  return { ok: true }
}

/** Undefined where an end is no id. */
function edgeOf(deps: LinkDeps, request: EdgeRequest): Edge | undefined {
  if (!isId(request.a) || !isId(request.b)) return undefined
  return { ...request, a: refOf(deps, request.a), b: refOf(deps, request.b) }
}

export function isId({ namespace, value }: EndRequest): boolean {
  return idFault(namespace, value) === undefined
}

export function refOf({ keys }: LinkDeps, { namespace, value }: EndRequest): IdRef {
  return keys.ref(namespace, value)
}
