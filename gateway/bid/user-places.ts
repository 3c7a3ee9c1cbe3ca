import { Kind } from '../../proto/bid-facts.ts'
import { eachMember, notePlace } from '../../proto/members.ts'
import { Place, type RequestPlaces } from '../../proto/request-places.ts'
import { isFree } from './place-json.ts'

/** Where in `user` ids stand, or may be added: looked for only where there are ids to add. */
export interface UserPlaces {
  /** How often there is a `buyeruid`, whatever its value. */
  buyeruids: number
  readonly eids: Place
  readonly ext: Place
  /** user.ext.eids */
  readonly extEids: Place
}

export function userPlacesOf(bytes: Uint8Array, { user }: RequestPlaces): UserPlaces {
  const places = noUserPlaces()
  if (user.count === 0) return places
  eachMember(bytes, user.open, (key, start, end) => {
    if (key === 'buyeruid') places.buyeruids++
    if (key === 'eids') notePlace(bytes, places.eids, start, end)
    if (key === 'ext') notePlace(bytes, places.ext, start, end)
  })
  if (places.ext.kind !== Kind.object) return places
  eachMember(bytes, places.ext.open, (key, start, end) => {
    if (key === 'eids') notePlace(bytes, places.extEids, start, end)
  })
  return places
}

/** Those of a request without a `user`. */
export function noUserPlaces(): UserPlaces {
  return { buyeruids: 0, eids: new Place(), ext: new Place(), extEids: new Place() }
}

/** `user`: OpenRTB 2.6, user.eids; `ext`: 2.5, user.ext.eids. */
export type EidsHome = 'user' | 'ext'

/**
 * Where new eids go: into the list that is there, since many readers look at no second one; where there is none, or
 * both are, as the request's version says. Undefined where there is no room.
 */
export function eidsHome(
  { eids, ext, extEids }: UserPlaces,
  version: string,
): EidsHome | undefined {
  const isRoom = isFree(eids, Kind.array) && isFree(ext, Kind.object) && isFree(extEids, Kind.array)
  if (!isRoom) return undefined
  if (eids.count !== extEids.count) return eids.count > 0 ? 'user' : 'ext'
  return BEFORE_EIDS.test(version) ? 'ext' : 'user'
}

/** Versions that know no `user.eids`. */
const BEFORE_EIDS = /^(1\.\d|2\.[0-5])(\D|$)/
