import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../audience/clock.ts'
import { type EgressBatch, type EgressSink, ROW_WORDS } from './egress-meter.ts'

const SUFFIX = '.egress'
const DRAFT = '.tmp'
const NEWLINE = 10
const WORD_BYTES = 4

/**
 * Batches on the way from a bid process to the desk: a file each, whole once it has its name, and removed
 * once the store has what it says. A line of JSON, then the rows, little-endian.
 */
export class EgressSpool implements EgressSink {
  readonly #dir: string
  readonly #prefix: string
  #sequence = 0

  private constructor(dir: string, prefix: string) {
    this.#dir = dir
    this.#prefix = prefix
  }

  /** `process` tells the writers of one directory apart; the clock, their lives. What an earlier life left half written goes. */
  static async open(dir: string, process: string, clock: Clock): Promise<EgressSpool> {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    const name = process.replaceAll(/\W/g, '_')
    for (const left of await readdir(dir))
      if (left.includes(`-${name}-`) && left.endsWith(DRAFT)) await rm(join(dir, left))
    return new EgressSpool(dir, `${clock.now()}-${name}`)
  }

  async append({ day, sets, rows }: EgressBatch): Promise<void> {
    const name = join(this.#dir, `${this.#prefix}-${this.#sequence++}`)
    const file = await open(name + DRAFT, 'w', 0o600)
    try {
      const bytes = Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength)
      await file.writev([Buffer.from(`${JSON.stringify({ day, sets })}\n`), bytes])
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(name + DRAFT, `${name}${SUFFIX}`)
  }
}

/** Files that wait for the desk, oldest first. */
export async function spooledFiles(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch(() => [])
  return names
    .filter((name) => name.endsWith(SUFFIX))
    .sort()
    .map((name) => join(dir, name))
}

/** Undefined for a file that is not what `append` writes: it is put aside under another name. */
export async function readSpooled(path: string): Promise<EgressBatch | undefined> {
  const bytes = await readFile(path)
  const end = bytes.indexOf(NEWLINE)
  try {
    const { day, sets } = JSON.parse(bytes.toString('utf8', 0, end)) as EgressBatch
    const body = bytes.subarray(end + 1)
    if (body.length % (ROW_WORDS * WORD_BYTES) !== 0) throw new Error('a row is cut off')
    const rows = new Uint32Array(body.length / WORD_BYTES)
    for (let i = 0; i < rows.length; i++) rows[i] = body.readUInt32LE(i * WORD_BYTES)
    return { day, sets, rows }
  } catch {
    await rename(path, `${path}.unreadable`)
    return undefined
  }
}

export function dropSpooled(path: string): Promise<void> {
  return rm(path, { force: true })
}
