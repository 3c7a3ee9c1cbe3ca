import { PROVENANCE_NAMES } from '../provenance.ts'
import { LIMITS as RULE_LIMITS } from '../rules/limits.ts'
import { checker, NAME_PATTERN, type Static, Type } from '../schema.ts'

/** Catalog kind under which traits are kept; a record's id is the trait's. */
export const TRAIT_KIND = 'trait'

/** An expression as it is sent: its text, or the tree itself. Read by `rules/read-expression.ts`. */
export const RuleText = Type.Unsafe<string | object>({
  anyOf: [{ type: 'string', minLength: 1 }, { type: 'object' }],
})

const fields = {
  name: Type.String({ minLength: 1, maxLength: 255, pattern: NAME_PATTERN }),
  /** Partner id: it sees the events of this tenant's sources, and no other. Fixed when it is made. */
  owner: Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' }),
  /** Asked of each event, e.g. `event == "Products Searched" AND properties.category == "auto"`. */
  when: RuleText,
  /** The one source whose events it sees; absent: all of the owner's that are as strong as its provenance, and of no third party. */
  source: Type.Optional(Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' })),
  /** How the owner came by it; default that of its source, else first_party. */
  provenance: Type.Optional(Type.Enum(PROVENANCE_NAMES)),
  /** Days of the owner's calendar for which an event that showed it counts, beside the day itself. */
  ttlDays: Type.Integer({ minimum: 1, maximum: RULE_LIMITS.daysMax }),
}

/** Body of PUT /api/traits/{id}. */
export const TraitBodySchema = Type.Object(fields, { additionalProperties: false })
export type TraitBody = Static<typeof TraitBodySchema>

/** A trait as kept in the catalog: `number` names it in histories, and is never given twice. */
export type Trait = TraitBody & { number: number }

/** Names every field at fault of what should be a body of PUT /api/traits/{id}. */
export const checkTraitBody = checker(TraitBodySchema)
