import { checker, type TSchema } from '../../audience/schema.ts'
import { LineFaults } from '../reasons.ts'
import type { Line } from './line-splitter.ts'

/** The value of a line, or a sentence why it is bad. */
export type LineValue<T> = { value: T } | { reason: string }

/** A reader of JSON lines of one schema; in a line, null and absent mean the same. */
export function lineReader<T>(schema: TSchema): (line: Line) => LineValue<T> {
  const readValue = valueReader<T>(schema)
  return (line) => {
    if ('fault' in line) return { reason: LineFaults[line.fault] }
    let value: unknown
    try {
      value = JSON.parse(line.text)
    } catch {
      return { reason: LineFaults.not_json }
    }
    return readValue(value)
  }
}

/** The same, of what was read from JSON or from anything else. */
export function valueReader<T>(schema: TSchema): (value: unknown) => LineValue<T> {
  const check = checker(schema)
  return (value) => {
    if (check(value).length === 0) return { value: value as T }
    const given = withoutNulls(value)
    const problems = check(given)
    if (problems.length === 0) return { value: given as T }
    return { reason: problems.map(({ field, reason }) => `${field} ${reason}`.trim()).join('; ') }
  }
}

function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null))
}
