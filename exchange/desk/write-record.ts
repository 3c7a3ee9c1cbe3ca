import { isDeepStrictEqual } from 'node:util'
import { type Problem, Refused, refuse } from '../../audience/refusal.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import {
  CatalogConflict,
  type CatalogRecord,
  type CatalogWrite,
} from '../../audience/store/store.ts'
import { LIMITS } from '../limits.ts'
import { type DeskDeps, snapshotOf, type WriteOptions, type Written } from './desk.ts'

export interface Target {
  kind: string
  id: string
}

/** What a verb wants written, decided from the catalog as it is. */
export interface Draft<T> {
  /** The record's new value; null deletes it. */
  value: T | null
  /** Written or deleted with it, all or nothing. */
  also?: CatalogWrite[]
}

/** Decides from the record as it is (undefined: not there) what to write; may refuse. */
export type Decide<T> = (
  existing: CatalogRecord | undefined,
  snapshot: CatalogSnapshot,
) => Draft<T> | Promise<Draft<T>>

/**
 * One record read, decided on and written, with optimistic locking: somebody else's write in between
 * means deciding anew, unless the caller named the version it had read. A write that changes nothing
 * is not made. When it returns, this process sees what was written.
 */
export async function writeRecord<T>(
  deps: DeskDeps,
  target: Target,
  { ifMatch, decide }: WriteOptions & { decide: Decide<T> },
): Promise<Written<T | null>> {
  for (let attempt = 1; ; attempt++) {
    await deps.feed.poke()
    const snapshot = snapshotOf(deps)
    const existing = snapshot.kind(target.kind).get(target.id)
    checkMatch(existing, ifMatch)
    const draft = await decide(existing, snapshot)
    if (existing && !draft.also && isDeepStrictEqual(existing.value, draft.value))
      return { value: draft.value, version: existing.version, created: false }
    try {
      return await write(deps, { ...target, existing, draft })
    } catch (error) {
      if (!(error instanceof CatalogConflict)) throw error
      if (attempt === LIMITS.writeAttempts) throw refuse('conflict', '', error.message)
    }
  }
}

/**
 * A body as its schema sees it: null and absent mean the same, what only we write is left
 * out, so that what was read can be sent back. Refuses with every field at fault.
 */
export function checkedBody<T>(
  body: unknown,
  check: (value: unknown) => Problem[],
  readOnly: readonly string[] = ['id'],
): T {
  const given = withoutNulls(body)
  if (typeof given === 'object' && given !== null)
    for (const field of readOnly) delete (given as Record<string, unknown>)[field]
  const problems = check(given)
  if (problems.length > 0) throw new Refused('invalid', problems)
  return given as T
}

/** Refuses with all problems there are, if there are any. */
export function refuseAll(word: Refused['word'], problems: readonly Problem[]): void {
  if (problems.length > 0) throw new Refused(word, problems)
}

/** An operator's id in a path: refused where it has the wrong form. */
export function checkId(id: string): void {
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(id))
    throw refuse('invalid', 'id', 'must match pattern "^[a-z0-9][a-z0-9_-]{0,62}$"')
}

async function write<T>(
  deps: DeskDeps,
  { kind, id, existing, draft }: Target & { existing: CatalogRecord | undefined; draft: Draft<T> },
): Promise<Written<T | null>> {
  const expect = existing?.version ?? 0
  const value = draft.value
  const version = await deps.catalog.write([{ kind, id, value, expect }, ...(draft.also ?? [])])
  await deps.feed.poke()
  return { value, version, created: !existing }
}

/** Refuses (`precondition_failed`) where the caller read another version. */
export function checkMatch(existing: CatalogRecord | undefined, ifMatch: number | undefined): void {
  if (ifMatch !== undefined && ifMatch !== (existing?.version ?? 0))
    throw refuse('precondition_failed', '', 'it was changed since you read it: read it again')
}

const DEPTH_MAX = 16

/** `Object.fromEntries` makes own fields of every name, `__proto__` too: the schema then refuses it. */
function withoutNulls(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return value
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([name, field]) => [name, withoutNulls(field, depth + 1)]),
  )
}
