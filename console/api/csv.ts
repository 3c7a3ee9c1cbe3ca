/** The door of csv-stringify. */
import { stringify } from 'csv-stringify/sync'

export const CSV_TYPE = 'text/csv; charset=utf-8'

/**
 * Rows as CSV (RFC 4180) under a header line of these columns. A text that a spreadsheet would take for a
 * formula is prefixed with an apostrophe: names come from partners, and are opened by others.
 */
export function csvOf<T extends object>(
  columns: readonly (keyof T & string)[],
  rows: readonly T[],
): string {
  return stringify(rows as T[], {
    header: true,
    columns: [...columns],
    record_delimiter: '\r\n',
    quote_record_delimiter: true,
    escape_formulas: true,
    cast: { boolean: String },
  })
}
