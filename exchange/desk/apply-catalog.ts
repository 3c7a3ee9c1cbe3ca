import { setImmediate as nextTurn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { type Problem, Refused, refuse } from '../../audience/refusal.ts'
import {
  type CatalogFiles,
  catalogFiles,
  diffFiles,
  type FilesDiff,
  filePath,
  filesDigest,
  partsOfPath,
} from '../../audience/store/catalog-files.ts'
import { StagedCatalog } from '../../audience/store/staged-catalog.ts'
import { CatalogConflict } from '../../audience/store/store.ts'
import { LIMITS } from '../limits.ts'
import { APPLIED_KINDS, type AppliedKind } from './catalog-kinds.ts'
import { type Actor, type DeskDeps, mustBeExchange, snapshotOf } from './desk.ts'

/** The catalog as files, and what names their content. */
export interface ExportedCatalog {
  files: CatalogFiles
  digest: string
}

export interface CatalogApply {
  /** JSON objects by path, as `exportCatalog` gives them. */
  files: Readonly<Record<string, unknown>>
  /** What is not among the files is deleted, where its kind can be. */
  prune: boolean
  /** Only says what would change. */
  dryRun: boolean
  /** The digest of the export that the files were compared with; another one is refused. */
  ifDigest?: string | undefined
}

export interface CatalogApplied {
  diff: FilesDiff
  /** Paths that are not among the files and stay all the same. */
  left: string[]
  /** Names the content of the catalog as it is now. */
  digest: string
  /** Versions of what was written, before and after; empty in a dry run. */
  written: { kind: string; id: string; before: number | null; after: number | null }[]
}

/** Objects between two turns of the event loop. */
const TURN_OBJECTS = 100
/** Numbers given in a dry run: far from any that is kept. */
const DRY_NUMBER = 1_000_000_000

/** The whole catalog as files. Only operators of the exchange see all of it. */
export function exportCatalog(deps: DeskDeps, actor: Actor): ExportedCatalog {
  mustBeExchange(actor)
  const files = catalogFiles(snapshotOf(deps), APPLIED_KINDS)
  return { files, digest: filesDigest(files) }
}

/**
 * Makes the catalog what the files say, in one write or not at all. Every object goes through the verb that
 * would write it by itself, in a staged catalog; what any of them refuses refuses the whole, all problems
 * at once, each with its path. What is the same already is not touched.
 */
export async function applyCatalog(
  deps: DeskDeps,
  actor: Actor,
  { files, prune, dryRun, ifDigest }: CatalogApply,
): Promise<CatalogApplied> {
  mustBeExchange(actor)
  await deps.feed.poke()
  const base = snapshotOf(deps)
  const now = exportCatalog(deps, actor)
  if (ifDigest !== undefined && ifDigest !== now.digest) throw refuseStale()
  const staged = new StagedCatalog(base, dryRun ? dryNumbers() : (s) => deps.catalog.nextNumber(s))
  const run = new ApplyRun({ ...deps, catalog: staged, feed: staged }, actor, now.files)
  await run.put(files)
  const left = [...now.files.keys()].filter((path) => !Object.hasOwn(files, path))
  const stays = prune ? await run.prune(left) : left
  run.finish()
  const after = catalogFiles(staged.current(), APPLIED_KINDS)
  const diff = diffFiles(now.files, after)
  if (dryRun) return { diff, left: stays, digest: now.digest, written: [] }
  const written = await commit(deps, staged)
  return { diff, left: stays, digest: filesDigest(after), written }
}

/** All staged verbs in one write. */
async function commit(deps: DeskDeps, staged: StagedCatalog): Promise<CatalogApplied['written']> {
  const writes = staged.writes()
  if (writes.length === 0) return []
  try {
    const version = await deps.catalog.write(writes)
    await deps.feed.poke()
    return writes.map(({ kind, id, value, expect }) => ({
      kind,
      id,
      before: expect || null,
      after: value === null ? null : version,
    }))
  } catch (error) {
    if (error instanceof CatalogConflict) throw refuseStale()
    throw error
  }
}

function refuseStale() {
  return refuse(
    'precondition_failed',
    '',
    'the catalog changed since it was compared: compare anew',
  )
}

function dryNumbers(): (sequence: string) => Promise<number> {
  let last = DRY_NUMBER
  return async () => ++last
}

/** One application under way: what it refused so far. */
class ApplyRun {
  readonly #deps: DeskDeps
  readonly #actor: Actor
  readonly #known: CatalogFiles
  readonly #problems: Problem[] = []
  #word: Refused['word'] = 'invalid'
  #objects = 0

  constructor(deps: DeskDeps, actor: Actor, known: CatalogFiles) {
    this.#deps = deps
    this.#actor = actor
    this.#known = known
  }

  /** Kind after kind, so that whatever an object names is there before it. */
  async put(files: Readonly<Record<string, unknown>>): Promise<void> {
    const byFolder = this.#sort(files)
    for (const kind of APPLIED_KINDS) {
      const bodies = byFolder.get(kind.folder) ?? new Map()
      for (const [id, body] of bodies)
        if (kind.bare && !this.#isThere(kind, id)) await this.#putBare(kind, id, body)
      for (const [id, body] of bodies) await this.#put(kind, id, body)
    }
  }

  /** Deletes what is left over, whatever names another before it; returns what cannot be deleted. */
  async prune(paths: readonly string[]): Promise<string[]> {
    const stays: string[] = []
    for (const kind of APPLIED_KINDS.toReversed()) {
      const own = paths.flatMap((path) => {
        const parts = partsOfPath(path)
        return parts?.folder === kind.folder ? [{ path, id: parts.id }] : []
      })
      if (!kind.delete) stays.push(...own.map(({ path }) => path))
      else {
        if (kind.bare)
          for (const { path, id } of own) await this.#putBare(kind, id, this.#known.get(path)!)
        for (const { path, id } of own)
          await this.#try(path, () => kind.delete!(this.#deps, this.#actor, { id }))
      }
    }
    return stays.sort()
  }

  finish(): void {
    if (this.#problems.length > 0) throw new Refused(this.#word, this.#problems)
  }

  #sort(files: Readonly<Record<string, unknown>>): Map<string, Map<string, object>> {
    const folders = new Map(APPLIED_KINDS.map(({ folder }) => [folder, new Map<string, object>()]))
    for (const [path, body] of Object.entries(files)) {
      const parts = partsOfPath(path)
      const folder = parts && folders.get(parts.folder)
      if (!parts || !folder)
        this.#wrong(
          path,
          `is no file of the catalog: those lie in ${[...folders.keys()].join(', ')}`,
        )
      else if (typeof body !== 'object' || body === null || Array.isArray(body))
        this.#wrong(path, 'must be a JSON object')
      else folder.set(parts.id, body)
    }
    return folders
  }

  #isThere({ kind }: AppliedKind, id: string): boolean {
    return snapshotOf(this.#deps).kind(kind).has(id)
  }

  async #put(kind: AppliedKind, id: string, body: object): Promise<void> {
    const path = filePath(kind.folder, id)
    if (isDeepStrictEqual(this.#known.get(path), body)) return
    await this.#try(path, () => kind.put(this.#deps, this.#actor, { id, body }))
  }

  /** So that two objects of one kind may name each other; what is wrong is said when it is put whole. */
  async #putBare(kind: AppliedKind, id: string, body: object): Promise<void> {
    try {
      await kind.put(this.#deps, this.#actor, { id, body: kind.bare!(body) })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
    }
  }

  async #try(path: string, write: () => Promise<unknown>): Promise<void> {
    if (++this.#objects % TURN_OBJECTS === 0) await nextTurn()
    try {
      await write()
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      for (const { field, reason } of error.problems) this.#wrong(`${path} ${field}`.trim(), reason)
      if (error.word !== 'invalid') this.#word = error.word
    }
  }

  #wrong(field: string, reason: string): void {
    if (this.#problems.length < LIMITS.applyProblemsMax) this.#problems.push({ field, reason })
  }
}
