import { PartnerBody } from '../../exchange/partner.ts'
import type { ApiRoute } from '../api/route.ts'
import type { AuditedRooms } from './audited.ts'
import { objectRoutes } from './object-routes.ts'
import { shownAs } from './shapes.ts'

/** `/api/partners`. A partner's namespace is made with it; its keys are never touched by a PUT. */
export function partnerRoutes(rooms: AuditedRooms): ApiRoute[] {
  const { desk } = rooms.exchange
  return objectRoutes(rooms, {
    kind: 'partner',
    plural: 'partners',
    name: 'Partner',
    body: PartnerBody,
    shown: shownAs('PartnerShown', PartnerBody),
    put: desk.putPartner,
    get: desk.getPartner,
    list: desk.listPartners,
    delete: desk.deletePartner,
  })
}
