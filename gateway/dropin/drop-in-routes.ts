import { WANTS } from '../bid/arrive.ts'
import type { BidRooms } from '../bid/bid-rooms.ts'
import { createBidHandler } from '../bid/handle-bid.ts'
import { BID_LIMITS } from '../bid/limits.ts'
import { corsFor, tooLargeFor } from '../edge/answers.ts'
import type { Route } from '../http/door.ts'
import { AUGMENT, AUGMENT_WANTS } from './augment-wire.ts'
import { IDENTITY } from './identity-wire.ts'
import { OPTABLE, OPTABLE_PATH } from './optable-wire.ts'
import { ORIGIN, SCOPE3, SCOPE3_WANTS } from './scope3-wire.ts'
import { XANDR, XANDR_PREFIX } from './xandr-wire.ts'

/** Wires of clients that exist, on the bid door: see docs/endpoints/drop-in.md. */
export function dropInRoutes(rooms: BidRooms): Route[] {
  const get = { method: 'GET', body: 'none', bodyBytesMax: 0 } as const
  const post = { method: 'POST', body: 'whole', bodyBytesMax: BID_LIMITS.bodyBytesMax } as const
  const optable = { ...get, wants: ['authorization'], handle: createBidHandler(rooms, OPTABLE) }
  return [
    { ...optable, path: OPTABLE_PATH },
    // Lengthened, as Prebid Server Java may; a path that is known ahead need not be read.
    {
      ...optable,
      path: OPTABLE_PATH.replace(/[^/]+$/, '*'),
      handle: ifAt(OPTABLE_PATH, optable.handle),
    },
    { ...get, path: `${XANDR_PREFIX}*`, wants: [], handle: createBidHandler(rooms, XANDR) },
    { ...post, path: '/identity', wants: WANTS, handle: createBidHandler(rooms, IDENTITY) },
    { ...post, path: '/augment', wants: AUGMENT_WANTS, handle: createBidHandler(rooms, AUGMENT) },
  ]
}

/** At a path, also where its query begins with `&` instead of `?`. */
function ifAt(path: string, handle: Route['handle']): Route['handle'] {
  return (ask, answer) => {
    const rest = ask.path.slice(path.length)
    if (ask.path.startsWith(path) && (rest === '' || rest[0] === '&')) return handle(ask, answer)
    answer.send(404, ['x-passerelle-reason', 'unknown_path'])
  }
}

/** On the edge door, since pages may ask too. */
export function scope3Routes(rooms: BidRooms): Route[] {
  const path = '/prebid/scope3'
  return [
    {
      method: 'POST',
      path,
      wants: SCOPE3_WANTS,
      body: 'whole',
      bodyBytesMax: BID_LIMITS.bodyBytesMax,
      tooLarge: tooLargeFor(ORIGIN),
      handle: createBidHandler(rooms, SCOPE3),
    },
    {
      method: 'OPTIONS',
      path,
      wants: ['origin'],
      body: 'none',
      bodyBytesMax: 0,
      handle: (ask, answer) =>
        answer.send(204, [
          ...corsFor(ask.headers[0]!),
          ...PREFLIGHT,
          'access-control-max-age',
          '86400',
        ]),
    },
  ]
}

const PREFLIGHT = [
  'access-control-allow-methods',
  'POST',
  'access-control-allow-headers',
  'content-type, x-rtd-version, x-scope3-auth',
] as const
