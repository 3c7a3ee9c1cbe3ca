import type { Problem } from '../refusal.ts'
import {
  COUNT_OPERATORS,
  type Expression,
  PROPERTY_OPERATORS,
  type SequenceStep,
  type Window,
} from './expression.ts'
import { RuleSyntaxError } from './lexer.ts'
import { LIMITS } from './limits.ts'
import { parseExpression } from './parse-expression.ts'
import { DURATION_PATTERN, ID_PATTERN } from './words.ts'

/**
 * A rule as it was sent, text or tree, as a tree; or everything that is wrong with its form, each at
 * its field below `field`. What it means is not looked at: see `check-expression.ts`.
 */
export function readExpression(
  given: unknown,
  field: string,
): { tree: Expression } | { problems: Problem[] } {
  if (typeof given === 'string') return readText(given, field)
  const reader = new TreeReader()
  const tree = reader.read(given, field, 0)
  return reader.problems.length === 0 && tree ? { tree } : { problems: reader.problems }
}

function readText(text: string, field: string): { tree: Expression } | { problems: Problem[] } {
  try {
    return { tree: parseExpression(text) }
  } catch (error) {
    if (!(error instanceof RuleSyntaxError)) throw error
    return { problems: [{ field, reason: error.message }] }
  }
}

type Fields = Record<string, unknown>
type Read = (fields: Fields, field: string, depth: number) => Expression | undefined

/** Reads untrusted JSON field by field: the tree it returns is made of known fields only. */
class TreeReader {
  readonly problems: Problem[] = []
  readonly #kinds: Record<string, Read> = {
    and: (fields, field, depth) => this.#branch('and', fields, { field, depth }),
    or: (fields, field, depth) => this.#branch('or', fields, { field, depth }),
    not: (fields, field, depth) => {
      this.#only(fields, field, ['not'])
      const not = this.read(fields['not'], `${field}.not`, depth + 1)
      return not && { not }
    },
    property: (fields, field) => this.#property(fields, field),
    frequency: (fields, field) => this.#frequency(fields, field),
    sequence: (fields, field) => this.#sequence(fields, field),
    score: (fields, field) => this.#score(fields, field),
    segment: (fields, field) => this.#segment(fields, field),
  }

  read(given: unknown, field: string, depth: number): Expression | undefined {
    if (depth > 2 * LIMITS.depthMax) return this.#wrong(field, 'is nested too deeply')
    if (!isFields(given)) return this.#wrong(field, 'must be a text or an object')
    const kinds = Object.keys(this.#kinds).filter((kind) => Object.hasOwn(given, kind))
    const [kind] = kinds
    if (kind === undefined || kinds.length > 1)
      return this.#wrong(field, `must have exactly one of ${Object.keys(this.#kinds).join(', ')}`)
    return this.#kinds[kind]!(given, field, depth)
  }

  #branch(
    kind: 'and' | 'or',
    fields: Fields,
    { field, depth }: { field: string; depth: number },
  ): Expression | undefined {
    this.#only(fields, field, [kind])
    const list = this.#list(fields[kind], `${field}.${kind}`, { min: 2, max: LIMITS.leavesMax })
    const parts = list.map((part, i) => this.read(part, `${field}.${kind}.${i}`, depth + 1))
    const whole = parts.filter((part) => part !== undefined)
    return kind === 'and' ? { and: whole } : { or: whole }
  }

  #property(fields: Fields, field: string): Expression | undefined {
    this.#only(fields, field, ['property', 'is', 'value'])
    const property = this.#text(fields['property'], `${field}.property`)
    const is = this.#one(fields['is'], `${field}.is`, PROPERTY_OPERATORS)
    if (property === undefined || is === undefined) return undefined
    if (is === 'exists') {
      if (fields['value'] !== undefined) this.#wrong(`${field}.value`, 'means nothing with exists')
      return { property, is }
    }
    const isList = is === 'in' || is === 'between'
    const value = isList
      ? this.#list(fields['value'], `${field}.value`, { min: 1, max: LIMITS.valuesMax })
      : [fields['value']]
    const scalars = value.filter(isScalar)
    if (scalars.length < value.length)
      return this.#wrong(`${field}.value`, 'must be text, a number, true or false')
    return { property, is, value: isList ? scalars : scalars[0]! }
  }

  #frequency(fields: Fields, field: string): Expression | undefined {
    this.#only(fields, field, ['frequency', 'window', 'is', 'times'])
    const list = this.#list(fields['frequency'], `${field}.frequency`, PARTS)
    const frequency = list.map((id, i) => this.#id(id, `${field}.frequency.${i}`))
    const window = this.#windowIfAny(fields['window'], `${field}.window`)
    const is = this.#one(fields['is'], `${field}.is`, COUNT_OPERATORS)
    const times = this.#number(fields['times'], `${field}.times`)
    if (is === undefined || times === undefined) return undefined
    return { frequency, ...(window && { window }), is, times }
  }

  #sequence(fields: Fields, field: string): Expression | undefined {
    this.#only(fields, field, ['sequence'])
    const list = this.#list(fields['sequence'], `${field}.sequence`, PARTS)
    const steps = list.map((step, i) => this.#step(step, `${field}.sequence.${i}`))
    return { sequence: steps.filter((step) => step !== undefined) }
  }

  #step(given: unknown, field: string): SequenceStep | undefined {
    if (!isFields(given)) return this.#wrong(field, 'must be an object')
    this.#only(given, field, ['trait', 'within', 'not'])
    const trait = this.#id(given['trait'], `${field}.trait`)
    const within =
      given['within'] === undefined ? undefined : this.#duration(given['within'], `${field}.within`)
    if (![undefined, true, false].includes(given['not'] as undefined))
      this.#wrong(`${field}.not`, 'must be true or absent')
    return {
      trait,
      ...(within !== undefined && { within }),
      ...(given['not'] === true && { not: true as const }),
    }
  }

  #score(fields: Fields, field: string): Expression | undefined {
    this.#only(fields, field, ['score', 'halfLife', 'is', 'value'])
    const list = this.#list(fields['score'], `${field}.score`, PARTS)
    const score = list.map((term, i) => {
      const at = `${field}.score.${i}`
      if (!isFields(term)) return this.#wrong(at, 'must be an object')
      this.#only(term, at, ['trait', 'weight'])
      const weight = this.#number(term['weight'] ?? 1, `${at}.weight`)
      return weight === undefined
        ? undefined
        : { trait: this.#id(term['trait'], `${at}.trait`), weight }
    })
    const halfLife = this.#duration(fields['halfLife'], `${field}.halfLife`)
    const is = this.#one(fields['is'], `${field}.is`, COUNT_OPERATORS)
    const value = this.#number(fields['value'], `${field}.value`)
    if (halfLife === undefined || is === undefined || value === undefined) return undefined
    return { score: score.filter((term) => term !== undefined), halfLife, is, value }
  }

  #segment(fields: Fields, field: string): Expression | undefined {
    this.#only(fields, field, ['segment', 'since'])
    const since = this.#windowIfAny(fields['since'], `${field}.since`)
    return { segment: this.#id(fields['segment'], `${field}.segment`), ...(since && { since }) }
  }

  #windowIfAny(given: unknown, field: string): Window | undefined {
    if (given === undefined) return undefined
    if (!isFields(given)) return this.#wrong(field, 'must be an object')
    this.#only(given, field, ['is', 'for'])
    const is = this.#one(given['is'], `${field}.is`, ['<=', '>='] as const)
    const length = this.#duration(given['for'], `${field}.for`)
    return is && length !== undefined ? { is, for: length } : undefined
  }

  #only(fields: Fields, field: string, known: readonly string[]): void {
    for (const name of Object.keys(fields))
      if (!known.includes(name)) this.#wrong(`${field}.${name}`, 'is not a known field')
  }

  #list(given: unknown, field: string, { min, max }: { min: number; max: number }): unknown[] {
    if (Array.isArray(given) && given.length >= min && given.length <= max) return given
    this.#wrong(field, `must be a list of ${min} to ${max}`)
    return []
  }

  #id(given: unknown, field: string): string {
    if (typeof given === 'string' && ID_PATTERN.test(given)) return given
    this.#wrong(field, 'must be the id of a trait or segment')
    return ''
  }

  #text(given: unknown, field: string): string | undefined {
    return typeof given === 'string' ? given : this.#wrong(field, 'must be text')
  }

  #number(given: unknown, field: string): number | undefined {
    return typeof given === 'number' && Number.isFinite(given)
      ? given
      : this.#wrong(field, 'must be a number')
  }

  #duration(given: unknown, field: string): string | undefined {
    return typeof given === 'string' && DURATION_PATTERN.test(given)
      ? given
      : this.#wrong(field, 'must be a duration such as 5D, 24H or 30M')
  }

  #one<T extends string>(given: unknown, field: string, words: readonly T[]): T | undefined {
    return words.includes(given as T)
      ? (given as T)
      : this.#wrong(field, `must be one of ${words.join(' ')}`)
  }

  #wrong(field: string, reason: string): undefined {
    this.problems.push({ field, reason })
    return undefined
  }
}

const PARTS = { min: 1, max: LIMITS.partsMax }

function isFields(given: unknown): given is Fields {
  return typeof given === 'object' && given !== null && !Array.isArray(given)
}

function isScalar(given: unknown): given is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof given)
}
