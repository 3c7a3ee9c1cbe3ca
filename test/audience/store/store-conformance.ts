import { afterEach, describe } from 'vitest'
import type { Clock } from '../../../audience/clock.ts'
import type { Store } from '../../../audience/store/store.ts'
import { catalogConformance } from './conformance-catalog.ts'
import { changesConformance } from './conformance-changes.ts'
import { claimsConformance } from './conformance-claims.ts'
import { egressConformance } from './conformance-egress.ts'
import { eventsConformance } from './conformance-events.ts'
import { historiesConformance } from './conformance-histories.ts'
import { matchesConformance } from './conformance-matches.ts'
import { peopleConformance } from './conformance-people.ts'
import { plansConformance } from './conformance-plans.ts'
import { presenceConformance } from './conformance-presence.ts'
import { processesConformance } from './conformance-processes.ts'
import { suppressionConformance } from './conformance-suppression.ts'
import { talliesConformance } from './conformance-tallies.ts'
import { vaultConformance } from './conformance-vault.ts'

/** A store of its own for one test. */
export interface OpenedStore {
  store: Store
  /** What `openStore` takes in another process for the same store. */
  address: string
  dataDir: string
  /** One more handle on the same store, as another process would have it; whoever asks closes it. */
  reopen(): Promise<Store>
  /** Closes `store` (once more is no error) and removes what it kept. */
  close(): Promise<void>
}

export interface OpenedStoreOptions {
  /** About how many changes the log keeps. Absent: the store's default. */
  logEntriesMax?: number
  /** How many events may wait. Absent: the store's default. */
  queueEventsMax?: number
  /** Absent: the system's. */
  clock?: Clock
}

/** Opens a store for one test, closed behind it. */
export type OpenForTest = (options?: OpenedStoreOptions) => Promise<OpenedStore>

/** What `Store` promises, as tests over any implementation of it. */
export function storeConformance(
  name: string,
  open: (options?: OpenedStoreOptions) => Promise<OpenedStore>,
): void {
  describe(`${name} keeps the promises of a store`, () => {
    const opened: OpenedStore[] = []
    const openForTest: OpenForTest = async (options) => {
      const one = await open(options)
      opened.push(one)
      return one
    }
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close()
    })

    describe('people', () => peopleConformance(openForTest))
    describe('matches', () => matchesConformance(openForTest))
    describe('suppression', () => suppressionConformance(openForTest))
    describe('egress', () => egressConformance(openForTest))
    describe('change log', () => changesConformance(openForTest))
    describe('claims', () => claimsConformance(openForTest))
    describe('events', () => eventsConformance(openForTest))
    describe('tracking plans', () => plansConformance(openForTest))
    describe('vault', () => vaultConformance(openForTest))
    describe('histories', () => historiesConformance(openForTest))
    describe('catalog', () => catalogConformance(openForTest))
    describe('tallies', () => talliesConformance(openForTest))
    describe('presence', () => presenceConformance(openForTest))
    describe('processes', () => processesConformance(openForTest))
  })
}
