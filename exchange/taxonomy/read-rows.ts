import type { Problem } from '../../audience/refusal.ts'
import { LIMITS } from './limits.ts'

/** One row of a taxonomy file, as it says itself. Lines count from 1. */
export interface TaxonomyRow {
  line: number
  id: string
  /** '' where it says none. */
  parent: string
  /** '' where the file has no column for it. */
  name: string
  /** From the top, without gaps. */
  tiers: string[]
}

interface Columns {
  /** As the file heads them. */
  names: string[]
  id: number
  parent: number
  name: number
  tiers: number[]
  /** The line after the header. */
  firstLine: number
}

/**
 * The rows of a tab-separated file as the IAB Tech Lab publishes its taxonomies: audience files with an unnamed
 * first column, content files with two lines of header, all with `Unique ID`, `Parent` and `Tier 1` and on.
 * Where rows are bad all of them are named, by line and column.
 */
export function readRows(text: string): { rows: TaxonomyRow[]; problems: Problem[] } {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const columns = columnsIn(lines)
  if (!columns) return { rows: [], problems: [{ field: '', reason: NO_HEADER }] }
  const rows: TaxonomyRow[] = []
  const problems: Problem[] = []
  const lineOf = new Map<string, number>()
  for (const [i, text] of lines.entries()) {
    const line = i + 1
    const cells = cellsOf(text)
    if (line < columns.firstLine || cells.every((cell) => cell === '')) continue
    const row = rowOf(cells, columns, line)
    const faults = [...rowFaults(cells, row, columns)]
    const before = lineOf.get(row.id)
    if (row.id !== '' && before !== undefined)
      faults.push([columns.names[columns.id]!, `${row.id} stands in line ${before} already`])
    else lineOf.set(row.id, line)
    for (const [column, reason] of faults)
      problems.push({ field: `line ${line} ${column}`.trim(), reason })
    if (faults.length === 0) rows.push(row)
  }
  if (rows.length === 0 && problems.length === 0)
    problems.push({ field: '', reason: 'the file has a header and no rows' })
  return { rows, problems }
}

const NO_HEADER = `none of the first ${LIMITS.headerWithinLines} lines names the columns Unique ID and Tier 1, with tabs between: send the file as the IAB Tech Lab publishes it`

function columnsIn(lines: readonly string[]): Columns | undefined {
  for (const [i, text] of lines.slice(0, LIMITS.headerWithinLines).entries()) {
    const names = cellsOf(text)
    const at = (wanted: RegExp) => names.findIndex((name) => wanted.test(name))
    const tiers: number[] = []
    for (let place: number; (place = at(new RegExp(`^tier ${tiers.length + 1}$`, 'i'))) >= 0; )
      tiers.push(place)
    const id = at(/^unique id$/i)
    if (id < 0 || tiers.length === 0 || tiers.length > LIMITS.tiersMax) continue
    const parent = at(/^parent( id)?$/i)
    return { names, id, parent, name: at(/^name$/i), tiers, firstLine: i + 2 }
  }
  return undefined
}

/** Spreadsheets put cells with a comma or a quote into quotes. */
function cellsOf(line: string): string[] {
  return line.split('\t').map((cell) => {
    const text = cell.trim()
    const isQuoted = text.length > 1 && text.startsWith('"') && text.endsWith('"')
    return isQuoted ? text.slice(1, -1).replaceAll('""', '"').trim() : text
  })
}

function rowOf(cells: readonly string[], columns: Columns, line: number): TaxonomyRow {
  const tiers = columns.tiers.map((place) => cells[place] ?? '')
  while (tiers.at(-1) === '') tiers.pop()
  return {
    line,
    id: cells[columns.id] ?? '',
    parent: cells[columns.parent] ?? '',
    name: cells[columns.name] ?? '',
    tiers,
  }
}

type Fault = [column: string, reason: string]

function* rowFaults(
  cells: readonly string[],
  { id, name, tiers }: TaxonomyRow,
  columns: Columns,
): Iterable<Fault> {
  const { names } = columns
  const surplus = cells.findIndex((cell, i) => i >= names.length && cell !== '')
  if (surplus >= 0) yield ['', `has a cell ${surplus + 1}, and the header names ${names.length}`]
  if (id === '') yield [names[columns.id]!, 'is empty: every node has an id']
  if (id.length > LIMITS.idCharsMax)
    yield [names[columns.id]!, `is longer than ${LIMITS.idCharsMax} characters`]
  if (tiers.length === 0 && name === '') yield ['Tier 1', 'is empty: no tier says where it stands']
  for (const [i, tier] of tiers.entries())
    if (tier === '') yield [`Tier ${i + 1}`, `is empty, and Tier ${tiers.length} is not`]
  for (const [column, text] of [['Name', name], ...tiers.map((tier, i) => [`Tier ${i + 1}`, tier])])
    if (text!.length > LIMITS.nameCharsMax)
      yield [column!, `is longer than ${LIMITS.nameCharsMax} characters`]
  const bad = cells.findIndex((cell) => /[\u0000-\u001f\u007f]/.test(cell))
  if (bad >= 0) yield [names[bad] ?? '', 'holds control characters']
}
