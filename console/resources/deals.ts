import { Type } from '../../audience/schema.ts'
import { AS_WRITTEN, DealBody } from '../../exchange/deal.ts'
import { DealSource } from '../../exchange/deal-import/deal-source.ts'
import type { ApiRoute } from '../api/route.ts'
import type { AuditedRooms } from './audited.ts'
import { objectRoutes } from './object-routes.ts'
import { shownAs } from './shapes.ts'

const Shown = shownAs('DealShown', DealBody, {
  id: Type.String(),
  source: Type.Optional(DealSource),
})

/** `/api/deals`. */
export function dealRoutes(rooms: AuditedRooms): ApiRoute[] {
  const { desk } = rooms.exchange
  return objectRoutes(rooms, {
    kind: 'deal',
    plural: 'deals',
    name: 'Deal',
    body: DealBody,
    asWritten: AS_WRITTEN,
    shown: Shown,
    put: desk.putDeal,
    get: desk.getDeal,
    list: desk.listDeals,
    delete: desk.deleteDeal,
  })
}
