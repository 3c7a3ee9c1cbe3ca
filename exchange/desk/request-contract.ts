import { randomBytes } from 'node:crypto'
import { refuse } from '../../audience/refusal.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { ContractBody, type ContractRecord } from '../contract.ts'
import { DP_DEFAULT } from '../data-protection.ts'
import { closed, OperatorId } from '../fields.ts'
import { LIMITS } from '../limits.ts'
import { mayRequest, OFFER_KIND, type OfferRecord } from '../offer.ts'
import { malformedContract, senselessContract } from './check-contract.ts'
import { contractConflicts } from './check-exclusive.ts'
import { refuseStaleLabels } from './check-label.ts'
import { senselessOffer, tooSmall } from './check-offer.ts'
import { type ContractShown, showContract } from './contracts.ts'
import { type Actor, type DeskDeps, isExchange, snapshotOf, type Written } from './desk.ts'
import { mustSeeOffer } from './offers.ts'
import { draftOf, revised } from './revise-contract.ts'
import { beyondOffer, exclusiveFor, priceFor } from './within-offer.ts'
import { checkedBody, checkId, refuseAll, writeRecord } from './write-record.ts'

const { properties: Terms } = ContractBody

/** Body of `POST /api/offers/{id}/request`: what of the offer the buyer wants; what is left out is all of it. */
export const RequestBody = closed({
  /** Id of the contract to be made; one is made up where absent. */
  contract: Type.Optional(OperatorId),
  /** For whom an operator of the exchange asks; a partner asks for itself. */
  buyer: Type.Optional(OperatorId),
  segments: Type.Optional(Terms.segments),
  uses: Type.Optional(Terms.uses),
  regions: Terms.regions,
  /** Default: now. */
  startsAt: Type.Optional(Terms.startsAt),
  endsAt: Terms.endsAt,
  timeZone: Terms.timeZone,
  caps: Terms.caps,
  externalIds: Terms.externalIds,
  seats: Terms.seats,
  writeAs: Terms.writeAs,
  category: Terms.category,
  dataProtection: Terms.dataProtection,
})
export type RequestBody = Static<typeof RequestBody>

const checkRequest = checker(RequestBody)

/**
 * Drafts a contract from an offer for the buyer that asks. The draft gives nothing: both sides sign it.
 * An offer that is not the caller's to see is `not_found`, a closed one a `conflict`.
 */
export async function requestContract(
  deps: DeskDeps,
  actor: Actor,
  { offer: offerId, body }: { offer: string; body: unknown },
): Promise<Written<ContractShown>> {
  mustSeeOffer(actor, offerIn(snapshotOf(deps), offerId))
  const given = checkedBody<RequestBody>(body ?? {}, checkRequest, [])
  const buyer = buyerOf(actor, given)
  const id = given.contract ?? madeUpId(offerId, buyer)
  checkId(id)
  const nowText = new Date(deps.clock.now()).toISOString()
  const written = await writeRecord<ContractRecord>(
    deps,
    { kind: 'contract', id },
    {
      decide: async (existing, snapshot) => {
        const offer = mustSeeOffer(actor, offerIn(snapshot, offerId))
        refuseUnlessOffered(offer, buyer, actor)
        if (existing) throw refuse('conflict', 'contract', 'the id is taken')
        refuseTooMany(snapshot, { offer: offerId, buyer })
        const terms = termsOf(given, { offer, offerId, buyer, nowText })
        refuseAll('invalid', malformedContract(terms))
        refuseAll('unprocessable', beyondOffer(terms, offer))
        const by = { actor, nowMs: deps.clock.now() }
        const asked = { ...offer, segments: terms.segments }
        refuseAll('unprocessable', [
          ...senselessContract(terms, snapshot),
          ...senselessOffer(asked, snapshot),
        ])
        refuseStaleLabels(snapshot, terms, by.nowMs)
        refuseAll('unprocessable', await tooSmall(asked, snapshot, deps.reach))
        const contract = revised(undefined, terms, { nowText, statusOf: () => 'draft' })
        refuseAll('conflict', contractConflicts(snapshot, { id, contract }, by))
        return draftOf(id, undefined, contract, snapshot)
      },
    },
  )
  return { ...written, value: showContract(id, written.value!) }
}

function termsOf(
  given: RequestBody,
  {
    offer,
    offerId,
    buyer,
    nowText,
  }: { offer: OfferRecord; offerId: string; buyer: string; nowText: string },
): ContractBody {
  const { contract: _contract, buyer: _buyer, ...asked } = given
  const { seller, segments, uses, regions, price, timeZone, writeAs, attribution } = offer
  const exclusive = exclusiveFor(offer, buyer)
  return {
    segments,
    uses,
    regions,
    startsAt: nowText,
    billOn: offer.billOn ?? (price.kind === 'percent_media' ? 'win' : 'billable'),
    dataProtection: offer.dataProtection ?? DP_DEFAULT,
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(writeAs === undefined ? {} : { writeAs }),
    ...(attribution === undefined ? {} : { attribution }),
    ...(exclusive === undefined ? {} : { exclusive }),
    ...asked,
    offer: offerId,
    seller,
    buyer,
    price: priceFor(offer, buyer),
  }
}

function offerIn(snapshot: CatalogSnapshot, id: string): OfferRecord | undefined {
  return snapshot.kind(OFFER_KIND).get(id)?.value as OfferRecord | undefined
}

function buyerOf(actor: Actor, { buyer }: RequestBody): string {
  if (isExchange(actor)) {
    if (buyer === undefined) throw refuse('invalid', 'buyer', 'is required: for whom you ask')
    return buyer
  }
  if (buyer !== undefined && buyer !== actor.partner)
    throw refuse('forbidden', 'buyer', 'you ask for yourself')
  return actor.partner!
}

function refuseUnlessOffered(offer: OfferRecord, buyer: string, actor: Actor): void {
  if (offer.seller === buyer) throw refuse('unprocessable', 'buyer', 'is the seller')
  if (offer.status === 'closed') throw refuse('conflict', '', 'the offer is closed')
  if (!isExchange(actor) && !mayRequest(offer, buyer))
    throw refuse('forbidden', '', 'the seller has to allow you this offer first')
}

/** A partner's key must not fill the catalog. */
function refuseTooMany(
  snapshot: CatalogSnapshot,
  { offer, buyer }: { offer: string; buyer: string },
): void {
  let open = 0
  for (const { value } of snapshot.kind('contract').values()) {
    const contract = value as ContractRecord
    if (contract.offer === offer && contract.buyer === buyer && contract.status === 'draft') open++
  }
  if (open >= LIMITS.openRequestsMax)
    throw refuse('conflict', '', `${open} drafts of this offer wait to be signed or declined`)
}

function madeUpId(offer: string, buyer: string): string {
  return `${`${offer}-${buyer}`.slice(0, 50)}-${randomBytes(4).toString('hex')}`
}
