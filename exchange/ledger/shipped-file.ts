import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { StreamPosition } from '../../audience/store/store.ts'

/** What the desk knows to have counted from the streams of this directory. */
export interface Shipped {
  /** Position by stream; one without a file was lost. */
  streams: Map<string, StreamPosition>
  /** Day (UTC) of the newest stream that retention removed; '' for none. */
  retiredThrough: string
}

const NAME = 'shipped.json'

/**
 * Reads `<dir>/shipped.json`: {"streams": {"<stream>": [seq, "<chain>"]}, "retiredThrough": "2026-11-26"}. It
 * is the witness, beside the store, of what the streams held: without it a lost end or file would go
 * unnoticed where the store is out of reach. One that cannot be read counts as empty.
 */
export async function readShipped(dir: string): Promise<Shipped> {
  try {
    const { streams, retiredThrough = '' } = JSON.parse(await readFile(join(dir, NAME), 'utf8'))
    const entries = Object.entries(streams as Record<string, [number, string]>)
    const positions = entries.map(([stream, [seq, digest]]) => [stream, { seq, digest }] as const)
    return { streams: new Map(positions), retiredThrough: String(retiredThrough) }
  } catch {
    return { streams: new Map(), retiredThrough: '' }
  }
}

/** Replaces the file whole, and durably. */
export async function writeShipped(dir: string, shipped: Shipped): Promise<void> {
  const streams: Record<string, [number, string]> = {}
  for (const [stream, { seq, digest }] of shipped.streams) streams[stream] = [seq, digest]
  const draft = join(dir, `${NAME}.draft`)
  const file = await open(draft, 'w', 0o600)
  try {
    await file.writeFile(JSON.stringify({ streams, retiredThrough: shipped.retiredThrough }))
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(draft, join(dir, NAME))
}
