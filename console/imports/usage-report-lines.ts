import { refuse } from '../../audience/refusal.ts'
import { Type } from '../../audience/schema.ts'
import type { ReportFault, ReportLine } from '../../exchange/desk/report-usage.ts'
import { closed, OperatorId } from '../../exchange/fields.ts'
import { csvCells } from '../api/csv-cells.ts'
import type { Line } from './line-splitter.ts'
import { type LineValue, lineReader } from './read-lines.ts'

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

/** Reads lines as JSON, or as CSV whose first line names the columns. */
export function reportReader(isCsv: boolean): (line: Line) => LineValue<ReportLine> | 'header' {
  const readJson = lineReader<ReportLine>(ReportLineShape)
  const readObject = (line: Line): LineValue<ReportLine> => {
    const read = readJson(line)
    return 'reason' in read ? { reason: faultText('invalid_input', read.reason) } : read
  }
  if (!isCsv) return readObject
  let columns: string[] | undefined
  return (line) => {
    const cells = 'text' in line ? csvCells(line.text) : undefined
    if (columns === undefined) {
      columns = headerOf(cells)
      return 'header'
    }
    if (cells?.length !== columns.length)
      return { reason: faultText('invalid_input', `it has not ${columns.length} cells`) }
    return readObject({ number: line.number, text: JSON.stringify(objectOf(columns, cells)) })
  }
}

export function faultText(fault: ReportFault, says: string): string {
  return `${fault}: ${says}`
}

function headerOf(cells: readonly string[] | undefined): string[] {
  const names = (cells ?? []).map((name) => name.toLowerCase())
  const missing = MUST.filter((name) => !names.includes(name))
  if (missing.length > 0)
    throw refuse('invalid', 'headers', faultText('headers_missing', missing.join(', ')))
  return names
}

/** Empty cells say nothing; what should be a number and is none stays text, which is then refused. */
function objectOf(columns: readonly string[], cells: readonly string[]): Record<string, unknown> {
  const known = columns.map((name, i) => [name, cells[i]!] as const)
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
