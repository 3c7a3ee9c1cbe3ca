import { isDeepStrictEqual } from 'node:util'
import { checkOf } from '../../audience/events/compiled-plan.ts'
import { SOURCE_KIND, type Source } from '../../audience/events/source.ts'
import {
  checkTrackingPlan,
  PRIVATE_PREFIX,
  TRACKING_PLAN_KIND,
  type TrackingPlan,
  type TrackingPlanBody,
} from '../../audience/events/tracking-plan.ts'
import type { Problem } from '../../audience/refusal.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import {
  type Actor,
  type DeskDeps,
  mustWriteFor,
  type Shown,
  sees,
  type WriteOptions,
  type Written,
} from './desk.ts'
import { deleteOwned, refuseForeign, refuseUnknownOwner } from './owned.ts'
import {
  listRecords,
  type Page,
  type PageOptions,
  type Reading,
  readRecord,
} from './read-records.ts'
import { checkedBody, checkId, refuseAll, writeRecord } from './write-record.ts'

/** A tracking plan as the desk shows it. */
export type TrackingPlanShown = TrackingPlan & { id: string }

/**
 * Makes or replaces a tracking plan; a change is a new version. Refuses `unprocessable` sources that are not its
 * owner's, `conflict` sources that another plan is for.
 */
export async function putTrackingPlan(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body: unknown } & WriteOptions,
): Promise<Written<TrackingPlanShown>> {
  checkId(id)
  const given = checkedBody<TrackingPlanBody>(body, checkTrackingPlan, ['id', 'version'])
  mustWriteFor(actor, given.owner)
  refuseAll('unprocessable', [...unaskable(given)])
  const written = await writeRecord<TrackingPlan>(
    deps,
    { kind: TRACKING_PLAN_KIND, id },
    {
      ifMatch,
      decide: (existing, snapshot) => {
        const before = existing?.value as TrackingPlan | undefined
        refuseForeign(actor, { kind: 'tracking plan', before, owner: given.owner })
        refuseUnknownOwner(snapshot, given.owner)
        refuseAll('unprocessable', [...strangeSources(given, snapshot)])
        refuseAll('conflict', [...plannedElsewhere(id, given, snapshot)])
        return { value: { ...given, version: versionAfter(before, given) } }
      },
    },
  )
  return { ...written, value: { id, ...written.value! } }
}

export function deleteTrackingPlan(
  deps: DeskDeps,
  actor: Actor,
  named: { id: string } & WriteOptions,
): Promise<void> {
  return deleteOwned(deps, actor, { kind: TRACKING_PLAN_KIND, ...named })
}

export function getTrackingPlan(
  deps: DeskDeps,
  actor: Actor,
  id: string,
): Shown<TrackingPlanShown> {
  return readRecord(deps, id, reading(actor))
}

export function listTrackingPlans(
  deps: DeskDeps,
  actor: Actor,
  page: PageOptions,
): Page<TrackingPlanShown> {
  return listRecords(deps, page, reading(actor))
}

function reading(actor: Actor): Reading<TrackingPlan, TrackingPlanShown> {
  const show = (id: string, fields: TrackingPlan) => ({ id, ...fields })
  return { kind: TRACKING_PLAN_KIND, visible: ({ owner }) => sees(actor, owner), show }
}

/** The same plan put again is the same version. */
function versionAfter(before: TrackingPlan | undefined, given: TrackingPlanBody): number {
  if (before === undefined) return 1
  const { version, ...body } = before
  return isDeepStrictEqual(body, given) ? version : version + 1
}

function* unaskable({ events }: TrackingPlanBody): Iterable<Problem> {
  for (const [name, planned] of Object.entries(events)) {
    const field = `events.${name}`
    for (const property of planned.required ?? [])
      if (property.startsWith(PRIVATE_PREFIX))
        yield {
          field: `${field}.required`,
          reason: `${property} is kept nowhere: it cannot be required`,
        }
    try {
      checkOf(planned)
    } catch {
      yield { field, reason: 'its properties cannot be checked as they are written' }
    }
  }
}

function* strangeSources(
  { owner, sources = [] }: TrackingPlanBody,
  snapshot: CatalogSnapshot,
): Iterable<Problem> {
  for (const source of sources) {
    const found = snapshot.kind(SOURCE_KIND).get(source)?.value as Source | undefined
    // One answer for what is not there and what is somebody else's.
    if (found?.owner !== owner)
      yield { field: 'sources', reason: `${owner} has no source ${source}` }
  }
}

function* plannedElsewhere(
  id: string,
  { owner, sources }: TrackingPlanBody,
  snapshot: CatalogSnapshot,
): Iterable<Problem> {
  for (const record of snapshot.kind(TRACKING_PLAN_KIND).values()) {
    const other = record.value as TrackingPlan
    if (record.id === id || other.owner !== owner) continue
    if (!sources && !other.sources)
      yield {
        field: 'sources',
        reason: `the plan ${record.id} is for all sources of ${owner} already`,
      }
    for (const source of sources ?? [])
      if (other.sources?.includes(source))
        yield { field: 'sources', reason: `the plan ${record.id} is for ${source} already` }
  }
}
