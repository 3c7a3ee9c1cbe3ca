import { LIMITS as AUDIENCE_LIMITS } from '../../audience/limits.ts'
import { EMAIL_HASH, IdFaults, IFA_HASH, idFault, PHONE_HASH } from '../../audience/namespace.ts'
import type { EndRequest } from '../../audience/people/link.ts'
import { refuse } from '../../audience/refusal.ts'
import { type Static, Type } from '../../audience/schema.ts'
import { closed } from '../../exchange/fields.ts'
import { csvCells } from '../api/csv-cells.ts'
import { DeletionFaults } from '../reasons.ts'
import { refuseBinary, saidSeparator, separatorIn } from './csv-dialect.ts'
import type { ImportNames } from './import-names.ts'
import type { Line } from './line-splitter.ts'
import { unknownName } from './membership-lines.ts'
import { type LineValue, lineReader } from './read-lines.ts'

/** Kinds of identifiers as deletion lists name them, and the namespace each is known in. */
const TYPES = {
  email: EMAIL_HASH.name,
  phone: PHONE_HASH.name,
  maid: IFA_HASH.name,
  ctv: IFA_HASH.name,
} as const
type IdType = keyof typeof TYPES

/** One line of `POST /api/suppressions`: `type` or `source`, and the value. */
export const DeletionShape = closed({
  type: Type.Optional(
    Type.Enum(Object.keys(TYPES) as IdType[], { description: 'The value is its SHA-256.' }),
  ),
  source: Type.Optional(
    Type.String({ minLength: 1, maxLength: 127, description: 'A namespace, instead of a type.' }),
  ),
  value: Type.String({ minLength: 1, maxLength: AUDIENCE_LIMITS.idBytesMax }),
})
type Shape = Static<typeof DeletionShape>

/** A line that names somebody. */
export interface Deletion extends EndRequest {
  /** Counts from 1. */
  line: number
}

const readShape = lineReader<Shape>(DeletionShape)

/**
 * Reads the lines of one list: JSON, or CSV where the first line names columns, in letters of any case, and commas,
 * semicolons or tabs separate them.
 */
export class DeletionReader {
  readonly #names: ImportNames
  readonly #isCsv: boolean
  #columns: string[] | undefined
  #separator: string | undefined

  constructor(names: ImportNames, { isCsv }: { isCsv: boolean }) {
    this.#names = names
    this.#isCsv = isCsv
  }

  read(line: Line): LineValue<Deletion> | undefined {
    if (!this.#isCsv || 'fault' in line) return this.#resolve(line.number, readShape(line))
    if (this.#columns === undefined) return this.#readHead(line.text)
    const fields = cellsOf(line.text, this.#separator!)
    if (fields === undefined) return { reason: DeletionFaults.not_csv }
    const entries = this.#columns.map((column, i) => [column, fields[i] ?? ''] as const)
    const given = Object.fromEntries(entries.filter(([, field]) => field !== ''))
    return this.#resolve(
      line.number,
      readShape({ number: line.number, text: JSON.stringify(given) }),
    )
  }

  /** Refuses (`invalid`) columns by which nobody could be found: nobody in the file would be forgotten. */
  #readHead(text: string): LineValue<Deletion> | undefined {
    refuseBinary(Buffer.from(text))
    // Then the whole file is its first line.
    if (text.includes('\r')) return { reason: DeletionFaults.bare_cr }
    const said = this.#separator === undefined ? saidSeparator(text) : undefined
    this.#separator ??= said ?? separatorIn(Buffer.from(text))
    if (said !== undefined) return undefined
    const columns = (cellsOf(text, this.#separator) ?? [text]).map((name) => name.toLowerCase())
    if (!columns.includes('value') || !(columns.includes('type') || columns.includes('source')))
      throw refuse('invalid', 'header', `${DeletionFaults.no_columns} (${text.slice(0, 255)})`)
    this.#columns = columns
    return undefined
  }

  #resolve(line: number, read: LineValue<Shape>): LineValue<Deletion> {
    if ('reason' in read) return read
    const { type, source, value } = read.value
    if ((type === undefined) === (source === undefined)) return { reason: DeletionFaults.one_of }
    const name = type === undefined ? source! : TYPES[type]
    const namespace = this.#names.namespace(name)
    if (namespace === undefined) return { reason: unknownName('namespace', name) }
    const given = this.#names.value(name, value)
    if ('fault' in given) return { reason: `value ${given.fault}` }
    const fault = idFault(namespace.number, given.value)
    if (fault !== undefined) return { reason: IdFaults[fault] }
    return { value: { line, namespace: namespace.number, value: given.value } }
  }
}

/** Hashes and ids hardly ever stand in quotes: where none does, a line is cut and no more. */
function cellsOf(text: string, separator: string): string[] | undefined {
  if (text.includes('"')) return csvCells(text, separator)
  return text.split(separator).map((cell) => cell.trim())
}
