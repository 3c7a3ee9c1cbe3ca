import { PROVENANCE_NAMES } from '../../audience/provenance.ts'
import { Type } from '../../audience/schema.ts'
import type { UsageDesk } from '../../exchange/desk/open-usage-desk.ts'
import type { ReachQuery } from '../../exchange/desk/reach.ts'
import { closed } from '../../exchange/fields.ts'
import type { ApiRoute } from '../api/route.ts'
import { RateShape } from './match-rates.ts'

const LISTS = ['segments', 'any', 'all', 'none', 'partner'] as const

const Ids = Type.Optional(
  Type.String({
    description: 'Ids, comma between.',
    maxLength: 2_048,
    pattern: '^[a-z0-9][a-z0-9_-]{0,62}(,[a-z0-9][a-z0-9_-]{0,62})*$',
  }),
)

const Count = Type.Integer({ minimum: 0 })
const Step = Type.Integer({ description: 'Counts are rounded down to a multiple of it.' })
const Moment = Type.String({ description: 'All that was written by then is counted.' })
const orNull = <T extends object>(schema: T) =>
  Type.Unsafe<unknown>({ anyOf: [schema, { type: 'null' }] })
const Days = closed({ from: Type.String(), to: Type.String() })
const NullableId = Type.Unsafe<string | null>({ type: ['string', 'null'] })

const ReachShape = {
  name: 'Reach',
  schema: closed({
    asOf: Moment,
    step: Step,
    segments: Type.Array(
      closed({ segment: Type.String(), people: Count, provenance: Type.Enum(PROVENANCE_NAMES) }),
    ),
    overlaps: Type.Array(
      closed({
        segments: Type.Array(Type.String()),
        people: Count,
        ofFirst: RateShape,
        ofSecond: RateShape,
      }),
    ),
    audience: Type.Unsafe<number | null>({ type: ['integer', 'null'] }),
    couples: Type.Array(
      closed({
        segment: Type.Unsafe<string | null>({ ...NullableId, description: 'Null: the audience.' }),
        partner: Type.String(),
        total: Count,
        synced: RateShape,
        delivered: RateShape,
        seen: RateShape,
        won: Type.Unsafe<number | null>({
          type: ['integer', 'null'],
          description: 'Impressions, not people.',
        }),
      }),
    ),
    won: orNull(Days),
  }),
}

/** `GET /api/reach`. */
export function reachRoute({ usage }: { usage: UsageDesk }): ApiRoute {
  return {
    method: 'GET',
    path: '/api/reach',
    operationId: 'getReach',
    summary:
      'How many people are in segments, in two of them, in an audience, and how far they reach partners.',
    permission: 'side',
    query: closed(Object.fromEntries(LISTS.map((list) => [list, Ids]))),
    answers: { 200: { says: 'Counted to this moment.', body: ReachShape } },
    async handle({ caller, query }) {
      const lists = LISTS.flatMap((list) =>
        query[list] === undefined ? [] : [[list, [...new Set(String(query[list]).split(','))]]],
      )
      const asked = Object.fromEntries(lists) as ReachQuery
      return { status: 200, body: await usage.getReach(caller.actor, asked) }
    },
  }
}
