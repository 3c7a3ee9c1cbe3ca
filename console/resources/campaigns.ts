import { Type } from '../../audience/schema.ts'
import { CampaignBodySchema } from '../../exchange/campaign.ts'
import type { ApiRoute } from '../api/route.ts'
import type { AuditedRooms } from './audited.ts'
import { objectRoutes } from './object-routes.ts'
import { shownAs } from './shapes.ts'

/** `/api/campaigns`. */
export function campaignRoutes(rooms: AuditedRooms): ApiRoute[] {
  const { desk } = rooms.exchange
  return objectRoutes(rooms, {
    kind: 'campaign',
    plural: 'campaigns',
    name: 'Campaign',
    body: CampaignBodySchema,
    shown: shownAs('CampaignShown', CampaignBodySchema, { id: Type.String() }),
    put: desk.putCampaign,
    get: desk.getCampaign,
    list: desk.listCampaigns,
    delete: desk.deleteCampaign,
  })
}
