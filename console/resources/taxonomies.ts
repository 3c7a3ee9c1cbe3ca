import { type Static, Type } from '../../audience/schema.ts'
import { closed, Name } from '../../exchange/fields.ts'
import { LIMITS as EXCHANGE_LIMITS } from '../../exchange/limits.ts'
import { LIMITS } from '../../exchange/taxonomy/limits.ts'
import { ProhibitedTopics } from '../../exchange/taxonomy/prohibited-nodes.ts'
import { TAXONOMY_KIND } from '../../exchange/taxonomy/taxonomy-record.ts'
import { ifMatchVersion } from '../api/if-match.ts'
import type { ApiRoute, Call } from '../api/route.ts'
import { type AuditedRooms, audited, changedNothing } from './audited.ts'
import { replyWritten } from './object-routes.ts'
import { PageQuery, pageOf } from './shapes.ts'

const TSV_TYPE = 'text/tab-separated-values'
const PATH = '/api/taxonomies/{segtax}'

const Count = Type.Integer({ minimum: 0 })
const Line = Type.Integer({ minimum: 1 })
const NodeId = Type.Unsafe<string | null>({ type: ['string', 'null'] })

const TaxonomyShape = {
  name: 'TaxonomyShown',
  schema: closed({
    segtax: Type.Integer({ description: 'AdCOM list "Category Taxonomies".' }),
    name: Type.String(),
    edition: Type.Optional(Type.String()),
    importedAt: Type.String(),
    sha256: Type.String({ description: 'Of the file.' }),
    nodes: Type.Integer({ description: 'Nodes with an id.' }),
    parentDisagrees: closed({
      count: Count,
      rows: Type.Array(closed({ line: Line, id: Type.String(), says: Type.String(), is: NodeId }), {
        description: 'Rows whose Parent is not where their tiers put them. The tiers hold.',
      }),
    }),
    withoutRow: closed({
      count: Count,
      paths: Type.Array(Type.String(), {
        description: 'Nodes that rows stand below, and none stands for.',
      }),
    }),
    twins: closed({
      count: Count,
      rows: Type.Array(closed({ line: Line, id: Type.String(), like: Type.String() }), {
        description: 'Rows that stand where an earlier one does.',
      }),
    }),
  }),
}

const NodeShape = {
  name: 'TaxonomyNode',
  schema: closed({
    id: NodeId,
    name: Type.String(),
    path: Type.Array(Type.String()),
    parent: NodeId,
    prohibited: Type.Optional(
      Type.Enum(Object.keys(ProhibitedTopics), {
        description: 'Why segments that stand for it cannot be offered.',
      }),
    ),
  }),
}

const ImportQuery = closed({
  name: Type.Optional(Name),
  edition: Type.Optional(Name),
  dryRun: Type.Optional(Type.Boolean({ description: 'Only says what is in the file.' })),
  confirm: Type.Optional(
    Type.Boolean({ description: 'Segments may lose the node they stand for.' }),
  ),
})

const NodesQuery = closed({
  find: Type.Optional(
    Type.String({
      maxLength: LIMITS.nameCharsMax,
      description: 'A text in the names of the path.',
    }),
  ),
  under: Type.Optional(Type.String({ maxLength: LIMITS.idCharsMax, description: 'A node’s id.' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: EXCHANGE_LIMITS.pageMax })),
  after: Type.Optional(Type.String({ pattern: '^[0-9]{1,6}$' })),
})

/** `/api/taxonomies`: imported, and looked up in. */
export function taxonomyRoutes(rooms: AuditedRooms): ApiRoute[] {
  return [...readingRoutes(rooms), importRoute(rooms), deleteRoute(rooms)]
}

function readingRoutes({ exchange: { desk } }: AuditedRooms): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/taxonomies',
      operationId: 'listTaxonomies',
      summary: 'The taxonomies that were imported, each with what was found in its file.',
      permission: 'side',
      query: PageQuery,
      answers: { 200: { says: 'A page.', body: pageOf(TaxonomyShape) } },
      handle: ({ caller, query }) => ({
        status: 200,
        body: desk.listTaxonomies(caller.actor, query),
      }),
    },
    {
      method: 'GET',
      path: PATH,
      operationId: 'getTaxonomy',
      summary: 'One taxonomy, without its nodes.',
      permission: 'side',
      answers: { 200: { says: 'The taxonomy.', body: TaxonomyShape } },
      handle({ caller, params }) {
        const { value, version } = desk.getTaxonomy(caller.actor, params['segtax']!)
        return { status: 200, body: value, version }
      },
    },
    {
      method: 'GET',
      path: `${PATH}/nodes`,
      operationId: 'listTaxonomyNodes',
      summary:
        'Nodes of a taxonomy in the order of its file; all, below one, or with a text in their path.',
      permission: 'side',
      query: NodesQuery,
      answers: { 200: { says: 'A page.', body: pageOf(NodeShape) } },
      handle({ caller, params, query }) {
        const asked = { segtax: params['segtax']!, ...(query as Static<typeof NodesQuery>) }
        return { status: 200, body: desk.listTaxonomyNodes(caller.actor, asked) }
      },
    },
  ]
}

function importRoute(rooms: AuditedRooms): ApiRoute {
  const verb = 'importTaxonomy'
  return {
    method: 'PUT',
    path: PATH,
    operationId: verb,
    summary:
      'Imports a taxonomy from its file, in place of the one there was. A file with a bad row changes nothing, and every bad row is named.',
    permission: 'exchange',
    isVersioned: true,
    query: ImportQuery,
    body: {
      kind: 'text',
      as: TSV_TYPE,
      name: 'TaxonomyFile',
      schema: Type.String({ description: 'As the IAB Tech Lab publishes it, UTF-8.' }),
      bytesMax: LIMITS.fileBytesMax,
    },
    answers: {
      200: { says: 'Replaced, unchanged, or a dry run.', body: TaxonomyShape },
      201: { says: 'Imported.', body: TaxonomyShape },
    },
    async handle(call) {
      const { dryRun = false, ...query } = call.query as Static<typeof ImportQuery>
      const segtax = call.params['segtax']!
      const text = (call.body as string | undefined) ?? ''
      const asked = { segtax, text, dryRun, ...query, ifMatch: ifMatchOf(rooms, call) }
      const write = () => rooms.exchange.desk.importTaxonomy(call.caller.actor, asked)
      if (!dryRun)
        return replyWritten(
          await audited(rooms, call, { verb, kind: TAXONOMY_KIND, id: segtax, write }),
        )
      const { value } = await write()
      changedNothing(call)
      return { status: 200, body: value }
    },
  }
}

function deleteRoute(rooms: AuditedRooms): ApiRoute {
  const verb = 'deleteTaxonomy'
  return {
    method: 'DELETE',
    path: PATH,
    operationId: verb,
    summary: 'Deletes a taxonomy, unless a segment stands for a node of it (409 names it).',
    permission: 'exchange',
    isVersioned: true,
    answers: { 204: { says: 'Deleted.' } },
    async handle(call) {
      const segtax = call.params['segtax']!
      const asked = { segtax, ifMatch: ifMatchOf(rooms, call) }
      const write = () => rooms.exchange.desk.deleteTaxonomy(call.caller.actor, asked)
      await audited(rooms, call, { verb, kind: TAXONOMY_KIND, id: segtax, write })
      return { status: 204 }
    },
  }
}

function ifMatchOf({ exchange }: AuditedRooms, { caller, params, headers }: Call) {
  const read = () => exchange.desk.getTaxonomy(caller.actor, params['segtax']!).version
  return ifMatchVersion(headers.ifMatch, read)
}
