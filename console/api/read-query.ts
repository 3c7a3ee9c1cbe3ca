import { type Problem, Refused } from '../../audience/refusal.ts'
import { checker, type TSchema } from '../../audience/schema.ts'

export type Query = Readonly<Record<string, string | number | boolean>>

/** Reads raw queries by a schema. Throws Refused, naming every parameter at fault. */
export type ReadQuery = (raw: string) => Query

/**
 * A reader for an object schema of string, integer and boolean fields. A parameter that is unknown,
 * given twice or of the wrong form is refused: it would not do what its sender thinks.
 */
export function queryReader(schema: TSchema | undefined): ReadQuery {
  const fields = (schema as { properties?: Record<string, TSchema> } | undefined)?.properties ?? {}
  const check = schema ? checker(schema) : () => []
  return (raw) => {
    const problems: Problem[] = []
    const query: Record<string, string | number | boolean> = {}
    for (const [name, text] of new URLSearchParams(raw)) {
      if (!Object.hasOwn(fields, name)) problems.push({ field: name, reason: 'is not a parameter' })
      else if (Object.hasOwn(query, name)) problems.push({ field: name, reason: 'is given twice' })
      else query[name] = typed(text, fields[name]!)
    }
    problems.push(...check(query))
    if (problems.length > 0) throw new Refused('invalid', problems)
    return query
  }
}

/** A parameter that is only named is meant: `?dryRun`. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['', true],
  ['true', true],
  ['false', false],
])

/** What cannot be read as its type stays text, and the schema says so. */
function typed(text: string, schema: TSchema): string | number | boolean {
  const { type } = schema as { type?: string }
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text)
  if (type === 'boolean' && BOOLEANS.has(text)) return BOOLEANS.get(text)!
  return text
}
