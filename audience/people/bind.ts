import { type PackedEdge, unpackEdges } from '../../proto/edge-blob.ts'
import { dayOf } from '../clock.ts'
import { BROWSER } from '../namespace.ts'
import type { Soon } from '../soon.ts'
import type { IdRef } from '../store/store.ts'
import { type EndRequest, isId, type LinkDeps, refOf } from './link.ts'
import { MatchGraph } from './match-graph.ts'
import type { BindRefusal } from './reasons.ts'
import { Turns } from './turns.ts'

/** "This browser is known to a partner by this id." */
export interface BindRequest {
  /** Value in the namespace BROWSER. */
  browser: string
  /** The partner's id for it. */
  id: EndRequest
  /** Number of the partner that says so; 0 is the exchange. */
  owner: number
  /** AdCOM ID match method. */
  method: number
  /** First UTC day on which it no longer holds: see expiryDayOf. */
  expiryDay: number
  /** A weak one is not made where the browser has another value already. */
  isWeak?: boolean
  /** How many browsers may have the id, this one included; Infinity where nobody counts. */
  browsersMax: number
  /** Asked before another value is replaced. */
  mayReplace: () => Soon<boolean>
  /** What is asked elsewhere while the store is read: where it says no, nothing is bound (`not_admitted`). */
  admitted?: Promise<boolean>
}

/** `replaced`: how many other values the browser had until now. */
export type BindOutcome =
  | { ok: true; replaced: number }
  | { ok: false; reason: BindRefusal | 'not_admitted' }

/**
 * Binds browsers to partners' ids. In a partner's namespace a browser has one live value: a new one
 * replaces the edge, and whatever the old one led to is out of sight at once. What concerns one browser
 * is done one after another in this process.
 */
export class Bindings {
  readonly #turns = new Turns()

  bind(deps: LinkDeps, request: BindRequest): Promise<BindOutcome> {
    // Its failure is told to whoever waits for this binding, once it is its turn.
    request.admitted?.catch(() => {})
    return this.#turns.inTurn(request.browser, () => bindOne(deps, request))
  }

  /** Takes the browser's values in some namespaces away; none is no error. */
  unbind(deps: LinkDeps, browser: string, namespaces: readonly number[]): Promise<void> {
    return this.#turns.inTurn(browser, () => {
      const at = { namespace: BROWSER.number, value: browser }
      return unlinkWhere(deps, at, (edge) => namespaces.includes(edge.namespace))
    })
  }
}

/** Takes an id away from every browser that has it, or, where an owner is named, from all whom its matches join it with. */
export function isolate(deps: LinkDeps, id: EndRequest, owner?: number): Promise<void> {
  return unlinkWhere(deps, id, (edge) =>
    owner === undefined ? edge.namespace === BROWSER.number : edge.owner === owner,
  )
}

async function unlinkWhere(
  deps: LinkDeps,
  end: EndRequest,
  goes: (edge: PackedEdge) => boolean,
): Promise<void> {
  const at = refOf(deps, end)
  const [record] = await deps.store.recallForWrite([at.key])
  const going = unpackEdges(record?.edges ?? NO_EDGES).filter(goes)
  await deps.store.unlink(going.map((edge) => ({ a: at, b: otherEnd(edge) })))
}

async function bindOne(deps: LinkDeps, request: BindRequest): Promise<BindOutcome> {
  if (!isId(request.id)) return { ok: false, reason: 'bad_value' }
  const browser = refOf(deps, { namespace: BROWSER.number, value: request.browser })
  const id = refOf(deps, request.id)
  const today = dayOf(deps.clock.now())
  const around = new Around(browser, id)
  const { store, rules } = deps
  const { isGoing } = around
  const [graph, isAdmitted] = await Promise.all([
    MatchGraph.around([browser, id], { store, rules, today, isGoing }),
    request.admitted ?? true,
  ])
  if (!isAdmitted) return { ok: false, reason: 'not_admitted' }
  const reason =
    around.refusalOf(request) ??
    graph.refusalOf(browser, id, request.owner) ??
    (around.held.length > 0 && !(await request.mayReplace()) ? 'frozen' : undefined)
  if (reason !== undefined) return { ok: false, reason }
  const { owner, method, expiryDay } = request
  const days = { firstSeenDay: today, lastSeenDay: today, expiryDay }
  // The new one first: cut short between the two, the browser has a value too many, never none.
  const edge = { a: browser, b: id, owner, method, ...days }
  const refused = await store.link([edge], graph.edgesAt)
  if (refused.length > 0) return { ok: false, reason: 'suppressed' }
  if (around.held.length > 0)
    await store.unlink(around.held.map((held) => ({ a: browser, b: held })))
  return { ok: true, replaced: around.held.length }
}

/** What stands around a browser and the id it is to be bound to, noted while the graph is read. */
class Around {
  /** Other values of the browser in the id's namespace. */
  readonly held: IdRef[] = []
  /** Other browsers that have the id. */
  #browsers = 0
  readonly #browser: IdRef
  readonly #id: IdRef

  constructor(browser: IdRef, id: IdRef) {
    this.#browser = browser
    this.#id = id
  }

  /** True for the edges between the browser and its other values: they make way, so they join nobody. */
  readonly isGoing = (at: IdRef, edge: PackedEdge): boolean => {
    const { namespace, key } = this.#id
    if (at.key.equals(key)) {
      const isOther = edge.namespace === BROWSER.number && !this.#browser.key.equals(edge.key)
      if (isOther) this.#browsers++
      return false
    }
    if (at.namespace === namespace) return this.#browser.key.equals(edge.key)
    if (!at.key.equals(this.#browser.key) || edge.namespace !== namespace) return false
    if (key.equals(edge.key)) return false
    this.held.push(otherEnd(edge))
    return true
  }

  refusalOf({ isWeak = false, browsersMax }: BindRequest): BindRefusal | undefined {
    if (isWeak && this.held.length > 0) return 'held'
    return this.#browsers >= browsersMax ? 'hot_id' : undefined
  }
}

function otherEnd({ key, namespace, value }: PackedEdge): IdRef {
  return { key: Buffer.from(key), namespace, value }
}

const NO_EDGES = new Uint8Array(0)
