import { refuse } from '../../audience/refusal.ts'
import { Type } from '../../audience/schema.ts'
import type { ReportFault, ReportLine } from '../../exchange/desk/report-usage.ts'
import { closed, OperatorId } from '../../exchange/fields.ts'
import { LineFaults } from '../reasons.ts'
import { type CsvRow, cellsFault } from './csv-rows.ts'
import type { Line } from './line-splitter.ts'
import { type LineValue, lineReader, valueReader } from './read-lines.ts'

/** A line of `POST /api/usage/reports`; as CSV the same names head its columns. */
export const ReportLineShape = closed({
  id: Type.String({ minLength: 1, maxLength: 128, pattern: '^[!-~]+$' }),
  contract: OperatorId,
  segment: Type.String({ minLength: 1, maxLength: 255 }),
  day: Type.String({ maxLength: 64, description: 'E.g. `2026-11-26`.' }),
  units: whole('Whole units.'),
  revision: Type.Optional(whole('A higher one replaces what the same id said before.')),
})

/** Whatever it is: what is no whole number is told in the words of the report, not of the schema. */
function whole(description: string) {
  return Type.Unsafe<number>({ type: ['number', 'string'], description })
}

const COLUMNS = ['id', 'contract', 'segment', 'day', 'units', 'revision'] as const
const MUST = COLUMNS.slice(0, 5)
const NUMBERS: readonly string[] = ['units', 'revision']

/** Reads lines of JSON, or rows of CSV under a header that names the columns. Undefined for what is no entry. */
export function reportReader(): (line: Line | CsvRow) => LineValue<ReportLine> | undefined {
  const readLine = lineReader<ReportLine>(ReportLineShape)
  const readValue = valueReader<ReportLine>(ReportLineShape)
  let columns: string[] | undefined
  const readRow = (cells: readonly string[]): LineValue<ReportLine> | undefined => {
    if (columns === undefined) {
      columns = headerOf(cells)
      return undefined
    }
    // Spreadsheets leave such rows behind.
    if (cells.every((cell) => cell.trim() === '')) return undefined
    if (cells.length !== columns.length) return { reason: cellsFault(cells, columns) }
    if (cells.some((cell) => cell.includes('\ufffd'))) return { reason: LineFaults.not_utf8 }
    return readValue(objectOf(columns, cells))
  }
  return (line) => {
    const read = 'cells' in line ? readRow(line.cells) : readLine(line)
    if (read === undefined || 'value' in read) return read
    return { reason: faultText('invalid_input', read.reason) }
  }
}

export function faultText(fault: ReportFault, says: string): string {
  return `${fault}: ${says}`
}

function headerOf(cells: readonly string[]): string[] {
  const names = cells.map((name) => name.trim().toLowerCase())
  const missing = MUST.filter((name) => !names.includes(name))
  if (missing.length > 0)
    throw refuse('invalid', 'headers', faultText('headers_missing', missing.join(', ')))
  const twice = COLUMNS.find((name) => names.indexOf(name) !== names.lastIndexOf(name))
  if (twice !== undefined)
    throw refuse('invalid', 'headers', faultText('invalid_input', `there are two columns ${twice}`))
  return names
}

/** Empty cells say nothing; what should be a number and is none stays text, which is then refused. */
function objectOf(columns: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const known = columns.map((name, i) => [name, cells[i]!.trim()] as const)
  const given = known.filter(([name, cell]) => cell !== '' && isColumn(name))
  return Object.fromEntries(
    given.map(([name, cell]) => [name, NUMBERS.includes(name) ? numberOf(cell) : cell]),
  )
}

/** Further columns, of which reports have many, are not ours to judge. */
function isColumn(name: string): boolean {
  return (COLUMNS as readonly string[]).includes(name)
}

function numberOf(cell: string): number | string {
  return /^-?\d{1,16}([.]\d+)?$/.test(cell) ? Number(cell) : cell
}
