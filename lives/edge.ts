import { readFile } from 'node:fs/promises'
import { systemClock as clock } from '../audience/clock.ts'
import { writeSightings } from '../audience/events/write-sightings.ts'
import type { Config } from '../config.ts'
import { Collector } from '../exchange/collect/collector.ts'
import { Sync } from '../exchange/sync/sync.ts'
import { openBidRooms } from '../gateway/bid/open-bid-rooms.ts'
import { collectRoutes } from '../gateway/collect/collect-routes.ts'
import { edgeRoutes } from '../gateway/edge/edge-routes.ts'
import { edgeWires } from '../gateway/edge-wires.ts'
import { type DoorRefusal, DoorRefusals } from '../gateway/http/door.ts'
import { healthRoutes } from '../gateway/http/health-routes.ts'
import { openNodeDoor } from '../gateway/http/open-node-door.ts'
import { BROWSER_HEADER_BYTES_MAX } from '../gateway/limits.ts'
import { watchSightings } from '../gateway/metrics/room-metrics.ts'
import { DRAIN_MS_MAX } from '../gateway/supervisor/limits.ts'
import { openBidPath } from './open-bid-path.ts'
import { openProcess } from './open-process.ts'

/** Browsers and SDKs: cookie sync, the opt-out, and the collector; and what clients of the bid path ask from anywhere. */
export async function edge(config: Config): Promise<void> {
  const me = openProcess('edge')
  const { metrics, log, instance, closeFirst } = me
  const rooms = await openBidPath(me, config)
  const bids = openBidRooms(rooms)
  closeFirst(() => bids.close())
  const { edgeUrl, uid2OptOutToken, artfDataSegments: mayNameProvider } = config
  const { gvl, ownGvlId, matchCounts, sourceCounts } = rooms
  const sync = new Sync({ ...rooms, edgeUrl, counts: matchCounts })
  const collector = new Collector({ ...rooms, counts: sourceCounts })
  const { sightings } = collector
  const seen = writeSightings({ sightings, store: rooms.audience.store.sightings, log })
  closeFirst(() => seen.close())
  watchSightings(metrics, sightings)
  const tagScript = await builtScript('tag')
  const prebidModule = await builtScript('passerelleRtdProvider')
  const words = Object.keys(DoorRefusals) as DoorRefusal[]
  const refused = metrics.counterOf('passerelle_door_refused_total', 'reason', words)
  const door = await openNodeDoor({
    host: config.host ?? '127.0.0.1',
    port: config.edgePort,
    routes: [
      ...edgeRoutes({ sync, metrics, clock, uid2OptOutToken }),
      ...collectRoutes({ collector, metrics, edgeUrl, tagScript, gvl, ownGvlId }),
      ...edgeWires(bids.rooms, { mayNameProvider, sync, edgeUrl, prebidModule }),
      ...healthRoutes(instance),
    ],
    clock,
    // SDKs of apps send their batches so.
    chunkedUploads: true,
    limits: { headerBytesMax: BROWSER_HEADER_BYTES_MAX },
    onRefused: (reason) => refused[reason].add(),
    onFailed: (error) => log.error({ error: String(error) }, 'a handler of the edge door failed'),
  })
  closeFirst(() => door.close(DRAIN_MS_MAX))
  instance.report({ isListening: true, binding: door.binding })
}

/** What pages load is built beside main.js: scripts/build.mjs. */
function builtScript(name: string): Promise<string> {
  return readFile(new URL(`../${name}.js`, import.meta.url), 'utf8')
}
