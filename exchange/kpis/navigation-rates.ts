import { SOURCE_KIND, type Source } from '../../audience/events/source.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { TallyStore } from '../../audience/store/store.ts'
import { rateOf } from '../matchrates/rate.ts'
import type { PartnerRecord } from '../partner.ts'
import { QUALITY_PREFIX, readSourceField, type SourceMeasure } from '../quality/measures.ts'
import type { KpiShown } from './kpis.ts'

interface NavigationAsked {
  /** Which sources count. */
  isAsked: (id: string, source: Source) => boolean
  /** The source asked for, where it is one. */
  source: string | undefined
  /** UTC days, both included: those on which visits came. */
  from: string
  to: string
}

/** How many visits, and views in them, are of known customers. */
export async function navigationRates(
  tallies: TallyStore,
  snapshot: CatalogSnapshot,
  { isAsked, source, from, to }: NavigationAsked,
): Promise<KpiShown[]> {
  const sum: Partial<Record<SourceMeasure, number>> = {}
  const isWanted = (field: string) => field.startsWith(QUALITY_PREFIX)
  for await (const { field, value } of tallies.read(from, to, isWanted)) {
    const read = readSourceField(field)
    const known = read && (snapshot.kind(SOURCE_KIND).get(read.id)?.value as Source | undefined)
    // A source that was given up, and made by somebody else, is another source.
    if (!known || numberOf(snapshot, known.owner) !== read.owner || !isAsked(read.id, known))
      continue
    sum[read.measure] = (sum[read.measure] ?? 0) + Number(value)
  }
  const { visits = 0, connectedVisits = 0, views = 0, connectedViews = 0 } = sum
  const of = { segment: null, ...(source === undefined ? {} : { source }) }
  return [
    { kpi: 'connected_navigation_rate', ...of, ...rateOf(connectedVisits, visits) },
    { kpi: 'connected_view_rate', ...of, ...rateOf(connectedViews, views) },
  ]
}

function numberOf(snapshot: CatalogSnapshot, partner: string): number | undefined {
  return (snapshot.kind('partner').get(partner)?.value as PartnerRecord | undefined)?.number
}
