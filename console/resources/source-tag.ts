import { Type } from '../../audience/schema.ts'
import { closed } from '../../exchange/fields.ts'
import type { ApiRoute } from '../api/route.ts'
import { gtmTemplate } from '../gtm/gtm-template.ts'
import type { AuditedRooms } from './audited.ts'

const TEXT_TYPE = 'text/plain; charset=utf-8'

const Template = {
  name: 'GtmTemplate',
  schema: closed({ file: Type.String(), template: Type.String() }),
}

export interface TagRooms extends AuditedRooms {
  /** Public address of the edge door. */
  edgeUrl: string
}

/** `GET /api/sources/{id}/gtm-template`: the tag of a source, for Google Tag Manager. */
export function gtmTemplateRoute({ exchange, edgeUrl }: TagRooms): ApiRoute {
  return {
    method: 'GET',
    path: '/api/sources/{id}/gtm-template',
    operationId: 'getGtmTemplate',
    summary:
      'A custom template for Google Tag Manager that loads the tag; its write key is entered there.',
    permission: 'side',
    query: closed({ format: Type.Optional(Type.Enum(['json', 'tpl'])) }),
    answers: { 200: { says: 'The template.', body: Template, alsoAs: [TEXT_TYPE] } },
    handle({ caller, params, query }) {
      const { desk } = exchange
      const { value } = desk.getSource(caller.actor, params['id']!)
      const { gvlId: vendor } = desk.getPartner(caller.actor, value.owner).value
      const gdprDefault = value.gdprDefault === 1 ? 1 : 0
      const template = gtmTemplate({ edgeUrl, source: value.name, gdprDefault, vendor })
      if (query['format'] === 'tpl')
        return { status: 200, text: { type: TEXT_TYPE, text: template } }
      return { status: 200, body: { file: `passerelle-${value.id}.tpl`, template } }
    },
  }
}
