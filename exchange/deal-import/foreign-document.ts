import type { Problem } from '../../audience/refusal.ts'
import { decimalText } from './decimal-text.ts'
import type { KeptReason } from './reasons.ts'

/** A number of a foreign document, as it was written. */
export class Lexeme {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** A field that is kept with the deal and not acted on. */
export interface KeptField {
  /** Dotted path in the sender's document. */
  field: string
  reason: KeptReason
}

/**
 * A JSON object of somebody else's making, read field by field. What has the wrong type is a problem
 * at its field; what nobody asked for is ignored and said to be. Null counts as absent.
 */
export class ForeignDocument {
  readonly problems: Problem[] = []
  readonly keptFields: KeptField[] = []
  /** What is kept, by its path. */
  readonly kept: Record<string, unknown> = {}
  readonly #root: Readonly<Record<string, unknown>>
  readonly #asked = new Set<string>()

  constructor(root: Readonly<Record<string, unknown>>) {
    this.#root = root
  }

  wrong(field: string, reason: string): undefined {
    this.problems.push({ field, reason })
    return undefined
  }

  has(path: string): boolean {
    return this.#valueAt(path) !== undefined
  }

  requireObject(path: string): void {
    const value = this.#valueAt(path)
    if (value === undefined) this.wrong(path, 'is required')
    else if (!isObject(value)) this.wrong(path, 'must be an object')
  }

  text(path: string): string | undefined {
    const value = this.#at(path)
    if (value === undefined) return undefined
    if (value instanceof Lexeme) return value.text
    if (typeof value !== 'string') return this.wrong(path, 'must be a text')
    return value.trim() === '' ? undefined : value
  }

  requiredText(path: string): string | undefined {
    const text = this.text(path)
    if (text === undefined && !this.problems.some(({ field }) => field === path))
      this.wrong(path, 'is required')
    return text
  }

  texts(path: string): string[] | undefined {
    const value = this.#at(path)
    if (value === undefined) return undefined
    if (!Array.isArray(value)) return this.wrong(path, 'must be a list of texts')
    const texts = value.map((item) => (item instanceof Lexeme ? item.text : item))
    if (texts.every((item): item is string => typeof item === 'string' && item !== ''))
      return texts.length > 0 ? [...new Set(texts)] : undefined
    return this.wrong(path, 'must be a list of texts')
  }

  /** A whole number, also where it was sent as a text. */
  int(path: string): number | undefined {
    const value = this.#at(path)
    if (value === undefined) return undefined
    const text = value instanceof Lexeme ? value.text : value
    if (typeof text === 'string' && /^-?\d{1,9}(?:[.]0+)?$/.test(text)) return Number(text)
    return this.wrong(path, 'must be a whole number')
  }

  /** One of these whole numbers. */
  intOf<T>(path: string, meanings: Readonly<Record<number, T>>): T | undefined {
    const number = this.int(path)
    if (number === undefined) return undefined
    if (Object.hasOwn(meanings, number)) return meanings[number]
    return this.wrong(path, `must be one of ${Object.keys(meanings).join(', ')}`)
  }

  /** An amount, to the letter; never through a float. */
  amount(path: string): string | undefined {
    const value = this.#at(path)
    if (value === undefined) return undefined
    const text = value instanceof Lexeme ? value.text : value
    const amount = typeof text === 'string' ? decimalText(text.trim()) : undefined
    return amount ?? this.wrong(path, 'must be an amount of 0 or more')
  }

  /** Keeps fields as they were sent, where they were. */
  keep(reason: KeptReason, ...paths: readonly string[]): void {
    for (const path of paths) {
      const value = this.#at(path)
      if (value === undefined) continue
      this.kept[path] = plainOf(value)
      this.keptFields.push({ field: path, reason })
    }
  }

  /** Paths of all that nobody asked for. */
  ignored(): string[] {
    return [...this.#leftOver(this.#root, '')]
  }

  #at(path: string): unknown {
    this.#asked.add(path)
    return this.#valueAt(path)
  }

  #valueAt(path: string): unknown {
    let value: unknown = this.#root
    for (const key of path.split('.')) {
      if (!isObject(value) || !Object.hasOwn(value, key)) return undefined
      value = value[key]
    }
    return value ?? undefined
  }

  *#leftOver(value: Readonly<Record<string, unknown>>, above: string): Iterable<string> {
    for (const [key, field] of Object.entries(value)) {
      const path = above + key
      if (this.#asked.has(path) || field === null) continue
      const isParent = [...this.#asked].some((asked) => asked.startsWith(`${path}.`))
      if (isParent && isObject(field)) yield* this.#leftOver(field, `${path}.`)
      else yield path
    }
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Lexeme)
  )
}

/** JSON again: numbers that a float would not print as they were written become texts. */
function plainOf(value: unknown): unknown {
  if (value instanceof Lexeme) {
    const number = Number(value.text)
    return String(number) === value.text ? number : value.text
  }
  if (Array.isArray(value)) return value.map(plainOf)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plainOf(field)]))
}
