import { checker, NAME_PATTERN, type Static, type TSchema, Type } from '../schema.ts'
import { PLAN_LIMITS } from './plan-limits.ts'

/** Catalog kind under which tracking plans are kept; a record's id is the plan's. */
export const TRACKING_PLAN_KIND = 'trackingplan'

/** What becomes of a message that is not as planned. */
export const PlanModes = {
  warn: 'It counts as any other; what is wrong with it is counted, too.',
  quarantine: 'It is put aside until the plan is mended, and does not count until then.',
  block: 'Nothing of it is kept.',
} as const
export type PlanMode = keyof typeof PlanModes
const Mode = Type.Enum(Object.keys(PlanModes) as PlanMode[])

/** Properties that begin so are asked by traits and stored nowhere, so that a replay does not have them. */
export const PRIVATE_PREFIX = 'p_'

const TYPES = ['string', 'number', 'integer', 'boolean', 'null', 'object', 'array'] as const
const Scalar = Type.Unsafe<string | number | boolean | null>({
  type: ['string', 'number', 'boolean', 'null'],
})
const PropertyName = Type.String({ pattern: '^[^\\u0000-\\u001f]{1,100}$' })
const Count = Type.Integer({ minimum: 0 })

/** What one value may be: a subset of JSON Schema 2020-12, so deep. */
function valueSchema(depth: number): TSchema {
  return Type.Object(
    {
      description: Type.Optional(Type.String({ maxLength: 1_000 })),
      type: Type.Optional(
        Type.Unsafe<string | string[]>({
          anyOf: [
            { enum: [...TYPES] },
            { type: 'array', items: { enum: [...TYPES] }, minItems: 1, uniqueItems: true },
          ],
        }),
      ),
      enum: Type.Optional(Type.Array(Scalar, { minItems: 1, maxItems: PLAN_LIMITS.enumMax })),
      minimum: Type.Optional(Type.Number()),
      maximum: Type.Optional(Type.Number()),
      minLength: Type.Optional(Count),
      maxLength: Type.Optional(Count),
      ...(depth === 0 ? {} : containers(depth - 1)),
    },
    { additionalProperties: false },
  )
}

/** What stands in lists and objects. */
function containers(depth: number) {
  return {
    ...{ minItems: Type.Optional(Count), maxItems: Type.Optional(Count) },
    items: Type.Optional(valueSchema(depth)),
    ...objectFields(depth),
  }
}

function objectFields(depth: number) {
  return {
    properties: Type.Optional(
      Type.Record(PropertyName, valueSchema(depth), { maxProperties: PLAN_LIMITS.propertiesMax }),
    ),
    required: Type.Optional(
      Type.Array(PropertyName, { maxItems: PLAN_LIMITS.propertiesMax, uniqueItems: true }),
    ),
    /** False: properties that are not named are wrong. Default: they are shown as unplanned, and no more. */
    additionalProperties: Type.Optional(Type.Boolean()),
  }
}

const PlannedEvent = Type.Object(
  {
    description: Type.Optional(Type.String({ maxLength: 1_000 })),
    /** Who answers for it. */
    team: Type.Optional(Type.String({ maxLength: 255, pattern: NAME_PATTERN })),
    /** Where it is not the plan's. */
    mode: Type.Optional(Mode),
    ...objectFields(PLAN_LIMITS.depthMax),
  },
  { additionalProperties: false },
)
export type PlannedEvent = Static<typeof PlannedEvent>

/** Body of PUT /api/trackingplans/{id}. */
export const TrackingPlanBodySchema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 255, pattern: NAME_PATTERN }),
    /** Partner id: whose sources it is for. Fixed when it is made. */
    owner: Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' }),
    /** The sources it is for. Absent: all of its owner's that no other plan names. */
    sources: Type.Optional(
      Type.Array(Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' }), {
        ...{ minItems: 1, maxItems: PLAN_LIMITS.sourcesMax, uniqueItems: true },
      }),
    ),
    mode: Mode,
    /** What becomes of a track message whose event is not in the plan. Default `allow`. */
    unplannedEvents: Type.Optional(
      Type.Enum(['allow', ...(Object.keys(PlanModes) as PlanMode[])] as const),
    ),
    /** By the event's name; `$page`, `$screen`, `$identify` and `$group` stand for messages of these types. */
    events: Type.Record(Type.String({ pattern: '^[^\\u0000-\\u001f]{1,200}$' }), PlannedEvent, {
      maxProperties: PLAN_LIMITS.eventsMax,
    }),
  },
  { additionalProperties: false },
)
export type TrackingPlanBody = Static<typeof TrackingPlanBodySchema>

/** A plan as kept in the catalog: `version` counts its changes from 1. */
export type TrackingPlan = TrackingPlanBody & { version: number }

/** Names every field at fault of what should be a body of PUT /api/trackingplans/{id}. */
export const checkTrackingPlan = checker(TrackingPlanBodySchema)
