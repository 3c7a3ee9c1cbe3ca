import { type Static, Type } from '../audience/schema.ts'
import { ATTRIBUTIONS, BILL_ON, Price, USES, WRITE_AS } from './contract.ts'
import { DataProtection } from './data-protection.ts'
import { OfferExclusive } from './exclusive.ts'
import { ContractRegion, closed, listOf, Name, OperatorId } from './fields.ts'
import { LIMITS } from './limits.ts'

/** Catalog kind under which offers are kept, by their id. */
export const OFFER_KIND = 'offer'

const Partners = listOf(OperatorId, LIMITS.offerPartnersMax)

/** Body of `PUT /api/offers/{id}`: what a seller would sell, to whom, at what price. */
export const OfferBody = closed({
  name: Type.Optional(Name),
  seller: OperatorId,
  segments: listOf(OperatorId, LIMITS.contractSegmentsMax, 1),
  /** The list price: a buyer's own discount is taken off it. */
  price: Price,
  uses: listOf(Type.Enum([...USES]), USES.length, 1),
  /** Empty: everywhere. */
  regions: Type.Optional(listOf(ContractRegion, LIMITS.regionsMax)),
  /** A private offer is there for its `buyers` only; others do not learn that there is one. */
  visibility: Type.Optional(Type.Enum(['public', 'private'])),
  buyers: Type.Optional(Partners),
  /** Who may ask for a contract; empty or absent: whoever sees the offer. */
  allow: Type.Optional(Partners),
  /** Who neither sees it nor may ask. */
  block: Type.Optional(Partners),
  /** By buyer: basis points taken off every amount of the price. */
  discounts: Type.Optional(
    Type.Record(Type.String(), Type.Integer({ minimum: 1, maximum: 10_000 }), {
      maxProperties: LIMITS.offerPartnersMax,
    }),
  ),
  exclusive: Type.Optional(OfferExclusive),
  /** The smallest audience: a segment with fewer people is not offered. */
  minPeople: Type.Optional(Type.Integer({ minimum: 0, maximum: LIMITS.minPeopleMax })),
  /** In which `exclusive.until` is read, and the contracts made from the offer. */
  timeZone: Type.Optional(Type.String({ maxLength: 64 })),
  /** Terms that contracts made from the offer begin with. */
  billOn: Type.Optional(Type.Enum([...BILL_ON])),
  writeAs: Type.Optional(Type.Enum([...WRITE_AS])),
  attribution: Type.Optional(Type.Enum([...ATTRIBUTIONS])),
  dataProtection: Type.Optional(DataProtection),
  status: Type.Optional(Type.Enum(['open', 'closed'])),
})
export type OfferBody = Static<typeof OfferBody>

/** An offer as kept in the catalog. */
export interface OfferRecord extends OfferBody {
  regions: string[]
  visibility: 'public' | 'private'
  minPeople: number
  status: 'open' | 'closed'
}

/** Whether a partner may know of an offer at all; its seller does anyway. */
export function isOfferedTo({ visibility, buyers, block }: OfferRecord, partner: string): boolean {
  if (block?.includes(partner)) return false
  return visibility === 'public' || (buyers?.includes(partner) ?? false)
}

/** Whether a partner that knows of it may ask for a contract. */
export function mayRequest({ allow }: OfferRecord, partner: string): boolean {
  return !allow || allow.length === 0 || allow.includes(partner)
}

/** Every partner an offer names, with the field that names it. */
export function partnersNamed(offer: OfferBody): { field: string; partner: string }[] {
  const { seller, buyers = [], allow = [], block = [], discounts = {}, exclusive } = offer
  const listed = Object.entries({ buyers, allow, block }).flatMap(([name, partners]) =>
    partners.map((partner, i) => ({ field: `${name}.${i}`, partner })),
  )
  const priced = Object.keys(discounts).map((id) => ({ field: `discounts.${id}`, partner: id }))
  const kept = exclusive?.buyer
  return [
    { field: 'seller', partner: seller },
    ...listed,
    ...priced,
    ...(kept === undefined ? [] : [{ field: 'exclusive.buyer', partner: kept }]),
  ]
}
