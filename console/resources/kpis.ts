import { refuse } from '../../audience/refusal.ts'
import { Type } from '../../audience/schema.ts'
import { CampaignBodySchema, FIGURE_NAMES, FIGURES } from '../../exchange/campaign.ts'
import { getCampaignKpis } from '../../exchange/desk/campaign-kpis.ts'
import type { KpiQuery, KpisShown } from '../../exchange/desk/kpis.ts'
import { closed, OperatorId } from '../../exchange/fields.ts'
import { ACCOUNTS_ON, KPIS, type KpiName } from '../../exchange/kpis/kpis.ts'
import { LATENCIES, LATENCY_NAMES } from '../../exchange/kpis/latency-counts.ts'
import { LIMITS } from '../../exchange/limits.ts'
import type { ApiRoute, Call } from '../api/route.ts'
import type { ImportRooms } from '../imports/import-rooms.ts'
import { LIMITS as CONSOLE_LIMITS } from '../limits.ts'
import { Denied } from '../reasons.ts'
import { IntervalShape } from './estimate.ts'
import { RateShape } from './match-rates.ts'

const Step = Type.Integer({ description: 'Counts of people are rounded down to a multiple of it.' })
const orNull = <T extends object>(schema: T) =>
  Type.Unsafe<unknown>({ anyOf: [schema, { type: 'null' }] })
const NullableId = Type.Unsafe<string | null>({ type: ['string', 'null'] })

const Figure = closed({
  ...IntervalShape.properties,
  by: Type.Enum(['trait', 'told', 'others'] as const, {
    description: 'Counted by a trait, told with the campaign, or made of other figures.',
  }),
})
const nullable = (type: 'string' | 'integer' | 'number') =>
  Type.Unsafe<unknown>({ type: [type, 'null'] })

const CampaignShape = closed({
  campaign: Type.String(),
  channel: CampaignBodySchema.properties.channel,
  from: nullable('string'),
  to: Type.String(),
  isExact: Type.Boolean({ description: 'Everybody was looked at.' }),
  figures: closed(
    Object.fromEntries(
      FIGURE_NAMES.map((name) => [
        name,
        Type.Optional(Type.Unsafe<object>({ ...Figure, description: FIGURES[name] })),
      ]),
    ),
  ),
  cost: orNull(closed({ amountMicros: Type.Integer({ minimum: 0 }), currency: Type.String() })),
  costPerBookingMicros: nullable('integer'),
  uplift: orNull(
    closed({
      reached: RateShape,
      control: RateShape,
      difference: nullable('number'),
      low: nullable('number'),
      high: nullable('number'),
    }),
  ),
})

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
        campaign: Type.Optional(Type.String()),
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
    campaign: Type.Optional(CampaignShape),
    latencies: Type.Optional(
      Type.Array(
        closed({
          kpi: Type.Enum(LATENCY_NAMES),
          count: Type.Integer({ minimum: 0 }),
          p50Ms: nullable('number'),
          p95Ms: nullable('number'),
          p99Ms: nullable('number'),
        }),
      ),
    ),
  }),
}

/** `GET /api/kpis`. */
export function kpisRoute(rooms: ImportRooms): ApiRoute {
  let underWay = 0
  return {
    method: 'GET',
    path: '/api/kpis',
    operationId: 'getKpis',
    summary:
      'KPIs, each as its numerator of its denominator; with `campaign`, those of one campaign.',
    permission: 'side',
    query: closed({
      clients: Type.Optional(OperatorId),
      offline: Type.Optional(OperatorId),
      segment: Type.Optional(OperatorId),
      source: Type.Optional(OperatorId),
      campaign: Type.Optional(OperatorId),
      days: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.kpiDaysMax })),
    }),
    answers: { 200: { says: 'Counted to this moment.', body: KpisShape } },
    async handle({ caller, query }) {
      if (underWay >= CONSOLE_LIMITS.funnelsMax)
        throw new Denied('too_many', 'other KPIs are being counted', ['retry-after', '2'])
      underWay++
      try {
        const shown = await kpisFor(rooms, caller, query as KpisAsked)
        const definitions = { ...KPIS, ...(shown.latencies ? LATENCIES : {}) }
        return { status: 200, body: { ...shown, definitions } }
      } finally {
        underWay--
      }
    },
  }
}

type KpisAsked = KpiQuery & { campaign?: string }

function kpisFor(
  { exchange, audience, usage }: ImportRooms,
  { actor }: Call['caller'],
  { campaign, ...asked }: KpisAsked,
): Promise<KpisShown> {
  if (campaign === undefined) return usage.getKpis(actor, asked)
  const others = Object.keys(asked)
  if (others.length > 0)
    throw refuse('invalid', others[0]!, 'is not asked of a campaign, which says it itself')
  return getCampaignKpis({ deskDeps: exchange.deskDeps, audience }, actor, campaign)
}
