import { Type } from '../../audience/schema.ts'
import type { UsageDesk } from '../../exchange/desk/open-usage-desk.ts'
import { closed } from '../../exchange/fields.ts'
import {
  COMPONENT_NAMES,
  COMPONENTS,
  type ComponentName,
} from '../../exchange/quality/components.ts'
import type { ApiRoute } from '../api/route.ts'
import { RateShape } from './match-rates.ts'
import { PageQuery, pageOf } from './shapes.ts'
import { Day } from './usage.ts'

const Days = { from: Type.Optional(Day), to: Type.Optional(Day) }

const Weight = Type.Integer({ minimum: 0, description: 'What it counts for in the score.' })

const Shape = {
  name: 'SourceQuality',
  schema: closed({
    source: Type.String(),
    owner: Type.String(),
    from: Type.String({ description: 'The first day counted, UTC.' }),
    to: Type.String({ description: 'The last.' }),
    lastOn: Type.Unsafe<string | null>({
      type: ['string', 'null'],
      description: 'The last day with a valid message.',
    }),
    score: Type.Unsafe<number | null>({
      type: ['number', 'null'],
      description:
        '0 to 100: the mean of the components that have a denominator, by their weights.',
    }),
    components: closed(
      Object.fromEntries(
        COMPONENT_NAMES.map((name) => [
          name,
          Type.Unsafe<object>({
            ...closed({ ...RateShape.properties, weight: Weight }),
            description: COMPONENTS[name].says,
          }),
        ]),
      ) as Record<ComponentName, ReturnType<typeof Type.Unsafe<object>>>,
    ),
  }),
}

/** `GET /api/sources/{id}/quality`, `GET /api/quality`. */
export function qualityRoutes({ usage }: { usage: UsageDesk }): ApiRoute[] {
  return [
    {
      method: 'GET',
      path: '/api/quality',
      operationId: 'listSourceQuality',
      summary: 'Data quality scores of a page of sources, in the order of their ids.',
      permission: 'side',
      query: closed({ ...PageQuery.properties, ...Days }),
      answers: { 200: { says: 'A page.', body: pageOf(Shape) } },
      async handle({ caller, query }) {
        return { status: 200, body: await usage.listQuality(caller.actor, query) }
      },
    },
    {
      method: 'GET',
      path: '/api/sources/{id}/quality',
      operationId: 'getSourceQuality',
      summary:
        'How good what comes from a source is: a score with its components, each as its numerator of its denominator.',
      permission: 'side',
      query: closed(Days),
      answers: { 200: { says: 'The score.', body: Shape } },
      async handle({ caller, params, query }) {
        const asked = { id: params['id']!, ...query }
        return { status: 200, body: await usage.getQuality(caller.actor, asked) }
      },
    },
  ]
}
