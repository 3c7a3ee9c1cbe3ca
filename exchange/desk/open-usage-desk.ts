import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { Store } from '../../audience/store/store.ts'
import { countPopulations } from '../usage/populations.ts'
import { type BoundVerbs, bindVerbs } from './bind-verbs.ts'
import type { DeskDeps } from './desk.ts'
import { listUsage } from './usage.ts'
import type { UsageDeps } from './usage-deps.ts'

const VERBS = { listUsage }

/** The verbs by which operators and partners read usage and settle statements, each `(actor, …)`. */
export type UsageDesk = BoundVerbs<typeof VERBS>

export interface UsageDeskOptions {
  deskDeps: DeskDeps
  store: Pick<Store, 'tallies' | 'people'>
}

export function openUsageDesk(options: UsageDeskOptions): UsageDesk {
  return bindVerbs(VERBS, usageDeps(options))
}

/** What usage is read and priced with. */
export function usageDeps({ deskDeps, store }: UsageDeskOptions): UsageDeps {
  const { feed, clock } = deskDeps
  const segment = (id: string) =>
    feed.current()?.kind(SEGMENT_KIND).get(id)?.value as Segment | undefined
  const populations = countPopulations({ people: store.people, clock, segment })
  return { ...deskDeps, tallies: store.tallies, populations }
}
