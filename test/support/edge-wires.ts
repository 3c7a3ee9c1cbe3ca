import { systemClock } from '../../audience/clock.ts'
import { Sync } from '../../exchange/sync/sync.ts'
import { openBidRooms } from '../../gateway/bid/open-bid-rooms.ts'
import { edgeRoutes } from '../../gateway/edge/edge-routes.ts'
import { edgeWires } from '../../gateway/edge-wires.ts'
import { openNodeDoor } from '../../gateway/http/open-node-door.ts'
import { BROWSER_HEADER_BYTES_MAX } from '../../gateway/limits.ts'
import type { BidHouse } from './bid-house.ts'

/** Test and door share a process: a busy machine is no failure. */
const NEVER = { isBehind: false }
export const OWN_DOMAIN = 'gateway.example'

export interface EdgeWires {
  port: number
  sync: Sync
  close(): Promise<void>
}

/** The door of browsers of a house: its wires, and what makes a browser known. */
export async function openEdgeWires(
  house: BidHouse,
  {
    edgeUrl = 'https://edge.test',
    prebidModule = '',
  }: { edgeUrl?: string; prebidModule?: string } = {},
): Promise<EdgeWires> {
  const { audience, exchange, usage, egress, matchCounts, metrics, gvl, ownGvlId } = house
  const clock = systemClock
  const bids = openBidRooms({
    ...{ audience, exchange, usage, egress, matchCounts, metrics, clock, gvl, ownGvlId },
    domain: OWN_DOMAIN,
  })
  const sync = new Sync({ audience, exchange, clock, edgeUrl, gvl, ownGvlId })
  const wires = { mayNameProvider: false, sync, edgeUrl, prebidModule }
  const door = await openNodeDoor({
    host: '127.0.0.1',
    port: 0,
    routes: [
      ...edgeRoutes({ sync, metrics, clock }),
      ...edgeWires({ ...bids.rooms, overload: NEVER }, wires),
    ],
    clock,
    limits: { headerBytesMax: BROWSER_HEADER_BYTES_MAX },
  })
  return {
    port: door.port,
    sync,
    async close() {
      await door.close(100)
      bids.close()
    },
  }
}
