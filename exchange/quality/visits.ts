import type { CollectedEvent } from '../../audience/events/collected-event.ts'
import { QUALITY_LIMITS } from './limits.ts'
import type { SourceTally } from './source-counts.ts'

/** One message of a page or an app, as far as it tells of a visit. */
export interface VisitSight {
  /** Namespace and value of the visitor, or of the customer where only that is known. */
  visitor: string
  atMs: number
  /** A view of a page or a screen. */
  isView: boolean
  /** It names the customer. */
  isConnected: boolean
}

/** Whom a message is about, as visits are told apart: the visitor before the customer, as a sign-in ends no visit. */
export function visitSight(
  { about, sameAs, atMs }: CollectedEvent,
  { type, userId }: { type: unknown; userId: number | undefined },
): VisitSight {
  const { namespace, value } = sameAs && about.namespace === userId ? sameAs : about
  return {
    visitor: `${namespace} ${value}`,
    atMs,
    isView: type === 'page' || type === 'screen',
    isConnected: about.namespace === userId,
  }
}

/**
 * Counts visits of pages and apps, and those in which the customer was known. A visit ends after QUALITY_LIMITS.visitGapMs
 * without a message. Whose they are stays in memory, while they last; the store is told counts.
 */
export class Visits {
  /** Under way, of a source each. */
  readonly #open = new Map<string, Visit>()
  #sweptMs = Number.NEGATIVE_INFINITY

  /** What messages of a source that were taken add to its counters. */
  note(source: string, sights: readonly VisitSight[], nowMs: number): SourceTally {
    const tally = { visits: 0, connectedVisits: 0, views: 0, connectedViews: 0 }
    if (sights.length === 0) return {}
    if (nowMs - this.#sweptMs >= QUALITY_LIMITS.visitGapMs / 2) this.#sweep(nowMs)
    for (const sight of sights) {
      const visit = this.#visitOf(`${source} ${sight.visitor}`, sight.atMs)
      if (visit) countIn(tally, visit, sight)
    }
    return tally
  }

  /** Undefined where more are under way than are counted, and of what was before the one that is known. */
  #visitOf(name: string, atMs: number): Visit | undefined {
    const known = this.#open.get(name)
    if (known && atMs < known.firstMs - QUALITY_LIMITS.visitGapMs) return undefined
    if (known && atMs <= known.lastMs + QUALITY_LIMITS.visitGapMs) {
      known.firstMs = Math.min(known.firstMs, atMs)
      known.lastMs = Math.max(known.lastMs, atMs)
      return known
    }
    if (known === undefined && this.#open.size >= QUALITY_LIMITS.visitsMax) return undefined
    const begun = { firstMs: atMs, lastMs: atMs, isConnected: false, views: 0, isCounted: false }
    this.#open.set(name, begun)
    return begun
  }

  #sweep(nowMs: number): void {
    this.#sweptMs = nowMs
    // Late messages may still belong to one that has ended by the clock, as long as there is room.
    const { visitGapMs, visitsMax, lateMs } = QUALITY_LIMITS
    const keptMs = this.#open.size > visitsMax / 2 ? visitGapMs : lateMs
    const endedMs = nowMs - keptMs - visitGapMs
    for (const [name, { lastMs }] of this.#open) if (lastMs < endedMs) this.#open.delete(name)
  }
}

interface Visit {
  firstMs: number
  lastMs: number
  isConnected: boolean
  views: number
  isCounted: boolean
}

type VisitTally = Required<
  Pick<SourceTally, 'visits' | 'connectedVisits' | 'views' | 'connectedViews'>
>

/** A visit is connected from its beginning as soon as it is once. */
function countIn(tally: VisitTally, visit: Visit, { isView, isConnected }: VisitSight): void {
  if (!visit.isCounted) tally.visits++
  visit.isCounted = true
  const views = isView ? 1 : 0
  tally.views += views
  visit.views += views
  if (visit.isConnected) tally.connectedViews += views
  else if (isConnected) {
    tally.connectedVisits++
    tally.connectedViews += visit.views
    visit.isConnected = true
  }
}
