import type { Clock } from '../../audience/clock.ts'
import { NAMESPACE_KIND, type Namespace, OWN_NAMESPACES } from '../../audience/namespace.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { TallyStore } from '../../audience/store/store.ts'
import { type DaysAsked, daysAsked } from '../counts/days-asked.ts'
import type { Actor } from '../desk/desk.ts'
import type { PartnerRecord } from '../partner.ts'
import { BROWSER_CLASSES, type BrowserClass } from './browser-class.ts'
import {
  type Measure,
  RATE_NAMES,
  RATES,
  RATES_PREFIX,
  type RateName,
  readRateField,
} from './measures.ts'
import { type Rate, rateOf } from './rate.ts'

export interface RatesAsked extends DaysAsked {
  partner?: string
  browser?: BrowserClass
  /** A row for each day, too. */
  by?: 'day'
}

/** Match rates of one partner, browser class and namespace, over the days asked for or on one of them. */
export type RatesItem = Record<RateName, Rate> & {
  day?: string
  partner: string
  browser: BrowserClass
  /** Null: any. */
  namespace: string | null
  /** Visits that are in no rate, since consent forbade the sync. */
  denied: number
}

export interface RateRooms {
  tallies: TallyStore
  snapshot: CatalogSnapshot
  clock: Clock
}

/** The rows a caller may see, in order: operators all, partners their own. Of what is no longer in the catalog there is none. */
export async function listRates(
  rooms: RateRooms,
  { partner: own }: Actor,
  asked: RatesAsked,
): Promise<{ from: string; to: string; items: RatesItem[] }> {
  const { from, to } = daysAsked(asked, rooms.clock.now())
  const names = namesIn(rooms.snapshot)
  const rows = new Map<string, Row>()
  const isWanted = (field: string) => field.startsWith(RATES_PREFIX)
  for await (const { day, field: name, value } of rooms.tallies.read(from, to, isWanted)) {
    const field = readRateField(name)
    const partner = field && names.partners.get(field.partner)
    const browser = field && BROWSER_CLASSES[field.browser]
    const namespace = field && names.namespaces.get(field.namespace)
    if (partner === undefined || browser === undefined || namespace === undefined) continue
    if (partner !== (own ?? partner) || partner !== (asked.partner ?? partner)) continue
    if (browser !== (asked.browser ?? browser)) continue
    const what = { ...(asked.by === 'day' ? { day } : {}), partner, browser, namespace }
    const row = rowIn(rows, what)
    row.counts[field!.measure] = (row.counts[field!.measure] ?? 0) + Number(value)
  }
  const inOrder = [...rows].sort(([a], [b]) => (a < b ? -1 : 1))
  return { from, to, items: inOrder.map(([, row]) => itemOf(row)) }
}

type Key = Pick<RatesItem, 'day' | 'partner' | 'browser' | 'namespace'>

interface Row {
  key: Key
  counts: Partial<Record<Measure, number>>
}

/** `day partner browser namespace`: what rows are in order by. */
export function rateRowKey({ day = '', partner, browser, namespace }: Key): string {
  return [day, partner, browser, namespace ?? ''].join(' ')
}

function rowIn(rows: Map<string, Row>, key: Key): Row {
  const name = rateRowKey(key)
  let row = rows.get(name)
  if (row === undefined) rows.set(name, (row = { key, counts: {} }))
  return row
}

function itemOf({ key, counts }: Row): RatesItem {
  const rates = RATE_NAMES.map((name) => {
    const { count, of } = RATES[name]
    return [name, rateOf(counts[count] ?? 0, counts[of] ?? 0)]
  })
  return { ...key, ...Object.fromEntries(rates), denied: counts.denied ?? 0 } as RatesItem
}

function namesIn(snapshot: CatalogSnapshot) {
  const partners = new Map<number, string>()
  for (const { id, value } of snapshot.kind('partner').values())
    partners.set((value as PartnerRecord).number, id)
  const namespaces = new Map<number, string | null>([[0, null]])
  for (const { name, number } of OWN_NAMESPACES.values()) namespaces.set(number, name)
  for (const { value } of snapshot.kind(NAMESPACE_KIND).values()) {
    const { name, number } = value as Namespace
    namespaces.set(number, name)
  }
  return { partners, namespaces }
}
