import { refuse } from '../../audience/refusal.ts'
import { StagedCatalog } from '../../audience/store/staged-catalog.ts'
import { CatalogConflict, type CatalogStore } from '../../audience/store/store.ts'
import { LIMITS } from '../limits.ts'
import { GUARD_KINDS } from '../sold-kinds.ts'
import { type DeskDeps, snapshotOf } from './desk.ts'
import { Turns } from './turns.ts'

/** A record that was written with others, and its versions. */
export interface StagedWrite {
  kind: string
  id: string
  before: number | null
  after: number | null
}

export interface StagedOptions {
  /** Nothing is written in the end, and no number is given away. */
  dryRun?: boolean
  /** How often it is done anew where somebody else wrote meanwhile; default LIMITS.writeAttempts. */
  attempts?: number
}

/**
 * Lets verbs work on a catalog that only they see, and writes all they did in one: other processes see none
 * of it or all. Where the catalog changed under it, it is done anew from what is there now; `conflict` in the end.
 */
export async function stagedWrite<T>(
  deps: DeskDeps,
  work: (staged: DeskDeps) => Promise<T>,
  { dryRun = false, attempts = LIMITS.writeAttempts }: StagedOptions = {},
): Promise<{ value: T; written: StagedWrite[] }> {
  for (let attempt = 1; ; attempt++) {
    await deps.feed.poke()
    const numbers = dryRun ? dryNumbers() : numbersOf(deps.catalog)
    const staged = new StagedCatalog(snapshotOf(deps), numbers)
    const value = await work({ ...deps, catalog: staged, feed: staged, turns: new Turns() })
    if (dryRun) return { value, written: [] }
    try {
      return { value, written: await commit(deps, staged) }
    } catch (error) {
      if (!(error instanceof CatalogConflict)) throw error
      if (attempt >= attempts) throw refuse('conflict', '', error.message)
    }
  }
}

async function commit(deps: DeskDeps, staged: StagedCatalog): Promise<StagedWrite[]> {
  const writes = staged.writes()
  if (writes.length === 0) return []
  const version = await deps.catalog.write(writes)
  await deps.feed.poke()
  const told = writes.filter(({ kind }) => !GUARD_KINDS.includes(kind))
  return told.map(({ kind, id, value, expect }) => ({
    kind,
    id,
    before: expect || null,
    after: value === null ? null : version,
  }))
}

function numbersOf(catalog: CatalogStore): (sequence: string) => Promise<number> {
  return (sequence) => catalog.nextNumber(sequence)
}

/** Far from any number that is kept. */
const DRY_NUMBER = 1_000_000_000

function dryNumbers(): (sequence: string) => Promise<number> {
  let last = DRY_NUMBER
  return async () => ++last
}
