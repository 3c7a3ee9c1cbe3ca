import { SOURCE_KIND, type Source } from '../../audience/events/source.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { type DaysAsked, daysAsked } from '../counts/days-asked.ts'
import type { PartnerRecord } from '../partner.ts'
import { readSourceDays, type SourceDays } from '../quality/read-source-days.ts'
import { type QualityScore, scoreSource } from '../quality/score-source.ts'
import { type Actor, notFound, sees, snapshotOf } from './desk.ts'
import { listRecords, type Page, type PageOptions } from './read-records.ts'
import type { UsageDeps } from './usage-deps.ts'

/** How good what comes from a source is, and why. */
export interface QualityShown extends QualityScore {
  source: string
  owner: string
  /** UTC days, both included. */
  from: string
  to: string
  /** The last day with a valid message; null: none in the period. */
  lastOn: string | null
}

/** The score of one source; `not_found` where it is not the caller's to see. */
export async function getQuality(
  deps: UsageDeps,
  actor: Actor,
  { id, ...asked }: { id: string } & DaysAsked,
): Promise<QualityShown> {
  const source = snapshotOf(deps).kind(SOURCE_KIND).get(id)?.value as Source | undefined
  if (!source || !sees(actor, source.owner)) throw notFound()
  const show = await shower(deps, asked)
  return show(id, source)
}

/** The scores of a page of sources, in the order of their ids. */
export async function listQuality(
  deps: UsageDeps,
  actor: Actor,
  { limit, after, ...asked }: PageOptions & DaysAsked,
): Promise<Page<QualityShown>> {
  const show = await shower(deps, asked)
  const page = { ...(limit === undefined ? {} : { limit }), ...(after ? { after } : {}) }
  const visible = ({ owner }: Source) => sees(actor, owner)
  return listRecords(deps, page, { kind: SOURCE_KIND, visible, show })
}

async function shower(
  deps: UsageDeps,
  asked: DaysAsked,
): Promise<(id: string, source: Source) => QualityShown> {
  const nowMs = deps.clock.now()
  const { from, to } = daysAsked(asked, nowMs)
  const daysOf = await readSourceDays(deps.tallies, { from, to, nowMs })
  const snapshot = snapshotOf(deps)
  return (id, { owner }) => {
    const days: SourceDays = daysOf({ id, owner: numberOf(snapshot, owner) })
    return { source: id, owner, from, to, lastOn: days.lastOn, ...scoreSource(days) }
  }
}

function numberOf(snapshot: CatalogSnapshot, partner: string): number {
  return (snapshot.kind('partner').get(partner)?.value as PartnerRecord | undefined)?.number ?? 0
}
