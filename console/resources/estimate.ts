import { Type } from '../../audience/schema.ts'
import { EstimateBody, estimateSegment } from '../../exchange/desk/estimate-segment.ts'
import { closed } from '../../exchange/fields.ts'
import type { ApiRoute } from '../api/route.ts'
import type { ImportRooms } from '../imports/import-rooms.ts'
import { LIMITS } from '../limits.ts'
import { Denied } from '../reasons.ts'
import { RateShape } from './match-rates.ts'

const Count = Type.Integer({ minimum: 0 })
/** A count, and between what the true one lies. */
export const IntervalShape = closed({
  count: Count,
  low: Type.Integer({ minimum: 0, description: 'Between this …' }),
  high: Type.Integer({
    minimum: 0,
    description: '… and this lies the true count with 95 % confidence (Wilson).',
  }),
})

const Shown = {
  name: 'Estimate',
  schema: closed({
    asOf: Type.String(),
    owner: Type.String(),
    rule: Type.String({ description: 'As it was understood.' }),
    isExact: Type.Boolean({ description: 'Everybody was looked at.' }),
    step: Type.Integer({ description: 'Counts are rounded down to a multiple of it.' }),
    people: IntervalShape,
    base: IntervalShape,
    share: RateShape,
  }),
}

/** `POST /api/segments/estimate`: how many people a rule would hold for now; of a draft, too. */
export function estimateRoute({ exchange, audience }: ImportRooms): ApiRoute {
  let underWay = 0
  return {
    method: 'POST',
    path: '/api/segments/estimate',
    operationId: 'estimateSegment',
    summary:
      'How many people a rule would hold for, from a uniform sample of people; `base`: of whom its owner has collected anything. Nothing is written.',
    permission: 'side',
    isQuestion: true,
    body: { kind: 'json', name: 'EstimateQuestion', schema: EstimateBody },
    answers: { 200: { says: 'Within two seconds, however many people there are.', body: Shown } },
    async handle({ caller, body }) {
      if (underWay >= LIMITS.estimatesMax)
        throw new Denied('too_many', 'other estimates are under way', ['retry-after', '1'])
      underWay++
      try {
        const deps = { deskDeps: exchange.deskDeps, audience }
        return { status: 200, body: await estimateSegment(deps, caller.actor, body) }
      } finally {
        underWay--
      }
    },
  }
}
