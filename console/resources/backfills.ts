import type { Backfill, BackfillShown } from '../../audience/events/backfill.ts'
import { refuse } from '../../audience/refusal.ts'
import { Type } from '../../audience/schema.ts'
import { ownSegment } from '../../exchange/desk/own-segment.ts'
import { closed } from '../../exchange/fields.ts'
import type { ApiRoute, Call } from '../api/route.ts'
import { type AuditedRooms, note } from './audited.ts'

export interface BackfillRooms {
  backfill: Pick<Backfill, 'show' | 'pause' | 'resume'>
}

const States = {
  queued: 'Its turn comes when those before it have come so far.',
  running: 'People are being asked.',
  paused: 'It goes on when it is told to. Events are counted meanwhile, and felt.',
  done: 'Everybody was asked.',
  failed: 'It stopped where it is, for the reason given; resume tries again.',
} as const

const Count = Type.Integer({ minimum: 0 })

const Shown = {
  name: 'Backfill',
  schema: closed({
    segment: Type.String(),
    state: Type.Enum(Object.keys(States) as (keyof typeof States)[]),
    says: Type.String(),
    reason: Type.Optional(Type.String()),
    asked: Type.Integer({ minimum: 0, description: 'People asked so far …' }),
    total: Type.Unsafe<number | null>({
      type: ['integer', 'null'],
      description: '… of about so many; null until some were.',
    }),
    matched: Type.Integer({ minimum: 0, description: 'Of those asked, people in the segment.' }),
    share: Type.Number({ minimum: 0, maximum: 1, description: 'Of everybody, that was asked.' }),
    startedAt: Type.String(),
    endedAt: Type.Optional(Type.String()),
    secondsLeft: Type.Unsafe<number | null>({
      ...Count,
      type: ['integer', 'null'],
      description: 'Estimated; null where it is not under way.',
    }),
  }),
}

const PATH = '/api/segments/{id}/backfill'

/** `/api/segments/{id}/backfill`: how far a segment's filling by its rule is; it can be paused and resumed. */
export function backfillRoutes(rooms: AuditedRooms & BackfillRooms): ApiRoute[] {
  return [showRoute(rooms), turnRoute(rooms, 'pause'), turnRoute(rooms, 'resume')]
}

function showRoute(rooms: AuditedRooms & BackfillRooms): ApiRoute {
  return {
    method: 'GET',
    path: PATH,
    operationId: 'getBackfill',
    summary: 'How far the filling of a segment is, since its rule was written or changed.',
    permission: 'side',
    answers: { 200: { says: 'As of now.', body: Shown } },
    async handle({ caller, params }) {
      const id = params['id']!
      const { number } = ownSegment(rooms.exchange.deskDeps, caller.actor, { id })
      return { status: 200, body: await shown(rooms, id, number) }
    },
  }
}

function turnRoute(rooms: AuditedRooms & BackfillRooms, verb: 'pause' | 'resume'): ApiRoute {
  const says = { pause: 'Paused.', resume: 'It goes on where it was.' }
  const summaries = {
    pause: 'Stops the filling of a segment, over restarts too. Events go on to be counted.',
    resume: 'Goes on with the filling of a segment that was paused or failed.',
  }
  const operationId = `${verb}Backfill`
  return {
    method: 'POST',
    path: `${PATH}/${verb}`,
    operationId,
    summary: summaries[verb],
    permission: 'side',
    answers: { 200: { says: says[verb], body: Shown } },
    async handle(call) {
      const { id, number } = written(rooms, call)
      const isDone = await rooms.backfill[verb](number)
      const after = await shown(rooms, id, number)
      if (!isDone) throw refuse('conflict', '', `it is ${after.state}: there is nothing to ${verb}`)
      const object = `segment/${id}`
      await note(rooms, call, { verb: operationId, object, before: null, after: null })
      return { status: 200, body: after }
    },
  }
}

function written({ exchange }: AuditedRooms, { caller, params }: Call) {
  const id = params['id']!
  const { number } = ownSegment(exchange.deskDeps, caller.actor, { id, isWritten: true })
  return { id, number }
}

async function shown({ backfill }: BackfillRooms, segment: string, number: number) {
  const found = await backfill.show(number)
  if (!found) throw refuse('not_found', '', `${segment} has no rule that would fill it`)
  return { segment, ...told(found) }
}

function told({ startedAtMs, endedAtMs, leftMs, ...rest }: BackfillShown) {
  const { state } = rest
  return {
    ...rest,
    says: States[state],
    startedAt: new Date(startedAtMs).toISOString(),
    ...(endedAtMs === undefined ? {} : { endedAt: new Date(endedAtMs).toISOString() }),
    secondsLeft: leftMs === null ? null : Math.ceil(leftMs / 1_000),
  }
}
