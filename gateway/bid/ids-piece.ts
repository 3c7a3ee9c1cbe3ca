import type { EID } from 'iab-openrtb/v26'
import { VERSION } from './arrive.ts'
import type { Bid } from './bid.ts'
import { HOLE_FROM_END, unsealed } from './billed-piece.ts'
import { type EidGiven, type IdsPiece, type IdsThere, idsGiven, tokensAt } from './ids-given.ts'
import { type NestedJson, nestedJson } from './nested-json.ts'
import { eidsThere } from './read-there.ts'
import { type EidsHome, eidsHome, type UserPlaces, userPlacesOf } from './user-places.ts'

/** Ids to be placed into `user` of one request in JSON. */
export interface JsonIds extends IdsPiece {
  readonly places: UserPlaces
  readonly home: EidsHome
  /** `"user":{"eids":[…]}` or `"ext":{"eids":[…]}`; undefined where all eids are there already. */
  readonly eids: NestedJson | undefined
  /** `"buyeruid":"…"` */
  readonly buyeruid: Buffer | undefined
}

/** Writes the ids that were chosen, as far as the request has room and does not hold them. Undefined where nothing is left. */
export function makeIds(bid: Bid): JsonIds | undefined {
  const { bytes } = bid
  const places = userPlacesOf(bytes, bid.places)
  const home = eidsHome(places, bid.ask.headers[VERSION] ?? '')
  if (home === undefined) return undefined
  const hasEid = eidsThere(bytes, [places.eids, places.extEids])
  return writeIds(bid, { hasBuyeruid: places.buyeruids > 0, hasEid }, { places, home })
}

/** The same, where it is known already what the request holds and where it has room. */
export function writeIds(
  bid: Bid,
  there: IdsThere,
  { places, home }: Pick<JsonIds, 'places' | 'home'>,
): JsonIds | undefined {
  const { rooms } = bid
  const given = idsGiven(bid, there)
  if (given === undefined) return undefined
  const texts = given.eids.map((eid) => eidText(eid, rooms.domain))
  const eids = texts.length === 0 ? undefined : nestedJson(home, 'eids', texts.join(','))
  const { buyeruid } = given
  return {
    places,
    home,
    eids,
    sources: given.eids.map(({ source }) => source),
    hasBuyeruid: buyeruid !== undefined,
    buyeruid:
      buyeruid === undefined ? undefined : Buffer.from(`"buyeruid":${JSON.stringify(buyeruid)}`),
    domains: given.domains,
    cells: given.cells,
    tokens: eids === undefined ? [] : tokensAt(eids.whole, holesIn(eids, given.eids, texts)),
  }
}

/** OpenRTB 2.6 §3.2.27 EID; its token, if any, comes last. */
function eidText({ source, matcher, mm, uids, stamp }: EidGiven, inserter: string): string {
  const eid: EID = {
    ...{ inserter, source, matcher, mm: mm as NonNullable<EID['mm']> },
    uids: uids.map((id) => ({ id })),
    ...(stamp === undefined ? {} : { ext: { t: unsealed(stamp) } }),
  }
  return JSON.stringify(eid)
}

function holesIn({ objectsAt }: NestedJson, eids: readonly EidGiven[], texts: readonly string[]) {
  let end = objectsAt - 1
  return eids.map(({ stamp }, i) => {
    end += 1 + Buffer.byteLength(texts[i]!)
    return { stamp, at: end - HOLE_FROM_END }
  })
}
