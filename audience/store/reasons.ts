import type { StoreFinding } from './store.ts'

/** What can be wrong with a store while it goes on working; health shows `degraded: <word>`. */
export const StoreFindings = {
  unreachable: 'The store does not answer: bids go on unenriched; check its address and process.',
  listpack: 'Profiles are not kept as listpacks: raise hash-max-listpack-entries and -value.',
  appendonly: 'Append-only persistence is off: a restart of the server loses answered writes.',
  eviction:
    'An eviction policy is set: the server may drop people; set maxmemory-policy noeviction.',
  commit_failed: 'The last write could not be committed: check free space and the disk itself.',
  snapshot_ignored:
    'The catalog snapshot file is damaged or foreign: it is not used, and rewritten.',
  listener_failed:
    'A room could not take the last catalog: shared segments stay closed until it can.',
  snapshot_unwritten: 'The catalog snapshot cannot be written: check the data directory.',
} as const
export type StoreFindingWord = keyof typeof StoreFindings

/** A finding with its sentence, and what was observed (an error's message, a setting's value). */
export function storeFinding(finding: StoreFindingWord, observed = ''): StoreFinding {
  const advice: string = StoreFindings[finding]
  return { finding, advice: observed ? `${advice} (${observed})` : advice }
}
