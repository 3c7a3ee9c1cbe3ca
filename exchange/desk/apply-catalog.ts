import { setImmediate as nextTurn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { type Problem, Refused, refuse } from '../../audience/refusal.ts'
import {
  type CatalogFiles,
  catalogFiles,
  filePath,
  filesDigest,
  partsOfPath,
} from '../../audience/store/catalog-files.ts'
import { diffFiles, type FilesDiff } from '../../audience/store/diff-files.ts'
import { LIMITS } from '../limits.ts'
import { APPLIED_KINDS, type AppliedKind } from './catalog-kinds.ts'
import { type Actor, type DeskDeps, mustBeExchange, snapshotOf } from './desk.ts'
import { type StagedWrite, stagedWrite } from './staged-write.ts'

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
  written: StagedWrite[]
}

/** Objects between two turns of the event loop. */
const TURN_OBJECTS = 100

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
  asked: CatalogApply,
): Promise<CatalogApplied> {
  mustBeExchange(actor)
  return deps.turns.alone(() => applyAlone(deps, actor, asked))
}

async function applyAlone(
  deps: DeskDeps,
  actor: Actor,
  { files, prune, dryRun, ifDigest }: CatalogApply,
): Promise<CatalogApplied> {
  const work = async ({ reach: _, ...staged }: DeskDeps) => {
    const before = exportCatalog(staged, actor)
    if (ifDigest !== undefined && ifDigest !== before.digest) throw refuseStale()
    // How many people are in a segment is not known to files, and an instance may be empty yet: it is asked
    // again when a buyer asks for a contract.
    const left = await applyFiles(staged, actor, { files, prune, known: before.files })
    const after = exportCatalog(staged, actor)
    const diff = diffFiles(before.files, after.files)
    return { diff, left, digest: dryRun ? before.digest : after.digest }
  }
  const { value, written } = await stagedWrite(deps, work, { dryRun })
  return { ...value, written }
}

/** Returns the paths that are not among the files and stay. */
async function applyFiles(
  deps: DeskDeps,
  actor: Actor,
  { files, prune, known }: Pick<CatalogApply, 'files' | 'prune'> & { known: CatalogFiles },
): Promise<string[]> {
  const left = [...known.keys()].filter((path) => !Object.hasOwn(files, path))
  const run = new ApplyRun(deps, actor, known)
  run.put(files)
  const stays = prune ? run.prune(left) : left
  await run.finish()
  return stays
}

function refuseStale() {
  return refuse(
    'precondition_failed',
    '',
    'the catalog changed since it was compared: compare anew',
  )
}

/** One verb to be done on the staged catalog. */
interface Step {
  path: string
  /** Only makes way for others: that it is refused means nothing. */
  isOptional?: boolean
  run(): Promise<unknown>
}

/**
 * One application: what has to be done, and what was refused. An object is put after those it may name, and
 * deleted before them; what is refused all the same is tried again once the rest is done, since it may have
 * stood in the way (a name that was taken, something sold exclusively).
 */
class ApplyRun {
  readonly #deps: DeskDeps
  readonly #actor: Actor
  readonly #known: CatalogFiles
  readonly #steps: Step[] = []
  readonly #problems: Problem[] = []
  #objects = 0

  constructor(deps: DeskDeps, actor: Actor, known: CatalogFiles) {
    this.#deps = deps
    this.#actor = actor
    this.#known = known
  }

  put(files: Readonly<Record<string, unknown>>): void {
    const byFolder = this.#sort(files)
    for (const kind of APPLIED_KINDS) {
      const bodies = byFolder.get(kind.folder)!
      for (const [id, body] of bodies)
        if (!this.#known.has(filePath(kind.folder, id))) this.#putBare(kind, id, body)
      for (const [id, body] of bodies) this.#put(kind, id, body)
    }
  }

  /** Deletes what is left over; returns what cannot be deleted. */
  prune(paths: readonly string[]): string[] {
    const stays: string[] = []
    for (const kind of APPLIED_KINDS.toReversed()) {
      const own = paths.filter((path) => partsOfPath(path)?.folder === kind.folder)
      const ids = own.map((path) => partsOfPath(path)!.id)
      if (!kind.delete) stays.push(...own)
      else {
        for (const [i, id] of ids.entries()) this.#putBare(kind, id, this.#known.get(own[i]!)!)
        for (const id of ids) this.#delete(kind, id)
      }
    }
    return stays.sort()
  }

  async finish(): Promise<void> {
    let pending: readonly Step[] = this.#steps
    let refused = await this.#round(pending)
    while (refused.size > 0 && refused.size < pending.length) {
      pending = [...refused.keys()]
      refused = await this.#round(pending)
    }
    for (const [{ path }, { problems }] of refused)
      for (const { field, reason } of problems) this.#wrong(`${path} ${field}`.trim(), reason)
    if (this.#problems.length === 0) return
    const words = new Set([...refused.values()].map(({ word }) => word))
    const word = [...words].find((one) => one !== 'invalid') ?? 'invalid'
    throw new Refused(word, this.#problems)
  }

  async #round(steps: readonly Step[]): Promise<Map<Step, Refused>> {
    const refused = new Map<Step, Refused>()
    for (const step of steps) {
      if (++this.#objects % TURN_OBJECTS === 0) await nextTurn()
      try {
        await step.run()
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        if (!step.isOptional) refused.set(step, error)
      }
    }
    return refused
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

  #put(kind: AppliedKind, id: string, body: object): void {
    const path = filePath(kind.folder, id)
    if (isDeepStrictEqual(this.#known.get(path), body)) return
    this.#steps.push({ path, run: () => kind.put(this.#deps, this.#actor, { id, body }) })
  }

  #delete(kind: AppliedKind, id: string): void {
    const path = filePath(kind.folder, id)
    this.#steps.push({ path, run: () => kind.delete!(this.#deps, this.#actor, { id }) })
  }

  /** So that two objects of one kind may name each other. */
  #putBare(kind: AppliedKind, id: string, body: object): void {
    if (!kind.bare) return
    const path = filePath(kind.folder, id)
    const run = () => kind.put(this.#deps, this.#actor, { id, body: kind.bare!(body) })
    this.#steps.push({ path, isOptional: true, run })
  }

  #wrong(field: string, reason: string): void {
    if (this.#problems.length < LIMITS.applyProblemsMax) this.#problems.push({ field, reason })
  }
}
