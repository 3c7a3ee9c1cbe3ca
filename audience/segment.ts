import { RuleText } from './events/trait.ts'
import { LabelDeclaration } from './label-declaration.ts'
import { LIMITS } from './limits.ts'
import { LOOKALIKE_LIMITS } from './lookalike/limits.ts'
import { PROVENANCE_NAMES } from './provenance.ts'
import { checker, NAME_PATTERN, type Static, Type } from './schema.ts'

/** Catalog kind under which segments are kept; a record's id is the segment's. */
export const SEGMENT_KIND = 'segment'

/** People like those of a seed: see lookalike/train-lookalike.ts and docs/endpoints/lookalikes.md. */
const LookalikeDefinition = Type.Object(
  {
    /** Segment of the same owner, whose people are looked for the like of. */
    seed: Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' }),
    /** How many people at most: the most similar ones. */
    people: Type.Integer({ minimum: 1, maximum: LOOKALIKE_LIMITS.idsMax }),
    /** Hold-out AUC below which nobody is taken. Default LOOKALIKE_LIMITS.leastAucDefault. */
    leastAuc: Type.Optional(Type.Number({ minimum: 0.5, maximum: 1 })),
    /** Days after which the model is made anew. Default LOOKALIKE_LIMITS.refreshDaysDefault. */
    refreshDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 365 })),
    /** Decides who is held out: the same people, features and number make the same model. Default 1. */
    randomSeed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 })),
  },
  { additionalProperties: false },
)
export type LookalikeDefinition = Static<typeof LookalikeDefinition>

const fields = {
  name: Type.String({ minLength: 1, maxLength: 255, pattern: NAME_PATTERN }),
  /** Partner id: the tenant the segment belongs to. */
  owner: Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' }),
  /** How the owner says it came by it; what it is made of may be weaker (exchange/provenance). */
  provenance: Type.Enum(PROVENANCE_NAMES),
  /** Node of a taxonomy the segment stands for (AdCOM list "Category Taxonomies"; `segtax` ≥ 500 is private). */
  taxonomy: Type.Optional(
    Type.Object(
      {
        segtax: Type.Integer({ minimum: 1, maximum: LIMITS.numberMax }),
        id: Type.String({ minLength: 1, maxLength: 128 }),
      },
      { additionalProperties: false },
    ),
  ),
  /** How long a membership holds that does not say so itself. */
  ttlDays: Type.Integer({ minimum: 1, maximum: LIMITS.ttlDaysMax }),
  /** Says something about the person that law protects specially (GDPR art. 9). */
  sensitive: Type.Optional(Type.Boolean()),
  /**
   * Names the evidence of consent the segment rests on, as `?basis=` of an import does; explicit consent
   * where the segment is sensitive (GDPR art. 9(2)(a)).
   */
  basis: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
  /** Who is in it, asked of what the owner's traits have shown (rules/expression.ts); besides those imported. */
  rule: Type.Optional(RuleText),
  /** Whom it holds: people like those of another segment of the owner's; instead of a rule. */
  lookalike: Type.Optional(LookalikeDefinition),
  /** What the owner says of it for its data label, where the rest is not known here. */
  label: Type.Optional(LabelDeclaration),
}

/** Body of PUT /api/segments/{id}. */
export const SegmentBodySchema = Type.Object(fields, { additionalProperties: false })
export type SegmentBody = Static<typeof SegmentBodySchema>

/** A segment as kept in the catalog: `number` names it in profiles, and is never given twice. */
export const SegmentSchema = Type.Object(
  { ...fields, number: Type.Integer({ minimum: 1, maximum: LIMITS.numberMax }) },
  { additionalProperties: false },
)
export type Segment = Static<typeof SegmentSchema>

/** Names every field at fault of what should be a body of PUT /api/segments/{id}. */
export const checkSegmentBody = checker(SegmentBodySchema)
