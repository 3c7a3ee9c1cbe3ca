import { Type } from '../../audience/schema.ts'
import type { KpiQuery } from '../../exchange/desk/kpis.ts'
import type { UsageDesk } from '../../exchange/desk/open-usage-desk.ts'
import { closed, OperatorId } from '../../exchange/fields.ts'
import { ACCOUNTS_ON, KPIS, type KpiName } from '../../exchange/kpis/kpis.ts'
import { LIMITS } from '../../exchange/limits.ts'
import type { ApiRoute } from '../api/route.ts'
import { RateShape } from './match-rates.ts'

const Step = Type.Integer({ description: 'Counts of people are rounded down to a multiple of it.' })
const NullableId = Type.Unsafe<string | null>({ type: ['string', 'null'] })

const KpisShape = {
  name: 'Kpis',
  schema: closed({
    asOf: Type.String({ description: 'All that was written by then is counted.' }),
    from: Type.String({ description: 'First UTC day of the period.' }),
    to: Type.String({ description: 'Its last.' }),
    step: Step,
    definitions: Type.Record(Type.String(), Type.String()),
    items: Type.Array(
      closed({
        kpi: Type.Enum(Object.keys(KPIS) as KpiName[]),
        segment: Type.Unsafe<string | null>({ ...NullableId, description: 'Null: of no segment.' }),
        partner: Type.Optional(Type.String()),
        source: Type.Optional(Type.String()),
        on: Type.Optional(Type.Enum([...ACCOUNTS_ON])),
        ...RateShape.properties,
        band: Type.Optional(
          closed({
            from: Type.Number(),
            to: Type.Number(),
            isWithin: Type.Unsafe<boolean | null>({ type: ['boolean', 'null'] }),
          }),
        ),
      }),
    ),
  }),
}

/** `GET /api/kpis`. */
export function kpisRoute({ usage }: { usage: UsageDesk }): ApiRoute {
  return {
    method: 'GET',
    path: '/api/kpis',
    operationId: 'getKpis',
    summary: 'KPIs, each as its numerator of its denominator.',
    permission: 'side',
    query: closed({
      clients: Type.Optional(OperatorId),
      offline: Type.Optional(OperatorId),
      segment: Type.Optional(OperatorId),
      source: Type.Optional(OperatorId),
      days: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.kpiDaysMax })),
    }),
    answers: { 200: { says: 'Counted to this moment.', body: KpisShape } },
    async handle({ caller, query }) {
      const shown = await usage.getKpis(caller.actor, query as KpiQuery)
      return { status: 200, body: { ...shown, definitions: KPIS } }
    },
  }
}
