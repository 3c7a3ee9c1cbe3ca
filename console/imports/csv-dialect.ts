import { refuse } from '../../audience/refusal.ts'
import type { Call } from '../api/route.ts'

/** Content types of CSV; what separates its cells, the file says itself. */
export const CSV_TYPES = ['text/csv', 'text/tab-separated-values'] as const

export function isCsv({ headers }: Pick<Call, 'headers'>): boolean {
  return /^(text|application)\/(csv|tab-separated-values)\b/i.test(headers.contentType)
}

const [LF, CR, QUOTE] = [0x0a, 0x0d, 0x22]
/** The first of them wins a draw. */
const SEPARATORS = [',', ';', '\t'] as const

/** What a first line `sep=;` says, by which spreadsheets are told; undefined for any other. */
export function saidSeparator(head: string): string | undefined {
  return /^(?:\xef\xbb\xbf|\ufeff)?"?sep=([,;\t])"?(?:[\r\n]|$)/i.exec(head)?.[1]
}

/** Refuses (`invalid`) what begins as a spreadsheet's own file or as UTF-16. */
export function refuseBinary(head: Buffer): void {
  const mark = head.toString('latin1', 0, 4)
  if (mark === 'PK\x03\x04' || mark === '\xd0\xcf\x11\xe0')
    throw refuse('invalid', '', 'the file is a spreadsheet or an archive: save it as CSV in UTF-8')
  // Where it has no mark, every second byte of its letters is zero.
  if (/^(?:\xff\xfe|\xfe\xff|[^\0]\0|\0[^\0])/.test(mark))
    throw refuse('invalid', '', 'the file is UTF-16: save it as UTF-8')
}

/** The most frequent one outside quotes in the first line. */
export function separatorIn(head: Buffer): string {
  const counts = new Map<number, number>(SEPARATORS.map((one) => [one.charCodeAt(0), 0]))
  let isQuoted = false
  for (const byte of head) {
    if (byte === QUOTE) isQuoted = !isQuoted
    else if (isQuoted) continue
    else if (byte === LF || byte === CR) break
    else if (counts.has(byte)) counts.set(byte, counts.get(byte)! + 1)
  }
  const countOf = (separator: string) => counts.get(separator.charCodeAt(0))!
  return SEPARATORS.reduce((best, one) => (countOf(one) > countOf(best) ? one : best))
}
