import { pipeline, Readable } from 'node:stream'
import { refuse } from '../../audience/refusal.ts'
import { CsvError, parse } from '../api/csv-parse.ts'
import { LIMITS } from '../limits.ts'
import { refuseBinary, saidSeparator, separatorIn } from './csv-dialect.ts'

/** A row of a file. `number` is the line on which it ends, counted from 1: cells may hold line breaks. */
export interface CsvRow {
  number: number
  cells: readonly string[]
  /** Semicolons separate cells: so spreadsheets save where a comma stands before decimals. */
  hasDecimalComma?: boolean
}

/** Why a row is bad that has more cells than the header, or fewer. */
export function cellsFault(cells: readonly string[], header: readonly string[]): string {
  return `the row has ${cells.length} cells, the header ${header.length}`
}

const [LF, CR] = [0x0a, 0x0d]
/** Rows handed on at once. */
const ROWS_AT_ONCE = 200

/**
 * The rows of a CSV file (RFC 4180), the header among them; LF, CRLF or CR end them, and the header tells whether
 * comma, semicolon or tab separates cells. A quote inside a cell that does not begin with one is a character like
 * any other. A first line `sep=;` says it, too. What is not UTF-8 comes with U+FFFD in its place. Refuses (`invalid`) UTF-16, a spreadsheet's own file, and a quote that is
 * never closed or a row beyond LIMITS.lineBytesMax: what was handed on by then is sound.
 */
export async function* csvRows(
  source: AsyncIterable<Uint8Array>,
): AsyncIterable<readonly CsvRow[]> {
  const chunks = source[Symbol.asyncIterator]()
  const head = await headOf(chunks)
  refuseBinary(head)
  const said = saidSeparator(head.toString('latin1'))
  const delimiter = said ?? separatorIn(head)
  const more = delimiter === ';' ? { hasDecimalComma: true } : {}
  const parser = parse({
    ...{ bom: true, info: true, ltrim: true, skip_empty_lines: true },
    ...{ relax_column_count: true, relax_quotes: true },
    delimiter,
    from_line: said === undefined ? 1 : 2,
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: LIMITS.lineBytesMax,
  })
  // Its error comes out of the parser, too.
  pipeline(Readable.from(from(head, chunks)), parser, () => {})
  let rows: CsvRow[] = []
  let overcounted = 0
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      for (const cell of record) overcounted += breaksIn(cell)
      rows.push({ number: info.lines - overcounted, cells: record, ...more })
      if (rows.length < ROWS_AT_ONCE) continue
      yield rows
      rows = []
    }
  } catch (error) {
    if (error instanceof CsvError) throw refuse('invalid', '', saysOf(error))
    throw error
  }
  yield rows
}

interface Parsed {
  record: string[]
  info: { lines: number }
}

/** CRLFs within a cell: csv-parse counts each as two lines. */
function breaksIn(cell: string): number {
  let count = 0
  for (let at = cell.indexOf('\r\n'); at >= 0; at = cell.indexOf('\r\n', at + 2)) count++
  return count
}

/** Up to the end of the first line, at least. */
async function headOf(chunks: AsyncIterator<Uint8Array>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0)
  while (!head.includes(LF) && !head.includes(CR) && head.length < LIMITS.lineBytesMax) {
    const { value, done } = await chunks.next()
    if (done) break
    head = Buffer.concat([head, value])
  }
  return head
}

async function* from(head: Buffer, chunks: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    if (head.length > 0) yield head
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
  } finally {
    await chunks.return?.()
  }
}

function saysOf({ code, message }: CsvError): string {
  const [line] = /(?<=at line )\d+/.exec(message) ?? ['?']
  if (code === 'CSV_QUOTE_NOT_CLOSED')
    return `the file ends, at line ${line}, within a quote that is not closed: close it and send the file again`
  if (code === 'CSV_MAX_RECORD_SIZE')
    return `line ${line}: the row is longer than ${LIMITS.lineBytesMax / 1024} KiB; a quote may not be closed: mend it and send the file again`
  return `line ${line}: the row is no CSV`
}
