import { SegmentBodySchema } from '../../audience/segment.ts'
import type { ApiRoute } from '../api/route.ts'
import type { AuditedRooms } from './audited.ts'
import { objectRoutes } from './object-routes.ts'
import { shownAs } from './shapes.ts'

/** `/api/segments`. */
export function segmentRoutes(rooms: AuditedRooms): ApiRoute[] {
  const { desk } = rooms.exchange
  return objectRoutes(rooms, {
    kind: 'segment',
    plural: 'segments',
    name: 'Segment',
    body: SegmentBodySchema,
    shown: shownAs('SegmentShown', SegmentBodySchema),
    put: desk.putSegment,
    get: desk.getSegment,
    list: desk.listSegments,
    delete: desk.deleteSegment,
  })
}
