import {
  FeatureLeftOut,
  LookalikeRefusals,
  LookalikeWarnings,
} from '../../audience/lookalike/reasons.ts'
import { PROVENANCE_NAMES } from '../../audience/provenance.ts'
import { checker, Type } from '../../audience/schema.ts'
import type { UsageDesk } from '../../exchange/desk/open-usage-desk.ts'
import { checkedBody } from '../../exchange/desk/write-record.ts'
import { closed } from '../../exchange/fields.ts'
import type { ApiRoute } from '../api/route.ts'
import { type AuditedRooms, note } from './audited.ts'

const PATH = '/api/segments/{id}/lookalike'

const Empty = closed({})
const checkEmpty = checker(Empty)

const Count = Type.Integer({ minimum: 0 })
const orNull = <T extends object>(schema: T) =>
  Type.Unsafe<unknown>({ anyOf: [schema, { type: 'null' }] })
const words = <T extends object>(of: T) => Type.Enum(Object.keys(of) as (keyof T & string)[])

const Definition = closed({
  seed: Type.String(),
  people: Count,
  leastAuc: Type.Optional(Type.Number()),
  refreshDays: Type.Optional(Type.Integer()),
  randomSeed: Type.Optional(Type.Integer()),
})

const Model = closed({
  at: Type.String(),
  definition: Definition,
  refusal: Type.Optional(words(LookalikeRefusals)),
  warnings: Type.Array(words(LookalikeWarnings)),
  seedPeople: Count,
  otherPeople: Count,
  auc: orNull(
    closed({
      auc: Type.Number({ description: 'Of people who did not learn.' }),
      low: Type.Number({ description: 'Between this …' }),
      high: Type.Number({ description: '… and this it lies with 95 % confidence (DeLong).' }),
      positives: Count,
      negatives: Count,
    }),
  ),
  features: Type.Array(
    closed({
      kind: Type.Enum(['segment', 'trait']),
      id: Type.String(),
      weight: Type.Number({ description: 'Natural logarithm of the lift, shrunk and cut off.' }),
      ...{ inSeed: Count, ofSeed: Count, inRest: Count, ofRest: Count },
    }),
  ),
  curve: Type.Array(
    closed({
      people: Count,
      similarity: Type.Number(),
      seedFound: Count,
      seedHeldOut: Count,
    }),
  ),
  leftOut: Type.Partial(
    closed(Object.fromEntries(Object.keys(FeatureLeftOut).map((why) => [why, Count]))),
  ),
  people: Count,
  ids: Count,
})

const Shape = {
  name: 'Lookalike',
  schema: closed({
    segment: Type.String(),
    definition: Definition,
    provenance: Type.Enum(PROVENANCE_NAMES),
    isDormant: Type.Boolean({
      description: 'It is made of what is not licensed now: nobody is given it.',
    }),
    job: orNull(
      closed({
        stage: Type.Enum(['waiting', 'gathering', 'learning', 'writing', 'failed']),
        share: Type.Number({ description: 'Of the work: 0 to 1.' }),
        startedAt: Type.String(),
        reason: Type.Optional(Type.String()),
      }),
    ),
    step: Type.Integer({ description: 'Counts are rounded down to a multiple of it.' }),
    model: orNull(Model),
  }),
}

/** `/api/segments/{id}/lookalike`: how a look-alike came out, and making it anew. */
export function lookalikeRoutes(rooms: AuditedRooms & { usage: UsageDesk }): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: PATH,
      operationId: 'getLookalike',
      summary:
        'The last model of a look-alike segment: hold-out AUC, what it is made of, the curve of how many against how similar; and what is under way.',
      permission: 'side',
      answers: { 200: { says: 'As it is now.', body: Shape } },
      handle: ({ caller, params }) => ({
        status: 200,
        body: rooms.usage.getLookalike(caller.actor, params['id']!),
      }),
    },
    {
      method: 'POST',
      path: PATH,
      operationId: 'runLookalike',
      summary: 'Has the model made anew, as soon as those before it are; GET tells how far it is.',
      permission: 'side',
      body: { kind: 'json', isOptional: true, name: 'Nothing', schema: Empty },
      answers: { 202: { says: 'It waits for its turn.', body: Shape } },
      async handle(call) {
        checkedBody(call.body ?? {}, checkEmpty, [])
        const id = call.params['id']!
        const body = rooms.usage.runLookalike(call.caller.actor, id)
        const entry = { object: `segment/${id}`, before: null, after: null }
        await note(rooms, call, { verb: 'runLookalike', ...entry })
        return { status: 202, body }
      },
    },
  ]
}
