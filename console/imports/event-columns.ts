import type { MessageType } from '../../audience/events/read-message.ts'
import { Refused, refuse } from '../../audience/refusal.ts'
import { LIMITS } from '../limits.ts'

/** What a column of a file may be, beside `properties.…`, `traits.…` and `context.…`. */
const FIELDS = [
  ...['type', 'event', 'name', 'userId', 'anonymousId', 'previousId', 'groupId'],
  ...['messageId', 'timestamp'],
] as const
/** The whole of what is below, or one value of it. */
const BELOW = /^(properties|traits|context)(\.[^.]+)*$/
/** A column that is left out. */
const NOTHING = '-'

/** How the rows of a file become messages. */
export interface EventColumnsOptions {
  /** Column → field of the message, `-` to leave it out; what is not named is found by its name. */
  map: Readonly<Record<string, string>>
  /** Kind of the messages whose row does not say. */
  type: MessageType
  /** Event of those rows. */
  event: string | undefined
}

/** A message of the Segment HTTP tracking API, in the making. */
export type Message = Record<string, unknown>

/**
 * Columns as fields of a message: by the map; else by the field they are named like (`userId`, `properties.amount`);
 * all others are properties of their own name, of an `identify` traits.
 */
export class EventColumns {
  readonly #options: EventColumnsOptions
  readonly #below: string
  readonly #paths = new Map<string, readonly string[]>()
  readonly #columnOf = new Map<string, string>()

  /** Refuses (`invalid`) a map that names no field of a message, or one field twice. */
  constructor(options: EventColumnsOptions) {
    this.#options = options
    this.#below = options.type === 'identify' || options.type === 'group' ? 'traits' : 'properties'
    for (const [column, field] of Object.entries(options.map)) {
      if (!isField(field))
        throw refuse('invalid', 'map', `${column}: ${field} is no field; ${KNOWN}`)
      this.#note(column, 'map')
    }
  }

  /** Refuses (`invalid`, naming all that is wrong) a header of which no messages can be made. */
  checkHeader(columns: readonly string[]): void {
    const wrong: string[] = []
    for (const [i, column] of columns.entries())
      if (column === '') wrong.push(`column ${i + 1} has no name`)
    if (columns.some((column) => column.includes('\ufffd'))) wrong.push(NOT_UTF8)
    if (columns.length > LIMITS.importColumnsMax)
      wrong.push(`there are more than ${LIMITS.importColumnsMax} columns`)
    if (new Set(columns).size < columns.length) wrong.push('two columns have the same name')
    const there = columns.slice(0, NAMED_MAX).join(', ')
    for (const column of Object.keys(this.#options.map))
      if (!columns.includes(column)) wrong.push(`there is no column ${column}, but ${there}`)
    if (wrong.length > 0) throw new Refused('invalid', wrong.map(inHeader))
    for (const column of columns) this.#note(column, 'header')
    if (!['userId', 'anonymousId'].some((field) => this.#columnOf.has(field)))
      throw refuse(
        'invalid',
        'header',
        `no column is userId or anonymousId: name one in map (${there})`,
      )
  }

  /** The message of a row; empty cells say nothing. */
  message(row: Iterable<readonly [column: string, value: unknown]>): Message {
    const message: Message = Object.create(null)
    for (const [column, value] of row)
      if (value !== '' && value !== null) put(message, this.#pathOf(column), value)
    return this.#completed(message)
  }

  /** The message of a line of JSON: without a map it is one already. */
  messageOf(line: Message): Message {
    const isMapped = Object.keys(this.#options.map).length > 0
    return isMapped ? this.message(Object.entries(line)) : this.#completed(line)
  }

  /** The column a field of a message came from; the field itself where none did. */
  columnOf(field: string): string {
    return this.#columnOf.get(field) ?? field
  }

  /** Whether it is a property, a trait or part of the context. */
  isBelow(column: string): boolean {
    return this.#pathOf(column).length > 1
  }

  #completed(message: Message): Message {
    const { type, event } = this.#options
    message['type'] ??= type
    if (event !== undefined) message['event'] ??= event
    return message
  }

  #pathOf(column: string): readonly string[] {
    return this.#paths.get(column) ?? this.#fieldOf(column).split('.')
  }

  #fieldOf(column: string): string {
    const { map } = this.#options
    if (Object.hasOwn(map, column)) return map[column]!
    return isField(column) ? column : `${this.#below}.${column}`
  }

  #note(column: string, where: string): void {
    const field = this.#fieldOf(column)
    const other = this.#columnOf.get(field)
    if (field !== NOTHING && other !== undefined && other !== column)
      throw refuse('invalid', where, `${other} and ${column} are both ${field}`)
    this.#paths.set(column, field.split('.'))
    this.#columnOf.set(field, column)
  }
}

const NAMED_MAX = 50
const KNOWN = `there are ${FIELDS.join(', ')}, properties.…, traits.…, context.… and - for none`
const NOT_UTF8 = 'it is not UTF-8: save the file as UTF-8'

function inHeader(reason: string) {
  return { field: 'header', reason }
}

function isField(name: string): boolean {
  return name === NOTHING || (FIELDS as readonly string[]).includes(name) || BELOW.test(name)
}

/** Objects without a prototype: a column may be called anything. */
function put(message: Message, path: readonly string[], value: unknown): void {
  if (path[0] === NOTHING) return
  let at = message
  for (const name of path.slice(0, -1)) at = innerOf(at, name)
  const last = path.at(-1)!
  if (isObject(value)) Object.assign(innerOf(at, last), value)
  else at[last] = value
}

function innerOf(at: Message, name: string): Message {
  const inner = at[name]
  return isObject(inner) ? inner : ((at[name] = Object.create(null)) as Message)
}

function isObject(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
