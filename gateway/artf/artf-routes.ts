import type { BidRooms } from '../bid/bid-rooms.ts'
import { createBidHandler } from '../bid/handle-bid.ts'
import { BID_LIMITS } from '../bid/limits.ts'
import type { GrpcRoute } from '../grpc/grpc-route.ts'
import type { Route } from '../http/door.ts'
import {
  ARTF_JSON_WANTS,
  ARTF_WANTS,
  type ArtfOptions,
  artfJson,
  artfProtobuf,
} from './artf-wire.ts'

/**
 * The service as the framework's schema names it, and as the text of the specification does, whose illustration has it in
 * another package.
 */
export const ARTF_SERVICES = [
  'com.iabtechlab.bidstream.mutation.services.v1.RTBExtensionPoint',
  'com.iabtechlab.bidstream.mutation.v1.RTBExtensionPoint',
] as const

/** `GetMutations` over gRPC: see docs/endpoints/artf.md. */
export function artfGrpcRoutes(rooms: BidRooms, options: ArtfOptions): GrpcRoute[] {
  const handle = createBidHandler(rooms, artfProtobuf(options))
  return ARTF_SERVICES.map((service) => ({
    path: `/${service}/GetMutations`,
    wants: ARTF_WANTS,
    handle,
  }))
}

/** `POST /artf/mutations`: the same in JSON. */
export function artfJsonRoute(rooms: BidRooms, options: ArtfOptions): Route {
  return {
    method: 'POST',
    path: '/artf/mutations',
    wants: ARTF_JSON_WANTS,
    body: 'whole',
    bodyBytesMax: BID_LIMITS.artfBytesMax,
    handle: createBidHandler(rooms, artfJson(options)),
  }
}
