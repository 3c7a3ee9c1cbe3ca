import { safeName } from '../../audience/events/safe-name.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import { QueueFull } from '../../audience/store/event-stores.ts'
import { LIMITS as STORE_LIMITS } from '../../audience/store/limits.ts'
import type { HeldMessage } from '../../audience/store/plan-stores.ts'
import { readAside } from '../../exchange/collect/put-aside.ts'
import { mustWriteFor } from '../../exchange/desk/desk.ts'
import { checkedBody } from '../../exchange/desk/write-record.ts'
import { closed, listOf } from '../../exchange/fields.ts'
import { LIMITS } from '../../exchange/limits.ts'
import type { ApiRoute, Call } from '../api/route.ts'
import type { EventImportRooms } from '../imports/import-events.ts'
import { Denied } from '../reasons.ts'
import { note } from './audited.ts'
import { PageQuery, pageOf } from './shapes.ts'
import { sourceShelf } from './source-shelf.ts'

const PATH = '/api/sources/{id}/quarantine'

const Shown = {
  name: 'HeldMessage',
  schema: closed({
    id: Type.String(),
    at: Type.String({ description: 'When it was put aside.' }),
    type: Type.String(),
    event: Type.Optional(Type.String()),
    plan: Type.String(),
    planVersion: Type.Integer({ description: 'Of the plan that held it back.' }),
    problems: Type.Array(closed({ field: Type.String(), reason: Type.String() })),
  }),
}

const Which = Type.Unsafe<{ ids?: string[]; all?: boolean }>({
  ...closed({
    ids: Type.Optional(listOf(Type.String({ minLength: 1, maxLength: 64 }), 1_000, 1)),
    all: Type.Optional(Type.Literal(true)),
  }),
  minProperties: 1,
  maxProperties: 1,
})
const checkWhich = checker(Which)

const Replayed = {
  name: 'HeldReplayed',
  schema: closed({
    replayed: Type.Integer({
      description: 'As planned now: queued, and gone from the quarantine.',
    }),
    left: Type.Integer({ description: 'Still not as planned.' }),
  }),
}
const Discarded = { name: 'HeldDiscarded', schema: closed({ discarded: Type.Integer() }) }

/** `/api/sources/{id}/quarantine`: messages that a source's tracking plan holds back, and what becomes of them. */
export function sourceQuarantineRoutes(rooms: EventImportRooms): ApiRoute[] {
  return [listRoute(rooms), replayRoute(rooms), discardRoute(rooms)]
}

function listRoute({ exchange, audience }: EventImportRooms): ApiRoute {
  return {
    method: 'GET',
    path: PATH,
    operationId: 'listSourceQuarantine',
    summary: `Messages that a tracking plan holds back, oldest first, for ${STORE_LIMITS.heldDays} days: what is wrong with each, not what it says.`,
    permission: 'side',
    query: PageQuery,
    answers: { 200: { says: 'A page.', body: pageOf(Shown) } },
    async handle({ caller, params, query }) {
      const { limit = LIMITS.pageDefault, after = '' } = query as Static<typeof PageQuery>
      const { shelf } = sourceShelf(exchange, caller, params['id']!)
      const found = await audience.store.held.held(shelf, after, limit + 1)
      const items = found.slice(0, limit).map(shown)
      const next = found.length > limit ? (items.at(-1)?.id ?? null) : null
      return { status: 200, body: { items, next } }
    },
  }
}

function replayRoute(rooms: EventImportRooms): ApiRoute {
  return {
    method: 'POST',
    path: `${PATH}/replay`,
    operationId: 'replaySourceQuarantine',
    summary:
      'Asks the plan of now of messages it held back (`ids`, or `all`): those that are as planned count.',
    permission: 'side',
    body: { kind: 'json', name: 'HeldWhich', schema: Which },
    answers: { 200: { says: 'What became of them.', body: Replayed } },
    async handle(call) {
      const { source, held } = await asked(rooms, call)
      const replayed = await rooms.collect.collector.replay(source, held).catch(tellFull)
      const told = { replayed, left: held.length - replayed }
      await noted(rooms, call, { verb: 'replaySourceQuarantine', source, details: told })
      return { status: 200, body: told }
    },
  }
}

function discardRoute(rooms: EventImportRooms): ApiRoute {
  return {
    method: 'POST',
    path: `${PATH}/discard`,
    operationId: 'discardSourceQuarantine',
    summary: 'Takes messages that a plan held back away for good (`ids`, or `all`).',
    permission: 'side',
    body: { kind: 'json', name: 'HeldWhich', schema: Which },
    answers: { 200: { says: 'How many there were.', body: Discarded } },
    async handle(call) {
      const { source, shelf, held } = await asked(rooms, call)
      const ids = held.map(({ id }) => id)
      const discarded = await rooms.audience.store.held.release(shelf, ids)
      await noted(rooms, call, { verb: 'discardSourceQuarantine', source, details: { discarded } })
      return { status: 200, body: { discarded } }
    },
  }
}

/** The messages a call is about, of a source that is the caller's to write for. */
async function asked({ exchange, audience }: EventImportRooms, { caller, params, body }: Call) {
  // What is sent has to make sense, whatever it is sent to.
  if (body !== undefined) checkedBody(body, checkWhich, [])
  const source = params['id']!
  const { shelf, owner } = sourceShelf(exchange, caller, source)
  mustWriteFor(caller.actor, owner)
  const { ids } = checkedBody<Static<typeof Which>>(body, checkWhich, [])
  const all = await audience.store.held.held(shelf, '', STORE_LIMITS.heldMax)
  return { source, shelf, held: ids ? all.filter(({ id }) => ids.includes(id)) : all }
}

function noted(
  rooms: EventImportRooms,
  call: Call,
  { verb, source, details }: { verb: string; source: string; details: Record<string, number> },
): Promise<void> {
  const object = `source/${source}/quarantine`
  return note(rooms, call, { verb, object, before: null, after: null, details })
}

function tellFull(error: unknown): never {
  if (error instanceof QueueFull) throw new Denied('too_many', error.message)
  throw error
}

function shown({ id, atMs, body }: HeldMessage & { id: string }) {
  const { message, plan, planVersion, problems } = readAside({ body })
  const { type, event } = message
  const named = event === undefined ? {} : { event: safeName(String(event)) }
  return {
    id,
    at: new Date(atMs).toISOString(),
    type: String(type),
    ...named,
    plan,
    planVersion,
    problems,
  }
}
