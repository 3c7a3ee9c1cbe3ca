import { Type } from '../../audience/schema.ts'
import { RequestBody } from '../../exchange/desk/request-contract.ts'
import { closed } from '../../exchange/fields.ts'
import { OFFER_KIND, OfferBody } from '../../exchange/offer.ts'
import type { ApiRoute } from '../api/route.ts'
import { type AuditedRooms, audited, note } from './audited.ts'
import { ContractShape } from './contracts.ts'
import { ifMatchOf, type ObjectResource, objectRoutes, replyWritten } from './object-routes.ts'
import { shownAs } from './shapes.ts'

const OfferShape = shownAs('OfferShown', OfferBody, {
  id: Type.String(),
  mayRequest: Type.Boolean({ description: 'Whether you may ask for a contract.' }),
})

/** `/api/offers`, closing one, and asking for a contract. */
export function offerRoutes(rooms: AuditedRooms): ApiRoute[] {
  const { desk } = rooms.exchange
  const resource: ObjectResource = {
    kind: OFFER_KIND,
    plural: 'offers',
    name: 'Offer',
    body: OfferBody,
    shown: OfferShape,
    put: desk.putOffer,
    get: desk.getOffer,
    list: desk.listOffers,
    delete: desk.deleteOffer,
  }
  return [...objectRoutes(rooms, resource), closeRoute(rooms, resource), requestRoute(rooms)]
}

function closeRoute(rooms: AuditedRooms, resource: ObjectResource): ApiRoute {
  const verb = 'closeOffer'
  return {
    method: 'POST',
    path: '/api/offers/{id}/close',
    operationId: verb,
    summary: 'Ends an offer: nobody can ask for a contract any more; those there are go on.',
    permission: 'side',
    isVersioned: true,
    body: { kind: 'json', isOptional: true, name: 'Nothing', schema: closed({}) },
    answers: { 200: { says: 'The offer as it is now.', body: OfferShape } },
    async handle(call) {
      const id = call.params['id']!
      const given = { id, body: call.body, ifMatch: ifMatchOf(call, resource) }
      const write = () => rooms.exchange.desk.closeOffer(call.caller.actor, given)
      return replyWritten(await audited(rooms, call, { verb, kind: OFFER_KIND, id, write }))
    },
  }
}

function requestRoute(rooms: AuditedRooms): ApiRoute {
  const verb = 'requestContract'
  return {
    method: 'POST',
    path: '/api/offers/{id}/request',
    operationId: verb,
    summary:
      'Drafts a contract from an offer for the buyer that asks; it gives nothing until both sides have signed.',
    permission: 'side',
    isCreating: true,
    body: { kind: 'json', name: 'ContractRequest', schema: RequestBody },
    answers: { 201: { says: 'The draft.', body: ContractShape } },
    async handle(call) {
      const offer = call.params['id']!
      const { desk } = rooms.exchange
      const written = await desk.requestContract(call.caller.actor, { offer, body: call.body })
      const object = `contract/${written.value.id}`
      const details = { offer }
      await note(rooms, call, { verb, object, before: null, after: written.version, details })
      return replyWritten(written)
    },
  }
}
