import { NamespaceSchema } from '../../audience/namespace.ts'
import { NamespaceBody } from '../../exchange/desk/namespaces.ts'
import { closed } from '../../exchange/fields.ts'
import type { ApiRoute } from '../api/route.ts'
import type { AuditedRooms } from './audited.ts'
import { objectRoutes } from './object-routes.ts'

const { number: _number, ...fields } = NamespaceSchema.properties

/** `/api/namespaces`: eid sources are declared here, those of sources set; a partner's is made with the partner. */
export function namespaceRoutes(rooms: AuditedRooms): ApiRoute[] {
  const { desk } = rooms.exchange
  return objectRoutes(rooms, {
    kind: 'namespace',
    plural: 'namespaces',
    name: 'Namespace',
    body: NamespaceBody,
    shown: { name: 'NamespaceShown', schema: closed(fields) },
    put: (actor, { id, ...given }) => desk.putNamespace(actor, { name: id, ...given }),
    get: desk.getNamespace,
    list: desk.listNamespaces,
  })
}
