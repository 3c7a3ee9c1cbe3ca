import { CsvError, parseSync } from './csv-parse.ts'

/** The cells of one line of CSV (RFC 4180); undefined where it is none. Line breaks within cells are not read. */
export function csvCells(line: string, delimiter: string): string[] | undefined {
  try {
    const records = parseSync(line, { bom: true, trim: true, delimiter }) as string[][]
    return records.length === 1 ? records[0] : undefined
  } catch (error) {
    if (error instanceof CsvError) return undefined
    throw error
  }
}
