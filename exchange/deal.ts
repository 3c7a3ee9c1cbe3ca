import { type Static, Type } from '../audience/schema.ts'
import { Currency, closed, Domain, listOf, MomentText, Name, OperatorId } from './fields.ts'
import { LIMITS } from './limits.ts'

const SiteId = Type.String({ minLength: 1, maxLength: 255 })
const Audience = listOf(OperatorId, LIMITS.dealAudienceMax)

/** Body of `PUT /api/deals/{id}`. The id is what is written into `imp[].pmp.deals[].id`. */
export const DealBody = closed({
  name: Name,
  seller: OperatorId,
  /** The partner that honours the id: the deal appears in requests of this exchange only. */
  exchange: OperatorId,
  /** The person must be in one of `any`, in every one of `all` and in none of `none`. */
  audience: Type.Optional(
    closed({
      any: Type.Optional(Audience),
      all: Type.Optional(Audience),
      none: Type.Optional(Audience),
    }),
  ),
  /** CPM. A text such as "2.50" is written to the letter; a number in its shortest form. */
  bidfloor: Type.Optional(
    Type.Unsafe<number | string>({
      type: ['number', 'string'],
      minimum: 0,
      maximum: 1_000_000,
      pattern: '^(0|[1-9][0-9]{0,6})([.][0-9]{1,9})?$',
    }),
  ),
  bidfloorcur: Type.Optional(Currency),
  /** Auction type: 1 first price, 2 second price plus, 3 the floor is the price. */
  at: Type.Optional(Type.Enum([1, 2, 3])),
  wseat: Type.Optional(listOf(Type.String({ minLength: 1, maxLength: 64 }), LIMITS.seatsMax)),
  wadomain: Type.Optional(listOf(Domain, LIMITS.seatsMax)),
  /** Buying partners; empty or absent: every buyer, as with wseat. */
  buyers: Type.Optional(listOf(OperatorId, LIMITS.dealBuyersMax)),
  /** site.id or app.id the deal is limited to: one, or a list. */
  site: Type.Optional(Type.Union([SiteId, listOf(SiteId, LIMITS.dealSitesMax)])),
  startsAt: Type.Optional(MomentText),
  endsAt: Type.Optional(MomentText),
  status: Type.Optional(Type.Enum(['active', 'paused'])),
})
export type DealBody = Static<typeof DealBody>

/** A deal as kept in the catalog, under kind `deal` and its id. */
export interface DealRecord extends DealBody {
  status: 'active' | 'paused'
}

/**
 * The deal as it stands in a request (OpenRTB 2.6 §3.2.12), only the fields that were given. The
 * floor is placed as text: it is never computed with.
 */
export function dealJson(id: string, deal: DealBody): string {
  const { bidfloor, bidfloorcur, at, wseat, wadomain } = deal
  const floor = bidfloor === undefined ? '' : `,"bidfloor":${bidfloor}`
  const rest = JSON.stringify({
    bidfloorcur,
    at,
    wseat: wseat?.length ? wseat : undefined,
    wadomain: wadomain?.length ? wadomain : undefined,
  })
  return `{"id":${JSON.stringify(id)}${floor}${rest === '{}' ? '}' : `,${rest.slice(1)}`}`
}
