import { createHash } from 'node:crypto'
import type { CatalogSnapshot } from './catalog-snapshot.ts'

/** How the records of one kind stand in files: declared by the room that keeps the kind. */
export interface FileKind {
  kind: string
  /** `partners`: a record is the file `partners/<id>.json`. */
  folder: string
  /**
   * What the file of a record says: everything that makes it the same in another installation, and
   * nothing that only this one knows (numbers, hashes, dates of writing). Undefined: it has no file.
   */
  toFile(id: string, value: unknown): object | undefined
}

/** JSON objects by path, in the order of their paths. */
export type CatalogFiles = ReadonlyMap<string, object>

/** The files of a catalog, the same for the same catalog: keys sorted, undefined left out. */
export function catalogFiles(snapshot: CatalogSnapshot, kinds: readonly FileKind[]): CatalogFiles {
  const files: [string, object][] = []
  for (const { kind, folder, toFile } of kinds)
    for (const { id, value } of snapshot.kind(kind).values()) {
      const file = toFile(id, value)
      if (file) files.push([filePath(folder, id), sorted(file) as object])
    }
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function filePath(folder: string, id: string): string {
  return `${folder}/${id}.json`
}

/** Folder and id of a path; undefined where it is not of that form. */
export function partsOfPath(path: string): { folder: string; id: string } | undefined {
  const [, folder, id] = /^([a-z-]+)\/([^/]+)[.]json$/.exec(path) ?? []
  return folder === undefined || id === undefined ? undefined : { folder, id }
}

/** A file's text, as it is kept under version control: one field a line, a newline at the end. */
export function fileText(file: object): string {
  return `${JSON.stringify(sorted(file), null, 2)}\n`
}

/** Names the content of a set of files, to tell whether it is still the same. */
export function filesDigest(files: CatalogFiles): string {
  const hash = createHash('sha256')
  for (const [path, file] of files) hash.update(JSON.stringify([path, file]))
  return hash.digest('hex').slice(0, 32)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => [key, sorted(field)]),
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
