import type { EdgeClaim } from '../../proto/edge-blob.ts'
import type { EgressEntry, PastMatch } from '../../proto/egress-blob.ts'
import type { SuppressionKind } from '../../proto/suppression-mark.ts'
import type { Soon } from '../soon.ts'
import type { ClaimStore } from './claim-store.ts'
import type { EventQueue, HistoryStore } from './event-stores.ts'
import type { HeldMessages, SightingStore } from './plan-stores.ts'
import type { VaultStore } from './vault-store.ts'

/**
 * The one interface behind which people and the catalog are kept: embedded (LMDB) or Redis. Its
 * verbs are the domain's. One conformance suite (`test/audience/store/store-conformance.ts`) runs over all.
 *
 * Durability: a promise of a writing verb resolves when the write survives `kill -9`. Every write is
 * seen by every process within 1 s through `changesSince`.
 */
export interface Store {
  readonly kind: 'embedded' | 'redis'
  readonly people: PeopleStore
  readonly catalog: CatalogStore
  readonly tallies: TallyStore
  readonly presence: PresenceStore
  readonly claims: ClaimStore
  readonly histories: HistoryStore
  readonly events: EventQueue
  readonly sightings: SightingStore
  readonly held: HeldMessages
  readonly vault: VaultStore
  /** Root secret of this installation (32 bytes), made on first use; rejects while the store is out of reach. */
  rootSecret(): Promise<Buffer>
  /** What an operator should know; empty when all is well (e.g. `listpack: …`, `unreachable: …`). */
  findings(): StoreFinding[]
  close(): Promise<void>
}

export type { EgressEntry, PastMatch }

export interface StoreFinding {
  /** One word, e.g. `listpack`, `appendonly`, `eviction`, `unreachable`. */
  finding: string
  /** A sentence: what is wrong and what to do. */
  advice: string
}

/** 128-bit key of one (namespace, value): 16 bytes. See people/user-key.ts. */
export type UserKey = Buffer

export interface PeopleStore {
  /**
   * The records of up to LIMITS.recallKeysMax keys, in the order asked, read in one batch.
   * `undefined` for a stranger. Synchronous in the embedded store. Rejects when the store is out of reach.
   */
  recall(keys: readonly UserKey[]): Soon<(PersonRecord | undefined)[]>
  /**
   * The same, for whoever writes upon what is read, or answers for all of it: it may take as long as a write
   * may, and is not refused for what befalls the bid path.
   */
  recallForWrite(keys: readonly UserKey[]): Soon<(PersonRecord | undefined)[]>
  /**
   * Adds and removes memberships; the profile and its change-log entry are written atomically, per
   * key, in the order of the batch. A long batch is written in parts: where it rejects, a first part
   * may be in, and giving the batch again is safe. What changes nothing is not logged.
   * Resolves with the places in the batch of those that would have added something to a suppressed key:
   * of these nothing is kept.
   */
  assign(batch: readonly Assignment[]): Promise<Refused>
  /**
   * Writes edges, seen from both ends; of the same ids and owner there is one. Which are
   * refused, and why, is decided before (people/link.ts); but whatever was decided, an edge with a
   * suppressed end is kept at neither. Resolves with the places of those. `seen` spares reading the ends
   * once more; where it is out of date they are.
   */
  link(edges: readonly Edge[], seen?: SeenEdges): Promise<Refused>
  /** Removes the edges between two ids, of all owners or of one; one that is not there is no error. */
  unlink(pairs: readonly Unlinking[]): Promise<void>
  /** Removes all that is known under the keys: memberships, and edges from both ends. */
  forget(keys: readonly UserKey[]): Promise<void>
  /**
   * Leaves people alone for good: from the moment a mark stands under a key, recall answers with it
   * (proto/suppression-mark.ts), and nothing is assigned or linked to it any more. All that was known
   * under it goes, memberships and edges from both ends. The mark is there first and for all keys of the
   * batch, so that a batch that broke off is made whole by giving it again. Nothing takes a mark away.
   * Of a live edge both ends keep, beside the egress and as long, whose key was at the other: see pastMatchesOf.
   */
  suppress(batch: readonly SuppressionOrder[]): Promise<void>
  /**
   * Adds to what is kept of who was given what about whom, beside the record and never read with it: days
   * and segments add up by recipient, channel and reference; what is older than LIMITS.egressDays goes.
   * Under a suppressed key only recipients and days are kept, which is what it takes to pass an erasure on.
   */
  noteEgress(notes: readonly EgressNote[]): Promise<void>
  /** What is kept of it under some keys, in the order asked. */
  egressOf(keys: readonly UserKey[]): Promise<EgressEntry[][]>
  /**
   * The edges that suppressions took from some keys, in the order asked: for whoever passes an erasure on, and
   * for nothing else.
   */
  pastMatchesOf(keys: readonly UserKey[]): Promise<PastMatch[][]>
  /** Drops what was last given before a UTC day, and edges that were taken before it, of everybody. */
  sweepEgress(oldestDay: number): Promise<void>
  /**
   * All that is kept of one part, under every key that has it, in batches and in no order. Of what is written
   * meanwhile it may have the old or the new.
   */
  walk(part: PeoplePart): AsyncIterable<KeptPart[]>
  /** Every key that holds any of these segments, in batches: for `mode=replace` and clean-up. */
  holders(segment: number): AsyncIterable<UserKey[]>
  /** Where the change log ends now. */
  changesEnd(): Promise<LogCursor>
  /**
   * Entries after `cursor`, oldest first, at most `max`. `fellOff` when the log no longer reaches back
   * that far: the reader must start clean (drop what it derived) from `cursor` of the answer.
   * Cheap when nothing is new: near-caches call it every 50 ms or less.
   */
  changesSince(cursor: LogCursor, max: number): Soon<Changes>
  /** When (`clock.elapsed()`) nothing was behind the cursor, less than a second ago; undefined: ask. Absent: asking is cheap. */
  quietSinceMs?(cursor: LogCursor): number | undefined
  /** Calls `tell` of what came behind where it was read to; a hint. Returns what ends that. */
  onNews?(tell: () => void): () => void
}

export const PEOPLE_PARTS = ['profile', 'edges', 'egress'] as const
/** What is kept under a key: the two parts of its record, and beside them who was given what. */
export type PeoplePart = (typeof PEOPLE_PARTS)[number]

export interface KeptPart {
  key: UserKey
  /** Packed: see PersonRecord and proto/egress-blob.ts. */
  bytes: Uint8Array
}

/** What somebody was given about the person behind a key. */
export interface EgressNote {
  key: UserKey
  entries: readonly EgressEntry[]
}

/** Places in a batch, ascending; nearly always none. */
export type Refused = readonly number[]

export interface SuppressionOrder {
  key: UserKey
  kind: SuppressionKind
}

/** Opaque, ordered per store; JSON-serialisable. */
export type LogCursor = string

export interface Changes {
  entries: Change[]
  cursor: LogCursor
  fellOff: boolean
  /** Whether more may stand behind the cursor: fewer than `max` entries say nothing of that. */
  hasMore: boolean
}

export interface Change {
  what: 'assign' | 'link' | 'unlink' | 'forget' | 'suppress'
  key: UserKey
  /**
   * Segment numbers as they were asked for, whether held before or not; for forget and suppress,
   * `removed` is what was held. Empty for link and unlink.
   */
  added: number[]
  removed: number[]
}

/** The edges at a key as they were read for the decision to link it (empty: none); undefined where they were not. */
export type SeenEdges = (key: UserKey) => Uint8Array | undefined

/** What is kept under one key; of a suppressed one its mark (proto/suppression-mark.ts), in the edges maybe a moment later. */
export interface PersonRecord {
  /** Packed memberships; empty when none. */
  profile: Uint8Array
  /** Packed edges; empty when none. */
  edges: Uint8Array
}

export interface Assignment {
  key: UserKey
  /** Segment number and the first UTC day (days since the epoch) on which it no longer holds. */
  add: { segment: number; expiryDay: number }[]
  /** Segment numbers. */
  remove: number[]
}

export interface EdgeEnds {
  a: IdRef
  b: IdRef
}

/** Between whom; `onlyOf`: whose alone, by its number. */
export interface Unlinking extends EdgeEnds {
  onlyOf?: number | undefined
}

/** One id as an edge names it: its key, and what it was made of. */
export interface IdRef {
  key: UserKey
  /** Namespace number (catalog). */
  namespace: number
  value: string
}

export interface Edge extends EdgeEnds {
  /** Number of the partner that owns the edge; 0 is the exchange. */
  owner: number
  /** AdCOM ID match method; 0 unknown. */
  method: number
  firstSeenDay: number
  lastSeenDay: number
  /** First UTC day on which it no longer holds; 0 for a parked claim. */
  expiryDay: number
  /** Absent: it stands whatever else is said. */
  claim?: EdgeClaim | undefined
}

/** Versioned records by kind. Knows JSON and kinds only; rooms declare what a kind means. */
export interface CatalogStore {
  /** All live records with the version they were read at. */
  load(): Promise<CatalogRecords>
  /** Records written after `version` (deleted ones with `value: null`), and the version now. */
  changesSince(version: number): Promise<CatalogRecords>
  /** The version now; cheap, called every 50 ms. Synchronous in the embedded store. */
  version(): Soon<number>
  /** Whether the store would by itself have told of another version; absent: it never does. */
  isQuietAt?(version: number): boolean
  /**
   * Writes records atomically. `expect` is the record's version for optimistic locking (0: must not
   * exist); a mismatch rejects with CatalogConflict and nothing is written. A `null` value deletes.
   */
  write(writes: readonly CatalogWrite[]): Promise<number>
  /** Next number (1, 2, 3 …) of a sequence, never given twice: segment, partner, namespace numbers. */
  nextNumber(sequence: string): Promise<number>
}

export interface CatalogRecords {
  version: number
  records: CatalogRecord[]
}

export interface CatalogRecord {
  kind: string
  id: string
  /** Catalog version of its last write: its ETag. */
  version: number
  /** The record as JSON value; null when deleted. */
  value: unknown
}

export interface CatalogWrite {
  kind: string
  id: string
  value: unknown
  expect?: number
  /** Nothing of it is written: the others only are where it has the version expected. */
  isOnlyExpected?: boolean
}

export class CatalogConflict extends Error {
  readonly kind: string
  readonly id: string
  constructor(kind: string, id: string) {
    super(`${kind} ${id} was changed by somebody else since it was read`)
    this.kind = kind
    this.id = id
  }
}

/** Which processes, of every instance on this store, are at work, and which catalog version each serves. */
export interface PresenceStore {
  /**
   * Says that a process is at work; said again, it takes the place of what was said before. Not
   * durable: forgotten `ttlMs` after it was last said.
   */
  announce(presence: Presence, ttlMs: number): Promise<void>
  /** Takes it back, for a process that ends in good order. */
  withdraw(who: ProcessName): Promise<void>
  /** All that were announced and not forgotten, in no order. */
  present(): Promise<Presence[]>
}

export interface ProcessName {
  /** One start of one installation, e.g. `host-3fa9c2`. */
  instance: string
  /** E.g. `bid 1`. */
  process: string
}

export interface Presence extends ProcessName {
  /** Catalog version from which it answers now: older ones no longer decide anything there. */
  version: number
}

/**
 * Counters derived from append-only streams, each entry applied exactly once. Knows integers and names
 * only; what they mean is the exchange's. All of it lives in one slot, so that a store that loses its last
 * writes loses a stream's position together with what was counted from it, and the stream is applied again.
 */
export interface TallyStore {
  /** By stream: position and digest of the last entry applied. */
  applied(): Promise<ReadonlyMap<string, StreamPosition>>
  /**
   * Applies the next part of a stream atomically: counters and position move together, or nothing does.
   * Rejects with TallyGap, nothing done, where the store is not at `after`; giving the part that was
   * applied last once more is no error. At most LIMITS.tallyAddsMax adds in one batch (RangeError).
   */
  apply(batch: TallyBatch): Promise<void>
  /**
   * Every counter of these days (`2026-11-26`, both ends included) that is not 0, each once: day by day, in no
   * other order; with `isWanted`, at the cost of those whose field it wants. The same function is asked of a field
   * once, so one that is kept costs nothing again.
   */
  read(fromDay: string, toDay: string, isWanted?: (field: string) => boolean): AsyncIterable<Tally>
  /** Where the log of changed counters ends now. */
  changesEnd(): Promise<LogCursor>
  /**
   * Counters that changed behind a cursor, each with what it is now, 0 too: at the cost of what changed, however many
   * there are. The log reaches back LIMITS.tallyChangesMs.
   */
  changesSince(cursor: LogCursor): Promise<TallyChanges>
  /** Forgets the position of streams that will never be applied again; what was counted stays. */
  retire(streams: readonly string[]): Promise<void>
  /** Forgets every counter and position, at once: whoever has the streams applies them anew. */
  clear(): Promise<void>
}

export interface TallyChanges {
  /** By day and field: each once. */
  changed: Tally[]
  cursor: LogCursor
  /** The log does not reach back to the cursor, or all was cleared: whoever keeps counters reads all of them, from the answer's cursor on. */
  fellOff: boolean
  /** Ask again at once. */
  hasMore: boolean
}

export interface StreamPosition {
  /** Sequence number of the last entry applied; 0 for none. */
  seq: number
  /** Whatever the stream's owner gave with it, e.g. the hash of that entry. */
  digest: string
}

export interface TallyBatch {
  stream: string
  after: number
  upTo: StreamPosition
  entries: readonly TallyEntry[]
}

/** A change of counters. */
export interface TallyEntry {
  adds: readonly TallyAdd[]
  /**
   * Several entries about one thing, of which one counts: the highest `rank` wins, whichever came
   * first; what a lower one had added is taken back. Equal ranks: the first stays. Ranks of one id are
   * texts of one width, of digits and a–f, compared byte by byte. Remembered until LIMITS.onceDays after
   * `day`, and at least LIMITS.onceKeptMs after the entry was applied.
   */
  once?: {
    id: string
    rank: string
    day: string
    /** Of so many different ids that say the same here, and the same day, entries count: the first ones that come. */
    among?: { id: string; max: number }
  }
}

export interface TallyAdd {
  day: string
  /** At most LIMITS.tallyFieldBytesMax bytes. */
  field: string
  /**
   * A whole number within 53 bits, either sign. Counters hold 64 bits exactly; an add that would leave them
   * is not done, but counted in the day's counter TALLY_OVERFLOW.
   */
  by: bigint
}

/** Counts the adds of a day that would have left the range of a counter. */
export const TALLY_OVERFLOW = '!overflow'

export interface Tally {
  day: string
  field: string
  value: bigint
}

/** The store is at another position of the stream than the caller thought: go on from there. */
export class TallyGap extends Error {
  readonly applied: StreamPosition
  constructor(stream: string, applied: StreamPosition) {
    super(`${stream} is applied up to ${applied.seq}`)
    this.applied = applied
  }
}
