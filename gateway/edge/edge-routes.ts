import type { Clock } from '../../audience/clock.ts'
import type { Sync } from '../../exchange/sync/sync.ts'
import type { Route } from '../http/door.ts'
import type { Metrics } from '../metrics/counters.ts'
import { cookieSyncRoutes } from './cookie-sync.ts'
import { EdgeMetrics } from './edge-metrics.ts'
import type { EdgeRoom } from './edge-room.ts'
import { gpcRoute } from './gpc-route.ts'
import { matchRoute } from './match.ts'
import { optOutRoutes } from './opt-out.ts'
import { setuidRoute } from './setuid.ts'
import { syncHopRoute } from './sync-hop.ts'
import { uid2OptOutRoutes } from './uid2-opt-out.ts'

export interface EdgeOptions {
  sync: Sync
  metrics: Metrics
  clock: Clock
  uid2OptOutToken?: string | undefined
}

/** What browsers are served: see docs/endpoints/sync.md. */
export function edgeRoutes({ sync, metrics, clock, uid2OptOutToken }: EdgeOptions): Route[] {
  const room: EdgeRoom = { sync, metrics: new EdgeMetrics(metrics, clock), uid2OptOutToken }
  return [
    ...cookieSyncRoutes(room),
    setuidRoute(room),
    syncHopRoute(room),
    matchRoute(room),
    ...optOutRoutes(room),
    ...uid2OptOutRoutes(room),
    gpcRoute,
  ]
}
