import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../clock.ts'
import { LIMITS } from '../limits.ts'
import { storeFinding } from '../reasons.ts'
import type { Store, StoreFinding } from '../store.ts'
import { ChangeLog } from './change-log.ts'
import { EmbeddedCatalog } from './embedded-catalog.ts'
import { EmbeddedClaims } from './embedded-claims.ts'
import { EmbeddedEvents } from './embedded-events.ts'
import { EmbeddedHeld } from './embedded-held.ts'
import { EmbeddedHistories } from './embedded-histories.ts'
import { EmbeddedPeople } from './embedded-people.ts'
import { EmbeddedSightings } from './embedded-sightings.ts'
import { EmbeddedTallies } from './embedded-tallies.ts'
import { EmbeddedVault } from './embedded-vault.ts'
import { EmbeddedDb } from './lmdb.ts'
import { PresenceFiles } from './presence-files.ts'
import { rootSecretIn } from './root-secret.ts'

export interface EmbeddedStoreOptions {
  clock: Clock
  /** Default LIMITS.logEntriesMax. */
  logEntriesMax?: number
  /** Default LIMITS.queueEventsMax. */
  queueEventsMax?: number
}

/**
 * Opens the store of one machine: LMDB in `dir` (made where absent, mode 0700), shared by all
 * processes of this machine. Reads are synchronous; writes resolve once synced to disk.
 */
export async function openEmbeddedStore(
  dir: string,
  options: EmbeddedStoreOptions,
): Promise<Store> {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const db = new EmbeddedDb(dir)
  const log = await ChangeLog.open(db, options.logEntriesMax ?? LIMITS.logEntriesMax)
  const people = new EmbeddedPeople(db, log, options.clock)
  return {
    kind: 'embedded',
    people,
    histories: new EmbeddedHistories({ db, log, people, clock: options.clock }),
    events: new EmbeddedEvents(db, options.queueEventsMax ?? LIMITS.queueEventsMax),
    sightings: new EmbeddedSightings(db, options.clock),
    held: new EmbeddedHeld(db, options.clock),
    vault: new EmbeddedVault(db, people),
    catalog: new EmbeddedCatalog(db),
    tallies: new EmbeddedTallies(db, options.clock),
    presence: new PresenceFiles(join(dir, 'present'), options.clock),
    claims: new EmbeddedClaims(db, options.clock),
    rootSecret: () => rootSecretIn(dir),
    findings: () => findingsOf(db),
    close: () => db.close(),
  }
}

function findingsOf(db: EmbeddedDb): StoreFinding[] {
  return db.commitError ? [storeFinding('commit_failed', db.commitError.message)] : []
}
