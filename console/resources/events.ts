import { unpackEvent } from '../../audience/events/collected-event.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import type { QuarantinedEvent } from '../../audience/store/event-stores.ts'
import { checkedBody } from '../../exchange/desk/write-record.ts'
import { closed, listOf } from '../../exchange/fields.ts'
import { LIMITS } from '../../exchange/limits.ts'
import type { ApiRoute } from '../api/route.ts'
import type { ImportRooms } from '../imports/import-rooms.ts'
import { note } from './audited.ts'
import { PageQuery, pageOf } from './shapes.ts'

const PATH = '/api/events/quarantine'

const Shown = {
  name: 'QuarantinedEvent',
  schema: closed({
    id: Type.String(),
    at: Type.String({ description: 'When it was put aside.' }),
    reason: Type.String({ description: 'Why it could not be processed.' }),
    source: Type.Optional(Type.String()),
    messageId: Type.Optional(Type.String()),
  }),
}

const ReplayBody = closed({ ids: listOf(Type.String({ minLength: 1, maxLength: 64 }), 1_000, 1) })
const checkReplay = checker(ReplayBody)

const Replayed = { name: 'EventsReplayed', schema: closed({ replayed: Type.Integer() }) }

/** `/api/events/quarantine`: events that could not be processed, and their second chance. */
export function eventRoutes(rooms: ImportRooms): ApiRoute[] {
  const { events } = rooms.audience.store
  return [
    {
      method: 'GET',
      path: PATH,
      operationId: 'listQuarantine',
      summary: 'Events that could not be processed, oldest first. Of whom they tell is not shown.',
      permission: 'exchange',
      query: PageQuery,
      answers: { 200: { says: 'A page.', body: pageOf(Shown) } },
      async handle({ query }) {
        const { limit = LIMITS.pageDefault, after = '' } = query as Static<typeof PageQuery>
        const found = await events.quarantined(after, limit + 1)
        const items = found.slice(0, limit).map(shown)
        const next = found.length > limit ? (items.at(-1)?.id ?? null) : null
        return { status: 200, body: { items, next } }
      },
    },
    {
      method: 'POST',
      path: `${PATH}/replay`,
      operationId: 'replayQuarantine',
      summary:
        'Queues events once more that were put aside; those that are not there are left out.',
      permission: 'exchange',
      body: { kind: 'json', name: 'EventsReplay', schema: ReplayBody },
      answers: { 200: { says: 'How many were queued.', body: Replayed } },
      async handle(call) {
        const { ids } = checkedBody<Static<typeof ReplayBody>>(call.body, checkReplay, [])
        const replayed = await events.replay(ids)
        const details = { replayed }
        const entry = { object: 'events/quarantine', before: null, after: null, details }
        await note(rooms, call, { verb: 'replayQuarantine', ...entry })
        return { status: 200, body: { replayed } }
      },
    },
  ]
}

function shown({ id, atMs, reason, body }: QuarantinedEvent) {
  const event = unpackEvent(body)
  const named = event ? { source: event.source, messageId: event.messageId } : {}
  return { id, at: new Date(atMs).toISOString(), reason, ...named }
}
