import { dayOf } from '../../audience/clock.ts'
import { SOURCE_KIND, type Source } from '../../audience/events/source.ts'
import {
  NAMESPACE_KIND,
  type Namespace,
  type NamespaceKind,
  OWN_NAMESPACES,
} from '../../audience/namespace.ts'
import type { PeopleSet } from '../../audience/reach/people-set.ts'
import type { ReachIndex } from '../../audience/reach/reach-index.ts'
import { refuse } from '../../audience/refusal.ts'
import type { Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { accountRates } from '../kpis/account-rates.ts'
import type { KpiShown } from '../kpis/kpis.ts'
import { type LatencyShown, readLatencies } from '../kpis/latency-counts.ts'
import { navigationRates } from '../kpis/navigation-rates.ts'
import { LIMITS } from '../limits.ts'
import { type Rate, rateOf } from '../matchrates/rate.ts'
import { dayText } from '../moment.ts'
import type { PartnerRecord } from '../partner.ts'
import { ToldTo } from '../reach/told-to.ts'
import { type Actor, isExchange, sees, snapshotOf } from './desk.ts'
import { countedIn } from './reach.ts'
import type { UsageDeps } from './usage-deps.ts'

/** Between which the reconciliation rate of an insurer's or retailer's customers usually lies. */
export const RECONCILIATION_BAND = { from: 0.2, to: 0.35 } as const

export interface KpiQuery {
  /** The segment that holds the customers who have a customer area. */
  clients?: string
  /** The segment that holds the customers who are known offline: of shops, branches, the telephone. */
  offline?: string
  /** Of which segment the match rate is told; absent: of everybody who is in a segment. */
  segment?: string
  /** Of which source's visits; absent: of all pages and apps the caller sees. */
  source?: string
  /** Length of the period that ends today. Default LIMITS.kpiDaysDefault. */
  days?: number
}

export interface KpisShown {
  asOf: string
  /** First and last UTC day of the period; a match rate is as of now. */
  from: string
  to: string
  step: number
  items: KpiShown[]
  /** Of the whole installation: to the exchange's operators. */
  latencies?: LatencyShown[]
}

/** The KPIs. Refuses what is not there or not the caller's to know, and while people are still being counted. */
export async function getKpis(deps: UsageDeps, actor: Actor, query: KpiQuery): Promise<KpisShown> {
  const nowMs = deps.clock.now()
  const { segment, source, days = LIMITS.kpiDaysDefault } = query
  const snapshot = snapshotOf(deps)
  const told = new ToldTo(actor, snapshot, nowMs)
  if (segment === undefined && !isExchange(actor))
    throw refuse('invalid', 'segment', 'is required: everybody is the exchange’s to count')
  const firstDay = dayOf(nowMs) - days + 1
  const period = { from: dayText(firstDay), to: dayText(dayOf(nowMs)) }
  const isAsked = visitsOf(snapshot, actor, source)
  const asked = askedOf(told, query)
  const navigation = await navigationRates(deps.tallies, snapshot, { isAsked, source, ...period })
  const people = peopleKpis(await countedIn(deps), { deps, told, firstDay, ...asked })
  const asOf = new Date(nowMs).toISOString()
  const shown = { asOf, ...period, step: told.step, items: [...people, ...navigation] }
  if (!isExchange(actor)) return shown
  const { latencies, cache } = await readLatencies(deps.tallies, period)
  const hitRate = { segment: null, ...rateOf(cache.hits, cache.looks) }
  const staleRate = { segment: null, ...rateOf(cache.stale, cache.looks) }
  return {
    ...shown,
    items: [
      ...shown.items,
      { kpi: 'near_cache_hit_rate', ...hitRate },
      { kpi: 'near_cache_stale_rate', ...staleRate },
    ],
    latencies,
  }
}

/** Which sources count: the one asked for, else all that the caller sees. */
function visitsOf(
  snapshot: CatalogSnapshot,
  actor: Actor,
  source: string | undefined,
): (id: string, source: Source) => boolean {
  const isSeen = ({ owner }: Source) => sees(actor, owner)
  if (source === undefined) return (_, one) => isSeen(one)
  const asked = snapshot.kind(SOURCE_KIND).get(source)?.value as Source | undefined
  if (!asked || !isSeen(asked))
    throw refuse('unprocessable', 'source', `there is no source ${source}`)
  return (id) => id === source
}

interface Asked {
  clients: NamedSegment | undefined
  offline: NamedSegment | undefined
  segment: NamedSegment | undefined
}

type NamedSegment = Segment & { id: string }

function askedOf(told: ToldTo, query: KpiQuery): Asked {
  const named = (field: keyof Asked) => {
    const id = query[field]
    if (id === undefined) return undefined
    const segment = told.segment(id)
    if (!segment) throw refuse('unprocessable', field, `there is no segment ${id}`)
    return { ...segment, id }
  }
  return { clients: named('clients'), offline: named('offline'), segment: named('segment') }
}

interface PeopleAsked extends Asked {
  deps: UsageDeps
  told: ToldTo
  firstDay: number
}

function peopleKpis(
  index: ReachIndex,
  { deps, told, firstDay, clients, offline, segment }: PeopleAsked,
): KpiShown[] {
  const items: KpiShown[] = []
  const met = index.metSince(firstDay, addressable(deps))
  const inSegment = ({ number }: Segment) => index.people({ any: [number] })
  const metOf = (known: PeopleSet) => told.rate(known.countWith(met), known.count())
  if (clients) {
    const known = inSegment(clients)
    const rate = metOf(known)
    items.push({ kpi: 'reconciliation_rate', segment: clients.id, ...rate, band: bandOf(rate) })
    const accounts = { segment: clients.id, clients: known, owner: clients.owner, firstDay, told }
    items.push(...accountRates(index, snapshotOf(deps), accounts))
  }
  if (offline)
    items.push({ kpi: 'on_off_overlap', segment: offline.id, ...metOf(inSegment(offline)) })
  const people = segment ? inSegment(segment) : index.everybody()
  for (const { id, namespace } of matchedIn(deps).filter(({ id }) => told.knowsCouple(id))) {
    const rate = told.rate(people.countWith(index.withIdIn(namespace)), people.count())
    items.push({ kpi: 'match_rate', segment: segment?.id ?? null, partner: id, ...rate })
  }
  return items
}

function matchedIn(deps: UsageDeps): { id: string; namespace: number }[] {
  return [...snapshotOf(deps).kind('partner').values()]
    .map(({ id, value }) => ({ id, ...(value as PartnerRecord) }))
    .filter(
      ({ roles, status }) =>
        status === 'active' && roles.some((role) => role === 'dsp' || role === 'dmp'),
    )
}

/** Ids by which a person can be met again: not those that only name somebody in a file. */
const ADDRESSABLE: readonly NamespaceKind[] = ['partner', 'eid', 'device', 'source', 'browser']

function addressable(deps: UsageDeps): (namespace: number) => boolean {
  const declared = [...snapshotOf(deps).kind(NAMESPACE_KIND).values()]
  const all = [...OWN_NAMESPACES.values(), ...declared.map(({ value }) => value as Namespace)]
  const numbers = new Set(
    all.filter(({ kind }) => ADDRESSABLE.includes(kind)).map((one) => one.number),
  )
  return (namespace) => numbers.has(namespace)
}

function bandOf({ rate }: Rate): NonNullable<KpiShown['band']> {
  const { from, to } = RECONCILIATION_BAND
  return { from, to, isWithin: rate === null ? null : rate >= from && rate <= to }
}
