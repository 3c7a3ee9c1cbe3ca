/** The door of csv-parse. */
export { CsvError, parse } from 'csv-parse'
export { parse as parseSync } from 'csv-parse/sync'
