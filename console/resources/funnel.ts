import { LIMITS as RULE_LIMITS } from '../../audience/rules/limits.ts'
import { Type } from '../../audience/schema.ts'
import { type FunnelQuery, getFunnel } from '../../exchange/desk/funnel.ts'
import { closed } from '../../exchange/fields.ts'
import type { ApiRoute } from '../api/route.ts'
import type { ImportRooms } from '../imports/import-rooms.ts'
import { LIMITS } from '../limits.ts'
import { Denied } from '../reasons.ts'
import { IntervalShape } from './estimate.ts'
import { RateShape } from './match-rates.ts'

const STEPS_MAX = 10
const ID = '[a-z0-9][a-z0-9_-]{0,62}'

const Shown = {
  name: 'Funnel',
  schema: closed({
    asOf: Type.String(),
    owner: Type.String(),
    from: Type.String({ description: 'First day of the period, in the owner’s time zone.' }),
    to: Type.String({ description: 'Its last.' }),
    within: Type.Unsafe<string | null>({ type: ['string', 'null'] }),
    isExact: Type.Boolean({ description: 'Everybody was looked at.' }),
    step: Type.Integer({ description: 'Counts are rounded down to a multiple of it.' }),
    base: IntervalShape,
    steps: Type.Array(
      closed({
        trait: Type.String(),
        people: IntervalShape,
        ofFirst: RateShape,
        ofBefore: Type.Unsafe<unknown>({ anyOf: [RateShape, { type: 'null' }] }),
      }),
    ),
  }),
}

/** `GET /api/funnels`: how many people came how far on a way of traits. */
export function funnelRoute({ exchange, audience }: ImportRooms): ApiRoute {
  let underWay = 0
  return {
    method: 'GET',
    path: '/api/funnels',
    operationId: 'getFunnel',
    summary:
      'How many people showed traits of one owner one after the other, each within a time of the one before.',
    permission: 'side',
    query: closed({
      steps: Type.String({
        description: `2 to ${STEPS_MAX} traits, comma between.`,
        pattern: `^${ID}(,${ID}){1,${STEPS_MAX - 1}}$`,
      }),
      within: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,5}[DHM]$' })),
      days: Type.Optional(Type.Integer({ minimum: 1, maximum: RULE_LIMITS.daysMax })),
    }),
    answers: { 200: { says: 'Within some seconds, however many people there are.', body: Shown } },
    async handle({ caller, query }) {
      if (underWay >= LIMITS.funnelsMax)
        throw new Denied('too_many', 'other funnels are being counted', ['retry-after', '2'])
      underWay++
      try {
        const { steps, ...rest } = query as unknown as { steps: string } & FunnelQuery
        const asked = { ...rest, steps: steps.split(',') }
        const deps = { deskDeps: exchange.deskDeps, audience }
        return { status: 200, body: await getFunnel(deps, caller.actor, asked) }
      } finally {
        underWay--
      }
    },
  }
}
