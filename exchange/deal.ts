import { type Static, Type } from '../audience/schema.ts'
import type { DealSource } from './deal-import/deal-source.ts'
import {
  ContractRegion,
  Currency,
  closed,
  Domain,
  listOf,
  MomentText,
  Name,
  OperatorId,
} from './fields.ts'
import { LIMITS } from './limits.ts'

const SiteId = Type.String({ minLength: 1, maxLength: 255 })
const Audience = listOf(OperatorId, LIMITS.dealAudienceMax)

/** A CPM as decimal text: what a request carries is this text. */
const FLOOR = '^(0|[1-9][0-9]{0,6})([.][0-9]{1,9})?$'

/** Body of `PUT /api/deals/{id}`. The id is what is written into `imp[].pmp.deals[].id`. */
export const DealBody = closed({
  name: Name,
  /** What exchange and buyers call the deal, where that is not its id here. */
  dealId: Type.Optional(Type.String({ pattern: '^[!-~]{1,255}$' })),
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
  /** CPM, written into requests to the letter: 2.50 stays 2.50, as a text or as a number. */
  bidfloor: Type.Optional(
    Type.Unsafe<number | string>({
      type: ['number', 'string'],
      minimum: 0,
      maximum: 1_000_000,
      pattern: FLOOR,
    }),
  ),
  bidfloorcur: Type.Optional(Currency),
  /** Auction type: 1 first price, 2 second price plus, 3 the floor is the price. */
  at: Type.Optional(Type.Enum([1, 2, 3])),
  /** 1: guaranteed, the buyer must bid. */
  guar: Type.Optional(Type.Enum([0, 1])),
  wseat: Type.Optional(listOf(Type.String({ minLength: 1, maxLength: 64 }), LIMITS.seatsMax)),
  wadomain: Type.Optional(listOf(Domain, LIMITS.seatsMax)),
  /** Buying partners; empty or absent: every buyer, as with wseat. */
  buyers: Type.Optional(listOf(OperatorId, LIMITS.dealBuyersMax)),
  /** What the deal is limited to: one or several of site.id, site.domain, app.id, app.bundle. */
  site: Type.Optional(Type.Union([SiteId, listOf(SiteId, LIMITS.dealSitesMax)])),
  /** Compared with device.geo.country as a contract's are; empty or absent: everywhere. */
  regions: Type.Optional(listOf(ContractRegion, LIMITS.regionsMax)),
  startsAt: Type.Optional(MomentText),
  endsAt: Type.Optional(MomentText),
  /** IANA zone in which dates without an offset are read; UTC by default. */
  timeZone: Type.Optional(Type.String({ maxLength: 64 })),
  status: Type.Optional(Type.Enum(['active', 'paused'])),
})
export type DealBody = Static<typeof DealBody>

/** A deal as kept in the catalog, under kind `deal` and its id. */
export interface DealRecord extends DealBody {
  status: 'active' | 'paused'
  /** Of one that was imported (deal-import/). */
  source?: DealSource
}

/** True for an imported deal that its seller does not offer, whatever the desk says. */
export function isHeldBySeller({ source }: DealRecord): boolean {
  return source !== undefined && source.status !== 'active'
}

/** Fields of a deal whose numbers are kept as they were written: see proto/lexical-json.ts. */
export const AS_WRITTEN = ['bidfloor'] as const

/** What exchange and buyers call a deal. */
export function wireIdOf(id: string, { dealId }: Pick<DealBody, 'dealId'>): string {
  return dealId ?? id
}

/**
 * The deal as it stands in a request (OpenRTB 2.6 §3.2.12), only the fields that were given. The
 * floor is placed as text: it is never computed with.
 */
export function dealJson(id: string, deal: DealBody): string {
  const { bidfloor, bidfloorcur, at, wseat, wadomain, guar } = deal
  const floor = bidfloor === undefined ? '' : `,"bidfloor":${bidfloor}`
  const rest = JSON.stringify({
    bidfloorcur,
    at,
    wseat: wseat?.length ? wseat : undefined,
    wadomain: wadomain?.length ? wadomain : undefined,
    guar,
  })
  const name = JSON.stringify(wireIdOf(id, deal))
  return `{"id":${name}${floor}${rest === '{}' ? '}' : `,${rest.slice(1)}`}`
}
