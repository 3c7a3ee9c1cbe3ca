import type { TSchema } from '../../audience/schema.ts'
import type { Actor, Shown, WriteOptions, Written } from '../../exchange/desk/desk.ts'
import type { Page, PageOptions } from '../../exchange/desk/read-records.ts'
import { ifMatchVersion } from '../api/if-match.ts'
import type { ApiRoute, Call, NamedSchema, Reply } from '../api/route.ts'
import { type AuditedRooms, audited } from './audited.ts'
import { PageQuery, pageOf } from './shapes.ts'

/** One kind of object that operators name, as the desk reads and writes it. */
export interface ObjectResource {
  /** E.g. `partner`; the catalog kind, too. */
  kind: string
  /** E.g. `partners`: objects lie at `/api/partners/{id}`. */
  plural: string
  /** E.g. `Partner`: the name of its body; operations are called `putPartner` … */
  name: string
  body: TSchema
  shown: NamedSchema
  /** Fields whose numbers are kept as they were written. */
  asWritten?: readonly string[]
  put(actor: Actor, given: { id: string; body: unknown } & WriteOptions): Promise<Written<unknown>>
  get(actor: Actor, id: string): Shown<unknown>
  list(actor: Actor, page: PageOptions): Page<unknown>
  delete?(actor: Actor, given: { id: string } & WriteOptions): Promise<void>
}

/** List, GET, PUT and, where there is one, DELETE. */
export function objectRoutes(rooms: AuditedRooms, resource: ObjectResource): ApiRoute[] {
  return [
    listRoute(resource),
    getRoute(resource),
    putRoute(rooms, resource),
    ...(resource.delete ? [deleteRoute(rooms, resource, resource.delete)] : []),
  ]
}

function listRoute({ kind, plural, name, shown, list }: ObjectResource): ApiRoute {
  return {
    method: 'GET',
    path: `/api/${plural}`,
    operationId: `list${name}s`,
    summary: `A page of ${kind}s, in the order of their ids.`,
    permission: 'side',
    query: PageQuery,
    answers: { 200: { says: 'A page.', body: pageOf(shown) } },
    handle: ({ caller, query }) => ({ status: 200, body: list(caller.actor, query) }),
  }
}

function getRoute({ kind, plural, name, shown, get }: ObjectResource): ApiRoute {
  return {
    method: 'GET',
    path: `/api/${plural}/{id}`,
    operationId: `get${name}`,
    summary: `One ${kind}.`,
    permission: 'side',
    answers: { 200: { says: `The ${kind}.`, body: shown } },
    handle({ caller, params }) {
      const { value, version } = get(caller.actor, params['id']!)
      return { status: 200, body: value, version }
    },
  }
}

function putRoute(rooms: AuditedRooms, resource: ObjectResource): ApiRoute {
  const { kind, plural, name, body, shown, asWritten } = resource
  const verb = `put${name}`
  return {
    method: 'PUT',
    path: `/api/${plural}/{id}`,
    operationId: verb,
    summary: `Makes or replaces a ${kind}. Null and absent mean the same.`,
    permission: 'side',
    isVersioned: true,
    body: { kind: 'json', name, schema: body, ...(asWritten ? { asWritten } : {}) },
    answers: {
      200: { says: 'Replaced.', body: shown },
      201: { says: 'Made.', body: shown },
    },
    async handle(call) {
      const id = call.params['id']!
      const given = { id, body: call.body, ifMatch: ifMatchOf(call, resource) }
      const write = () => resource.put(call.caller.actor, given)
      return replyWritten(await audited(rooms, call, { verb, kind, id, write }))
    },
  }
}

function deleteRoute(
  rooms: AuditedRooms,
  resource: ObjectResource,
  remove: NonNullable<ObjectResource['delete']>,
): ApiRoute {
  const { kind, plural, name } = resource
  const verb = `delete${name}`
  return {
    method: 'DELETE',
    path: `/api/${plural}/{id}`,
    operationId: verb,
    summary: `Deletes a ${kind}, unless something still rests on it (409 names it).`,
    permission: 'side',
    isVersioned: true,
    answers: { 204: { says: 'Deleted.' } },
    async handle(call) {
      const id = call.params['id']!
      const given = { id, ifMatch: ifMatchOf(call, resource) }
      const write = () => remove(call.caller.actor, given)
      await audited(rooms, call, { verb, kind, id, write })
      return { status: 204 }
    },
  }
}

/** The version a call's If-Match binds its write to. */
export function ifMatchOf(
  { caller, params, headers }: Call,
  { get }: Pick<ObjectResource, 'get'>,
): number | undefined {
  return ifMatchVersion(headers.ifMatch, () => get(caller.actor, params['id']!).version)
}

export function replyWritten({ value, version, created }: Written<unknown>): Reply {
  return { status: created ? 201 : 200, body: value, version }
}
