import { isDeepStrictEqual } from 'node:util'
import type { CatalogFiles } from './catalog-files.ts'

/** One field that differs; what is absent on a side is left out. */
export interface FieldChange {
  /** Dotted path; a list is one field. */
  field: string
  before?: unknown
  after?: unknown
}

export interface FilesDiff {
  created: string[]
  changed: { path: string; fields: FieldChange[] }[]
  deleted: string[]
  /** How many are the same. */
  unchanged: number
}

/** What leads from one set of files to another, field by field, in the order of paths. */
export function diffFiles(before: CatalogFiles, after: CatalogFiles): FilesDiff {
  const diff: FilesDiff = { created: [], changed: [], deleted: [], unchanged: 0 }
  for (const [path, file] of after) {
    const known = before.get(path)
    if (!known) diff.created.push(path)
    else {
      const fields = [...fieldChanges(known, file, '')]
      if (fields.length > 0) diff.changed.push({ path, fields })
      else diff.unchanged++
    }
  }
  for (const path of before.keys()) if (!after.has(path)) diff.deleted.push(path)
  return diff
}

function* fieldChanges(before: unknown, after: unknown, field: string): Iterable<FieldChange> {
  if (isDeepStrictEqual(before, after)) return
  if (isObject(before) && isObject(after))
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      yield* fieldChanges(ownOf(before, key), ownOf(after, key), field ? `${field}.${key}` : key)
  else
    yield {
      field,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    }
}

/** Keys are anybody's texts: `__proto__` is one like others. */
function ownOf(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
