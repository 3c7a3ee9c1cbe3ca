import type { Sync } from '../../exchange/sync/sync.ts'
import type { BidRooms } from '../bid/bid-rooms.ts'
import { createBidHandler } from '../bid/handle-bid.ts'
import { tooLargeFor } from '../edge/answers.ts'
import { ORIGIN } from '../edge/edge-room.ts'
import { scriptRoute } from '../edge/script-route.ts'
import type { Route } from '../http/door.ts'
import { PAGE_LIMITS } from './limits.ts'
import { PREBID_WANTS, prebidWire } from './prebid-wire.ts'

/** Modules of Prebid.js are called after their files. */
const MODULE_PATH = '/prebid/passerelleRtdProvider.js'

export interface PageOptions {
  /** Who knows browsers by our cookie. */
  sync: Sync
  /** Public address of the edge door, without a slash at its end. */
  edgeUrl: string
  /** The text of our module for Prebid.js (tag/prebid/). */
  prebidModule: string
}

/** What pages with Prebid.js are served: see docs/endpoints/prebid.md. */
export function prebidRoutes(
  rooms: BidRooms,
  { sync, edgeUrl, prebidModule }: PageOptions,
): Route[] {
  const { ownGvlId } = rooms
  return [
    scriptRoute(MODULE_PATH, filledModule(prebidModule, { edgeUrl, ownGvlId })),
    {
      method: 'POST',
      path: '/prebid/rtd',
      wants: PREBID_WANTS,
      body: 'whole',
      bodyBytesMax: PAGE_LIMITS.askBytesMax,
      tooLarge: tooLargeFor(ORIGIN),
      handle: createBidHandler(rooms, prebidWire(sync)),
    },
  ]
}

/** The module as this house gives it out: it knows whom it asks, and which vendor that is. */
function filledModule(
  text: string,
  { edgeUrl, ownGvlId }: { edgeUrl: string; ownGvlId: number | undefined },
): string {
  return text.replaceAll('%EDGE_URL%', edgeUrl).replaceAll('%GVL_ID%', String(ownGvlId ?? ''))
}
