import { Rounds } from '../rounds.ts'
import type { SightingStore } from '../store/plan-stores.ts'
import { PLAN_LIMITS } from './plan-limits.ts'
import type { SourceSightings } from './source-sightings.ts'

export interface SightingsWriter {
  /** Writes now. Never rejects: what the store did not take is lost, and was only counted. */
  poke(): Promise<void>
  /** Writes the last of them. */
  close(): Promise<void>
}

/** Names written at once: what a store is held up for. */
const BATCH_MAX = 1_000

/** Brings what a process saw to the store, every few seconds. */
export function writeSightings({
  sightings,
  store,
  log,
}: {
  sightings: SourceSightings
  store: SightingStore
  log: { error(details: object, message: string): void }
}): SightingsWriter {
  const write = async (): Promise<void> => {
    for (const [shelf, seen] of sightings.take())
      for (let from = 0; from < seen.length; from += BATCH_MAX) {
        const batch = seen.slice(from, from + BATCH_MAX)
        sightings.leftOut(await store.note(shelf, batch))
      }
  }
  const trying = () =>
    write().catch((error: unknown) =>
      log.error({ error: String(error) }, 'what was seen of sources could not be written'),
    )
  const rounds = new Rounds(PLAN_LIMITS.writeMs, trying)
  return {
    poke: () => rounds.poke(),
    async close() {
      await rounds.stop()
      await trying()
    },
  }
}
