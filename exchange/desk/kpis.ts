import { dayOf } from '../../audience/clock.ts'
import {
  NAMESPACE_KIND,
  type Namespace,
  type NamespaceKind,
  OWN_NAMESPACES,
} from '../../audience/namespace.ts'
import { refuse } from '../../audience/refusal.ts'
import { LIMITS } from '../limits.ts'
import type { Rate } from '../matchrates/rate.ts'
import { dayText } from '../moment.ts'
import type { PartnerRecord } from '../partner.ts'
import { ToldTo } from '../reach/told-to.ts'
import { type Actor, isExchange, snapshotOf } from './desk.ts'
import { countedIn } from './reach.ts'
import type { UsageDeps } from './usage-deps.ts'

/** The KPIs whose data the product has, each as its numerator of its denominator (dmp.md §1.8). */
export const KPIS = {
  reconciliation_rate:
    'Customers with at least one device, cookie or partner id, over a live match seen in the period, of all customers (KPI 4).',
  on_off_overlap:
    'People known offline who have at least one device, cookie or partner id, over a live match seen in the period, of all people known offline (KPI 5).',
  match_rate: 'People with a live id of the partner’s, of all people in the segment (KPI 6).',
} as const
export type KpiName = keyof typeof KPIS

/** Between which the reconciliation rate of an insurer's or retailer's customers usually lies (dmp.md §1.8, A-41). */
export const RECONCILIATION_BAND = { from: 0.2, to: 0.35 } as const

export interface KpiQuery {
  /** The segment that holds the customers who have a customer area. */
  clients?: string
  /** The segment that holds the customers who are known offline: of shops, branches, the telephone. */
  offline?: string
  /** Of which segment the match rate is told; absent: of everybody who is in a segment. */
  segment?: string
  /** Length of the period that ends today. Default LIMITS.kpiDaysDefault. */
  days?: number
}

export interface KpiShown extends Rate {
  kpi: KpiName
  segment: string | null
  partner?: string
  band?: { from: number; to: number; isWithin: boolean | null }
}

export interface KpisShown {
  asOf: string
  /** First and last UTC day of the period; a match rate is as of now. */
  from: string
  to: string
  step: number
  items: KpiShown[]
}

/** The KPIs. Refuses what is not there or not the caller's to know, and while people are still being counted. */
export async function getKpis(
  deps: UsageDeps,
  actor: Actor,
  { clients, offline, segment, days = LIMITS.kpiDaysDefault }: KpiQuery,
): Promise<KpisShown> {
  const nowMs = deps.clock.now()
  const told = new ToldTo(actor, snapshotOf(deps), nowMs)
  if (segment === undefined && !isExchange(actor))
    throw refuse('invalid', 'segment', 'is required: everybody is the exchange’s to count')
  const numbers = {
    clients: numberOf(told, 'clients', clients),
    offline: numberOf(told, 'offline', offline),
    of: numberOf(told, 'segment', segment),
  }
  const partners = matchedIn(deps).filter(({ id }) => told.knowsCouple(id))
  const index = await countedIn(deps)
  const firstDay = dayOf(nowMs) - days + 1
  const items: KpiShown[] = []
  const met = index.metSince(firstDay, addressable(deps))
  const metOf = (number: number) => {
    const known = index.people({ any: [number] })
    return told.rate(known.countWith(met), known.count())
  }
  if (clients !== undefined && numbers.clients !== undefined) {
    const rate = metOf(numbers.clients)
    items.push({ kpi: 'reconciliation_rate', segment: clients, ...rate, band: bandOf(rate) })
  }
  if (offline !== undefined && numbers.offline !== undefined)
    items.push({ kpi: 'on_off_overlap', segment: offline, ...metOf(numbers.offline) })
  const people = numbers.of === undefined ? index.everybody() : index.people({ any: [numbers.of] })
  for (const { id, namespace } of partners) {
    const rate = told.rate(people.countWith(index.withIdIn(namespace)), people.count())
    items.push({ kpi: 'match_rate', segment: segment ?? null, partner: id, ...rate })
  }
  const asOf = new Date(nowMs).toISOString()
  const to = dayText(dayOf(nowMs))
  return { asOf, from: dayText(firstDay), to, step: told.step, items }
}

function numberOf(told: ToldTo, field: string, id: string | undefined): number | undefined {
  if (id === undefined) return undefined
  const segment = told.segment(id)
  if (!segment) throw refuse('unprocessable', field, `there is no segment ${id}`)
  return segment.number
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
