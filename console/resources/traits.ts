import { TraitBodySchema } from '../../audience/events/trait.ts'
import type { ApiRoute } from '../api/route.ts'
import type { AuditedRooms } from './audited.ts'
import { objectRoutes } from './object-routes.ts'
import { shownAs } from './shapes.ts'

/** `/api/traits`. */
export function traitRoutes(rooms: AuditedRooms): ApiRoute[] {
  const { desk } = rooms.exchange
  return objectRoutes(rooms, {
    kind: 'trait',
    plural: 'traits',
    name: 'Trait',
    body: TraitBodySchema,
    shown: shownAs('TraitShown', TraitBodySchema),
    put: desk.putTrait,
    get: desk.getTrait,
    list: desk.listTraits,
    delete: desk.deleteTrait,
  })
}
