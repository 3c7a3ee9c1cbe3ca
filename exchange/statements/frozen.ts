import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Told } from './month-lines.ts'
import type { StatementLine } from './statement-line.ts'

/** The lines of a closed statement, packed: every process holds the catalog. */
export interface Frozen {
  count: number
  /** Of the lines as `JSON.stringify` writes them, in their order: whoever has them can check it. */
  sha256: string
  /** gzip, base64 */
  packed: string
}

export interface FrozenMonth {
  lines: StatementLine[]
  told: Told[]
}

export function freeze({ lines, told }: FrozenMonth): Frozen {
  const text = JSON.stringify({ lines, told })
  const packed = gzipSync(text, { level: 9 }).toString('base64')
  return { count: lines.length, sha256: sha256Of(lines), packed }
}

export function thaw({ packed }: Frozen): FrozenMonth {
  return JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString('utf8')) as FrozenMonth
}

export function sha256Of(lines: readonly StatementLine[]): string {
  return createHash('sha256').update(JSON.stringify(lines)).digest('hex')
}
