import { TrackingPlanBodySchema } from '../../audience/events/tracking-plan.ts'
import { Type } from '../../audience/schema.ts'
import type { ApiRoute } from '../api/route.ts'
import type { AuditedRooms } from './audited.ts'
import { objectRoutes } from './object-routes.ts'
import { shownAs } from './shapes.ts'

/** `/api/trackingplans`. */
export function trackingPlanRoutes(rooms: AuditedRooms): ApiRoute[] {
  const { desk } = rooms.exchange
  const own = { id: Type.String(), version: Type.Integer({ description: 'Counts its changes.' }) }
  return objectRoutes(rooms, {
    kind: 'trackingplan',
    plural: 'trackingplans',
    name: 'TrackingPlan',
    body: TrackingPlanBodySchema,
    shown: shownAs('TrackingPlanShown', TrackingPlanBodySchema, own),
    put: desk.putTrackingPlan,
    get: desk.getTrackingPlan,
    list: desk.listTrackingPlans,
    delete: desk.deleteTrackingPlan,
  })
}
