import { createHash } from 'node:crypto'
import { momentOf } from '../../exchange/moment.ts'
import { isDeeperThan } from '../api/is-deeper-than.ts'
import { LIMITS } from '../limits.ts'
import { LineFaults } from '../reasons.ts'
import { type CsvRow, cellsFault } from './csv-rows.ts'
import type { EventColumns, Message } from './event-columns.ts'
import type { Line } from './line-splitter.ts'

/** A row as a message, or why it is none. `field`: the column at fault. */
export type EventRow = { value: Message } | { reason: string; field?: string }

/** Reads the rows of one file as messages: lines of JSON, or CSV under a header. */
export class EventRows {
  readonly #columns: EventColumns
  readonly #timeZone: string
  #header: readonly string[] | undefined

  /** `timeZone`: IANA name: whose time a row tells that says no offset. */
  constructor(columns: EventColumns, timeZone: string) {
    this.#columns = columns
    this.#timeZone = timeZone
  }

  /** Undefined for the header of a CSV file. Refuses (`invalid`) one that names nobody. */
  read(row: CsvRow | Line): EventRow | undefined {
    return 'cells' in row ? this.#row(row) : this.#line(row)
  }

  /** A message as an SDK sends it; where there is a map, an object of columns. */
  #line(line: Line): EventRow {
    if ('fault' in line) return { reason: LineFaults[line.fault] }
    let value: unknown
    try {
      value = JSON.parse(line.text)
    } catch {
      return { reason: LineFaults.not_json }
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { reason: LineFaults.not_object }
    if (isDeeperThan(value, LIMITS.jsonDepthMax)) return { reason: LineFaults.too_deep }
    return this.#completed(this.#columns.messageOf(value as Message))
  }

  #row({ cells, hasDecimalComma = false }: CsvRow): EventRow | undefined {
    const header = this.#header
    if (header === undefined) {
      this.#header = cells.map((cell) => cell.trim())
      this.#columns.checkHeader(this.#header)
      return undefined
    }
    if (cells.length !== header.length) return { reason: cellsFault(cells, header) }
    if (cells.some((cell) => cell.includes('\ufffd'))) return { reason: LineFaults.not_utf8 }
    const row = header.map((column, i) => {
      const cell = cells[i]!.trim()
      return [
        column,
        this.#columns.isBelow(column) ? scalarOf(cell, hasDecimalComma) : cell,
      ] as const
    })
    return this.#completed(this.#columns.message(row))
  }

  /**
   * With its moment as one, and with a name by which the row is known when it comes again. A file is sent when it
   * is, so nothing is to be learnt from `sentAt`.
   */
  #completed(message: Message): EventRow {
    delete message['sentAt']
    if ('timestamp' in message) delete message['originalTimestamp']
    for (const name of ['timestamp', 'originalTimestamp']) {
      const said = message[name]
      if (said === undefined || said === null) continue
      const atMs = momentIn(String(said), this.#timeZone)
      if (Number.isNaN(atMs)) return { reason: NO_MOMENT, field: this.#columns.columnOf(name) }
      // As text: a number so near the epoch could be one of seconds.
      message[name] = new Date(atMs).toISOString()
    }
    message['messageId'] ??= nameOf(message)
    return { value: message }
  }
}

/** A cell that is a number or a truth value is one, where it is written as such: `007` and `1e3` are texts. */
function scalarOf(cell: string, hasDecimalComma: boolean): string | number | boolean {
  if (cell === 'true' || cell === 'false') return cell === 'true'
  if (hasDecimalComma && DECIMAL_COMMA.test(cell)) return Number(cell.replace(',', '.'))
  const number = Number(cell)
  return cell !== '' && String(number) === cell && Number.isSafeInteger(Math.trunc(number))
    ? number
    : cell
}

const DECIMAL_COMMA = /^-?(?:0|[1-9]\d{0,11}),\d{1,6}$/

const NO_MOMENT = 'is no date and time as 2026-11-26 10:15:00 or 2026-11-26T10:15:00+01:00'
const MOMENT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/

/** ISO 8601, or seconds or milliseconds since the epoch: what else there is, is read differently by country. */
function momentIn(text: string, timeZone: string): number {
  if (/^\d{10}$/.test(text)) return Number(text) * 1_000
  if (/^\d{13}$/.test(text)) return Number(text)
  const iso = text.replace(' ', 'T').replace(/([+-]\d{2})(\d{2})$/, '$1:$2')
  return MOMENT.test(iso) ? momentOf(iso, timeZone) : Number.NaN
}

function nameOf(message: Message): string {
  return createHash('sha256').update(JSON.stringify(message)).digest('base64url').slice(0, 22)
}
