import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LayeredMap } from './layered-map.ts'
import { LIMITS } from './limits.ts'
import type { CatalogRecord, CatalogRecords } from './store.ts'

const FORMAT = 'passerelle-catalog/1'
const NONE = LayeredMap.empty<string, CatalogRecord>()

/** Live records of one kind by id. */
export type KindRecords = LayeredMap<string, CatalogRecord>
type Kinds = ReadonlyMap<string, KindRecords>

/** The whole catalog at one version. Immutable: a change makes a new one. */
export class CatalogSnapshot {
  readonly version: number
  readonly #kinds: Kinds

  private constructor(version: number, kinds: Kinds) {
    this.version = version
    this.#kinds = kinds
  }

  static of({ version, records }: CatalogRecords): CatalogSnapshot {
    return new CatalogSnapshot(version, new Map()).with({ version, records })
  }

  /** Live records of a kind by id; empty where there are none. */
  kind(name: string): KindRecords {
    return this.#kinds.get(name) ?? NONE
  }

  /** Every live record. */
  *records(): Iterable<CatalogRecord> {
    for (const records of this.#kinds.values()) yield* records.values()
  }

  /** A new snapshot with these changes; kinds they do not touch are shared with this one. */
  with({ version, records }: CatalogRecords): CatalogSnapshot {
    const kinds = new Map(this.#kinds)
    const changed = new Map<string, [string, CatalogRecord | undefined][]>()
    for (const record of records) {
      let changes = changed.get(record.kind)
      if (!changes) changed.set(record.kind, (changes = []))
      changes.push([record.id, record.value === null ? undefined : record])
    }
    for (const [kind, changes] of changed) kinds.set(kind, this.kind(kind).with(changes))
    return new CatalogSnapshot(version, kinds)
  }
}

/** What a snapshot file held: a snapshot, a sentence why it is ignored, or nothing where it is absent. */
export interface SnapshotFile {
  snapshot?: CatalogSnapshot
  ignored?: string
}

/**
 * Reads a snapshot file: a header line (format, version, SHA-256 of version and rest), then the records as
 * one JSON array. Never throws: what cannot be trusted is ignored with a sentence.
 */
export function readSnapshotFile(file: string): SnapshotFile {
  try {
    if (statSync(file).size > LIMITS.snapshotBytesMax) return { ignored: `${file} is too large` }
    const text = readFileSync(file, 'utf8')
    const headEnd = text.indexOf('\n')
    const head = JSON.parse(text.slice(0, headEnd)) as Record<string, unknown>
    const body = text.slice(headEnd + 1)
    if (head['format'] !== FORMAT) return { ignored: `${file} is not of format ${FORMAT}` }
    if (head['sha256'] !== checksum(Number(head['version']), body)) {
      return { ignored: `${file} fails its checksum` }
    }
    const records = JSON.parse(body) as CatalogRecord[]
    return { snapshot: CatalogSnapshot.of({ version: Number(head['version']), records }) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    return { ignored: `${file} cannot be read` }
  }
}

/** Writes the file whole or not at all: beside it, synced, then renamed into place. Mode 0600. */
export async function writeSnapshotFile(file: string, snapshot: CatalogSnapshot): Promise<void> {
  const body = JSON.stringify([...snapshot.records()])
  const head = {
    format: FORMAT,
    version: snapshot.version,
    sha256: checksum(snapshot.version, body),
  }
  const draft = `${file}.${process.pid}.tmp`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const handle = await open(draft, 'w', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(head)}\n${body}`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, file)
}

function checksum(version: number, body: string): string {
  return createHash('sha256').update(`${version}\n${body}`).digest('hex')
}
