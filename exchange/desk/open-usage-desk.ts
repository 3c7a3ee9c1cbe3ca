import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { Store } from '../../audience/store/store.ts'
import { countPopulations } from '../usage/populations.ts'
import { type BoundVerbs, bindVerbs } from './bind-verbs.ts'
import type { DeskDeps } from './desk.ts'
import { listUsage } from './usage.ts'

const VERBS = { listUsage }

/** The verbs by which operators and partners read usage and settle statements, each `(actor, …)`. */
export type UsageDesk = BoundVerbs<typeof VERBS>

export interface UsageDeskOptions {
  deskDeps: DeskDeps
  store: Pick<Store, 'tallies' | 'people'>
}

export function openUsageDesk({ deskDeps, store }: UsageDeskOptions): UsageDesk {
  const { feed, clock } = deskDeps
  const segment = (id: string) =>
    feed.current()?.kind(SEGMENT_KIND).get(id)?.value as Segment | undefined
  const populations = countPopulations({ people: store.people, clock, segment })
  return bindVerbs(VERBS, { ...deskDeps, tallies: store.tallies, populations })
}
