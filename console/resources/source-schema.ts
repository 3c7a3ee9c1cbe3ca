import { type CompiledPlan, planFor } from '../../audience/events/compiled-plan.ts'
import { readSighting } from '../../audience/events/source-sightings.ts'
import { PlanModes } from '../../audience/events/tracking-plan.ts'
import { Type } from '../../audience/schema.ts'
import { LIMITS } from '../../audience/store/limits.ts'
import type { Sighting } from '../../audience/store/plan-stores.ts'
import { closed } from '../../exchange/fields.ts'
import type { ApiRoute } from '../api/route.ts'
import type { ImportRooms } from '../imports/import-rooms.ts'
import { sourceShelf } from './source-shelf.ts'

const Seen = {
  count: Type.Integer(),
  firstSeen: Type.String(),
  lastSeen: Type.String(),
}
const Planned = Type.Boolean({ description: 'Whether the plan of now has it.' })

const SourceSchema = {
  name: 'SourceSchema',
  schema: closed({
    plan: Type.Unsafe<object | null>({
      anyOf: [closed({ id: Type.String(), version: Type.Integer() }), { type: 'null' }],
    }),
    isFull: Type.Boolean({
      description: `As many names as are kept (${LIMITS.sightingsMax}): further ones are not shown.`,
    }),
    events: Type.Array(
      closed({
        event: Type.String({ description: '`$page`, `$identify` … stand for messages of a type.' }),
        planned: Planned,
        ...Seen,
        outcomes: Type.Record(Type.String(), Type.Integer(), {
          description: `Messages that were not as planned, by what became of them: ${Object.keys(PlanModes).join(', ')}.`,
        }),
        properties: Type.Array(
          closed({
            property: Type.String({ description: 'Path; lists are looked through.' }),
            planned: Planned,
            types: Type.Record(Type.String(), Type.Integer()),
            ...Seen,
          }),
        ),
        problems: Type.Array(closed({ field: Type.String(), reason: Type.String(), ...Seen })),
      }),
    ),
  }),
}

/** `GET /api/sources/{id}/schema`: what a source's messages were seen to hold. */
export function sourceSchemaRoute({ exchange, audience }: ImportRooms): ApiRoute {
  return {
    method: 'GET',
    path: '/api/sources/{id}/schema',
    operationId: 'getSourceSchema',
    summary:
      'Which events and properties a source’s messages hold, of which types, and whether they are planned: names and counts, never values.',
    permission: 'side',
    answers: { 200: { says: 'What was seen in 90 days.', body: SourceSchema } },
    async handle({ caller, params }) {
      const id = params['id']!
      const { shelf, owner } = sourceShelf(exchange, caller, id)
      const plan = planFor(exchange.deskDeps.feed.current()!, { id, owner })
      const seen = await audience.store.sightings.of(shelf)
      return {
        status: 200,
        body: {
          plan: plan ? { id: plan.id, version: plan.version } : null,
          isFull: seen.length >= LIMITS.sightingsMax,
          events: eventsOf(seen, plan),
        },
      }
    },
  }
}

interface Spans {
  count: number
  firstMs: number
  lastMs: number
}

interface EventSeen extends Spans {
  outcomes: Record<string, number>
  properties: Map<string, Spans & { types: Record<string, number> }>
  problems: (Spans & { field: string; reason: string })[]
}

function eventsOf(seen: readonly Sighting[], plan: CompiledPlan | undefined) {
  const events = new Map<string, EventSeen>()
  for (const one of seen) note(events, one)
  return inOrder(events).map(([event, { outcomes, properties, problems, ...spans }]) => ({
    event,
    planned: plan?.plans(event, '') ?? false,
    ...shown(spans),
    outcomes,
    properties: inOrder(properties).map(([property, { types, ...own }]) => ({
      property,
      planned: plan?.plans(event, property) ?? false,
      types,
      ...shown(own),
    })),
    problems: problems.map(({ field, reason, ...own }) => ({ field, reason, ...shown(own) })),
  }))
}

function note(events: Map<string, EventSeen>, sighting: Sighting): void {
  const what = readSighting(sighting)
  if (what === undefined) return
  const { count, firstMs, lastMs } = sighting
  const spans = { count, firstMs, lastMs }
  const event: EventSeen = events.get(what.event) ?? {
    ...{ count: 0, firstMs, lastMs },
    ...{ outcomes: {}, properties: new Map(), problems: [] },
  }
  events.set(what.event, event)
  const [kind, rest] = [what.what[0], what.what.slice(1)]
  if (kind === '!') event.problems.push({ field: what.property, reason: rest, ...spans })
  else if (kind === '>') event.outcomes[rest] = count
  else if (kind === undefined) Object.assign(event, spans)
  else {
    const before = event.properties.get(what.property)
    const types = { ...before?.types, [what.what]: count }
    event.properties.set(what.property, { ...(before ? joined(before, spans) : spans), types })
  }
}

function joined(a: Spans, b: Spans): Spans {
  const { count, firstMs, lastMs } = a
  return {
    count: count + b.count,
    firstMs: Math.min(firstMs, b.firstMs),
    lastMs: Math.max(lastMs, b.lastMs),
  }
}

function shown({ count, firstMs, lastMs }: Spans) {
  const [firstSeen, lastSeen] = [firstMs, lastMs].map((ms) => new Date(ms).toISOString())
  return { count, firstSeen, lastSeen }
}

function inOrder<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}
