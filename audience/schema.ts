/** The door of typebox: schemas are JSON Schema 2020-12, checked at the edge and served in the OpenAPI document. */
import { type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Problem } from './refusal.ts'

export type { Static, TSchema } from 'typebox'
export { Type }

/** What a name for people to read may hold. */
export const NAME_PATTERN = '^[^\\u0000-\\u001f\\u007f]*$'

const PROBLEMS_MAX = 100
/** Allowed values that a reason names; of more the first, and how many there are. */
const VALUES_NAMED_MAX = 40

/** Compiles a schema once; the result names every field at fault, or nothing when the value fits. */
export function checker(schema: TSchema): (value: unknown) => Problem[] {
  const compiled = Compile(schema)
  return (value) => (compiled.Check(value) ? [] : problemsOf(compiled.Errors(value)))
}

function problemsOf(errors: Iterable<SchemaError>): Problem[] {
  const problems: Problem[] = []
  const seen = new Set<string>()
  for (const error of errors) {
    for (const problem of problemsIn(error)) {
      const id = `${problem.field} ${problem.reason}`
      if (seen.has(id) || problems.length === PROBLEMS_MAX) continue
      seen.add(id)
      problems.push(problem)
    }
  }
  return problems
}

interface SchemaError {
  keyword: string
  instancePath: string
  message: string
  params: object
}

/** By the keyword that does not hold. */
interface SchemaParams {
  additionalProperties?: string[]
  requiredProperties?: string[]
  allowedValues?: unknown[]
  allowedValue?: unknown
}

/** An unknown field is named as itself, not as its parent; typebox's own echo of it is left out. */
function problemsIn(error: SchemaError): Problem[] {
  const field = dotted(error.instancePath)
  const params = error.params as SchemaParams
  if (error.keyword === 'additionalProperties')
    return (params.additionalProperties ?? []).map((name) =>
      at(field, name, 'is not a known field'),
    )
  if (error.keyword === 'required')
    return (params.requiredProperties ?? []).map((name) => at(field, name, 'is required'))
  if (error.message === 'schema is false') return []
  if (error.keyword === 'enum') return [{ field, reason: oneOf(params.allowedValues ?? []) }]
  if (error.keyword === 'const')
    return [{ field, reason: `must be ${JSON.stringify(params.allowedValue)}` }]
  return [{ field, reason: error.message }]
}

function oneOf(values: readonly unknown[]): string {
  const named = values.slice(0, VALUES_NAMED_MAX).map(String).join(', ')
  return values.length > VALUES_NAMED_MAX
    ? `must be one of ${values.length} values: ${named} …`
    : `must be one of ${named}`
}

function at(parent: string, name: string, reason: string): Problem {
  return { field: parent ? `${parent}.${name}` : name, reason }
}

/** `/price/amountMicros` → `price.amountMicros`. */
function dotted(pointer: string): string {
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.')
}
