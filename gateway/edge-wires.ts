import type { ArtfOptions } from './artf/artf-wire.ts'
import type { BidRooms } from './bid/bid-rooms.ts'
import { scope3Routes } from './dropin/drop-in-routes.ts'
import type { Route } from './http/door.ts'
import { mcpRoute } from './mcp/mcp-route.ts'
import { type PageOptions, prebidRoutes } from './prebid/prebid-routes.ts'

export type EdgeWiresOptions = ArtfOptions & PageOptions

/** Wires of the bid path on the edge door: those that are asked from anywhere. */
export function edgeWires(rooms: BidRooms, options: EdgeWiresOptions): Route[] {
  return [mcpRoute(rooms, options), ...scope3Routes(rooms), ...prebidRoutes(rooms, options)]
}
