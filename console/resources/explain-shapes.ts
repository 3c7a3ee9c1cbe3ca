import { KeptOutReasons, TurnReasons } from '../../audience/events/explain-membership.ts'
import { type TSchema, Type } from '../../audience/schema.ts'
import { closed } from '../../exchange/fields.ts'
import { ReportShape } from './people.ts'

const Moment = Type.String({ description: 'UTC.' })
const orNull = (schema: TSchema, description?: string) =>
  Type.Unsafe<unknown>({
    anyOf: [schema, { type: 'null' }],
    ...(description === undefined ? {} : { description }),
  })
const Place = Type.Integer({ minimum: 0 })
const { suppressed, ids, edges } = ReportShape.properties

const Message = closed({ source: Type.String(), messageId: Type.String() })
const Shown = closed({
  trait: Type.String(),
  at: Moment,
  count: Type.Integer(),
  messages: Type.Optional(
    Type.Array(Message, { description: 'Which events that were, as long as it is remembered.' }),
  ),
})

const Tree = Type.Object(
  {
    rule: Type.String({ description: 'The part as text.' }),
    holds: Type.Boolean(),
    is: Type.Enum(['and', 'or', 'not', 'condition']),
    parts: Type.Optional(Type.Array(Type.Object({}), { description: 'Each like this.' })),
    value: Type.Optional(
      Type.Number({ description: 'Events counted, steps of a sequence reached, or the score.' }),
    ),
    window: Type.Optional(closed({ from: orNull(Moment, 'Null: the beginning.'), to: Moment })),
    moments: Type.Optional(
      Type.Array(Shown, {
        description: 'Those that are counted; the latest where there are many.',
      }),
    ),
    earlier: Type.Optional(Type.Integer({ description: 'Moments before those.' })),
    since: Type.Optional(Type.String({ description: 'When the person came into that segment.' })),
    changesAt: Type.Optional(
      Type.String({ description: 'First moment at which time alone may change it.' }),
    ),
  },
  { additionalProperties: false },
)

export const PersonExplainedShape = {
  name: 'PersonExplained',
  schema: closed({
    at: Moment,
    segment: closed({
      ...{ id: Type.String(), owner: Type.String(), provenance: Type.String() },
      isDormant: Type.Boolean({
        description: 'It is made of what is not licensed now: nobody is given it.',
      }),
      ttlDays: Type.Integer(),
    }),
    suppressed,
    isMember: Type.Boolean({ description: 'A membership stands at an id of the person.' }),
    ids,
    edges,
    memberships: Type.Array(
      closed({
        by: Type.Enum(['rule', 'import']),
        since: orNull(Moment, 'Of a rule: when the person came in.'),
        until: Type.String({ description: 'First UTC day on which it no longer holds.' }),
        at: orNull(Place, 'Place in `ids`.'),
        over: orNull(Type.Array(Place), 'Places in `edges` from the id asked for.'),
      }),
    ),
    byRule: orNull(
      closed({
        isIn: Type.Boolean(),
        ids: Type.Integer({ description: 'Ids of the person that events were counted at.' }),
        tree: Tree,
        keptOutBy: orNull(
          Type.Enum(Object.keys(KeptOutReasons)),
          'Why the person is not in it although the rule holds.',
        ),
        until: orNull(Type.String(), 'The latest day, whatever the rule says.'),
        turnsAt: orNull(Moment, 'When it is otherwise, with nothing new happening.'),
        turnsBy: orNull(Type.Enum(Object.keys(TurnReasons))),
        turning: Type.Array(Type.String(), { description: 'Conditions that turn then.' }),
        matchesUntil: orNull(Type.String(), 'First day on which a match of the person is over.'),
      }),
      'Null: the segment has no rule.',
    ),
    imported: closed({
      lastOn: orNull(Type.String(), 'Last UTC day on which people were imported into it.'),
      namespaces: Type.Record(Type.String(), Type.String()),
      basis: orNull(Type.String(), 'The evidence of consent the segment rests on.'),
    }),
    contracts: Type.Array(
      closed({
        contract: Type.String(),
        buyer: Type.String(),
        uses: Type.Array(Type.String()),
        regions: Type.Array(Type.String()),
        until: Type.String(),
        dormant: Type.Array(closed({ reason: Type.String(), says: Type.String() })),
      }),
    ),
    backfill: orNull(closed({ state: Type.String(), share: Type.Number() })),
    bid: orNull(
      closed({
        isGiven: orNull(Type.Boolean()),
        reason: Type.String({ description: 'Why not, in the bid path’s words.' }),
        says: Type.String(),
        contract: orNull(Type.String()),
        gdpr: orNull(Type.Boolean()),
        named: Type.Array(closed({ source: Type.String(), uid: Type.String() })),
      }),
      'Null: no partner was named.',
    ),
  }),
}
