import { COUNTRIES, REGIONS } from '../audience/countries.ts'
import { NAME_PATTERN, type TSchema, Type } from '../audience/schema.ts'
import { LIMITS } from './limits.ts'

/**
 * Fields that several kinds share, as schemas. Patterns stay simple enough to be printed as the
 * reason why a value was refused.
 */

/** An id an operator chose. */
export const OperatorId = Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' })

/** A name for people to read: no control characters, which forge lines of lists and logs. */
export const Name = Type.String({
  minLength: 1,
  maxLength: LIMITS.nameCharsMax,
  pattern: NAME_PATTERN,
})

/** A registrable domain or a host in it, lower-case. */
export const Domain = Type.String({
  maxLength: 253,
  pattern: '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z][a-z0-9-]{0,61}[a-z0-9]$',
})

/** ISO 4217 alpha-3. */
export const Currency = Type.String({ pattern: '^[A-Z]{3}$' })

/** Money in micro-units of its currency: an integer that JSON carries exactly. */
export const Micros = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** Where something holds: ISO 3166-1 alpha-3, or one of the groups EU and EEA. */
export const ContractRegion = Type.Enum([...Object.keys(REGIONS), ...COUNTRIES])

/**
 * A date (`2026-12-01`), a local date and time, or one with its offset or Z. What has no offset is
 * read in the object's `timeZone`, UTC where it has none; see moment.ts.
 */
export const MomentText = Type.String({
  pattern:
    '^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$',
})

/** A list without repetitions, bounded. */
export function listOf<T extends TSchema>(items: T, max: number, min = 0) {
  return Type.Array(items, { minItems: min, maxItems: max, uniqueItems: true })
}

/** An object that knows exactly these fields. */
export function closed<T extends Record<string, TSchema>>(fields: T) {
  return Type.Object(fields, { additionalProperties: false })
}
