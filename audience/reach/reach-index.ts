import { type PackedEdge, unpackEdges } from '../../proto/edge-blob.ts'
import { readProfile } from '../../proto/profile-blob.ts'
import { LIMITS } from '../limits.ts'
import type { Change, EgressEntry, EgressNote, PersonRecord, UserKey } from '../store/store.ts'
import { Bitmap, CHUNK_SIZE, CHUNK_WORDS, type Chunk, lowestBit } from './bitmap.ts'
import { Clusters } from './clusters.ts'
import { KeyTable } from './key-table.ts'
import { REACH_LIMITS } from './limits.ts'
import { PeopleSet } from './people-set.ts'

/** Who is asked for, by segment numbers: in one of `any`, in every one of `all` and in none of `none`. */
export interface AskedAudience {
  any?: readonly number[]
  all?: readonly number[]
  none?: readonly number[]
}

export interface ReachIndexOptions {
  /** The UTC day it holds for: what has ended by then is not in it. */
  day: number
  /** The channel of the egress ledger that tells of bid requests. */
  bidChannel: number
}

/**
 * Who is in which segment, as sets of ids (by ordinal), and which ids are one person. Derived from records
 * alone: a record taken twice, or changes told twice, change nothing. A membership stays at its id; ids
 * become people when they are counted (`PeopleSet`), so that a match that ends leaves no trace.
 */
export class ReachIndex {
  readonly day: number
  readonly #bidChannel: number
  readonly #keys = new KeyTable()
  readonly #clusters = new Clusters()
  readonly #segments = new Map<number, Bitmap>()
  /** Ids that a recipient was given a segment of, by recipient and segment. */
  readonly #given = new Map<number, Map<number, Bitmap>>()
  /** Ids by recipient, and by the day on which it last asked for them in a bid request. */
  readonly #seen = new Map<number, Map<number, Bitmap>>()
  readonly #live = { segment: new Int32Array(LIMITS.membershipsPerIdMax) }
  readonly #scratch = new Int32Array(CHUNK_WORDS)
  readonly #alone = new Int32Array(CHUNK_WORDS)

  constructor({ day, bidChannel }: ReachIndexOptions) {
    this.day = day
    this.#bidChannel = bidChannel
  }

  /** How many ids it knows. */
  get ids(): number {
    return this.#keys.size
  }

  takeProfile(key: UserKey, profile: Uint8Array): void {
    const live = this.#liveIn(profile)
    if (live.length === 0) return
    const id = this.#keys.take(key)
    for (const segment of live) bitmapIn(this.#segments, segment).add(id)
  }

  takeEdges(key: UserKey, edges: Uint8Array): void {
    const live = this.#liveEdges(edges)
    if (live.length === 0) return
    const id = this.#keys.take(key)
    for (const edge of live) this.#clusters.join(id, this.#keys.take(edge.key), edge)
  }

  takeEgress({ key, entries }: EgressNote): void {
    const id = this.#keys.take(key)
    for (const entry of entries) {
      const given = mapIn(this.#given, entry.recipient)
      for (const segment of entry.segments) bitmapIn(given, segment).add(id)
      if (this.#isSeen(entry)) bitmapIn(mapIn(this.#seen, entry.recipient), entry.lastDay).add(id)
    }
  }

  /** Keys of all ids that are one person with these. */
  keysWith(keys: Iterable<UserKey>): UserKey[] {
    return [...this.#idsWith(keys)].map((id) => this.#keys.keyAt(id))
  }

  /**
   * Brings it up to changes. `records` are read after all of these changes: of their keys, and of all ids
   * that have been one person with one of those whose matches may have changed (`mayRelink`).
   */
  apply(changes: readonly Change[], records: Records): void {
    for (const change of changes) this.#applyMemberships(change, records)
    const relinked = changes.filter(mayRelink).map(({ key }) => key)
    const concerned = [...relinked, ...this.keysWith(relinked)]
    this.#clusters.part(this.#idsWith(relinked))
    for (const key of concerned) this.takeEdges(key, records.get(nameOf(key))?.edges ?? NOTHING)
  }

  #applyMemberships({ key, added, removed }: Change, records: Records): void {
    const live = this.#liveIn(records.get(nameOf(key))?.profile ?? NOTHING)
    const id = live.length > 0 ? this.#keys.take(key) : this.#keys.find(key)
    if (id < 0) return
    for (const segment of [...added, ...removed])
      if (live.includes(segment)) bitmapIn(this.#segments, segment).add(id)
      else this.#segments.get(segment)?.remove(id)
  }

  #idsWith(keys: Iterable<UserKey>): Set<number> {
    const ids = new Set<number>()
    for (const key of keys) {
      const known = this.#keys.find(key)
      if (known < 0) continue
      for (const id of this.#clusters.idsWith(known)) ids.add(id)
    }
    return ids
  }

  /** Number of an id; one of which nothing was known here has one from now on. */
  numberOf(key: UserKey): number {
    return this.#keys.take(key)
  }

  /** The same of a known id only; else -1. */
  find(key: Uint8Array): number {
    return this.#keys.find(key)
  }

  keyAt(id: number): UserKey {
    return this.#keys.keyAt(id)
  }

  /** Ids in a segment: to be read within a turn, as it goes on following. */
  idsOf(segment: number): Bitmap | undefined {
    return this.#segments.get(segment)
  }

  /** How many ids are in a segment, whoever they belong to. */
  idsIn(segment: number): number {
    return this.#segments.get(segment)?.count ?? 0
  }

  /** Who is asked for; nobody where neither `any` nor `all` says who. To be read within a turn, as all sets of people here are. */
  people({ any = [], all = [], none = [] }: AskedAudience): PeopleSet {
    const [first, ...rest] = all
    const asked = first === undefined ? this.#anyOf(any) : this.#peopleIn(this.#segments.get(first))
    for (const segment of rest) asked.keep(this.#peopleIn(this.#segments.get(segment)))
    if (first !== undefined && any.length > 0) asked.keep(this.#anyOf(any))
    if (none.length > 0) asked.drop(this.#anyOf(none))
    return asked
  }

  /** All who are in a segment at all. */
  everybody(): PeopleSet {
    return this.#anyOf([...this.#segments.keys()])
  }

  /** Who has an id in a namespace, over a live match. */
  withIdIn(namespace: number): PeopleSet {
    return this.#linkedWhere((id) => this.#clusters.namespaceOf(id) === namespace)
  }

  /** Who has, over a match that was seen on this day or later, an id in one of some namespaces. */
  metSince(day: number, isAsked: (namespace: number) => boolean): PeopleSet {
    const clusters = this.#clusters
    return this.#linkedWhere(
      (id) => clusters.lastSeenDayOf(id) >= day && isAsked(clusters.namespaceOf(id)),
    )
  }

  /** Of whom the recipient was given one of these segments. */
  given(recipient: number, segments: readonly number[]): PeopleSet {
    const bySegment = this.#given.get(recipient)
    return this.#unionOf(segments.map((segment) => bySegment?.get(segment)))
  }

  /** Of whom the recipient was given something in a bid request within REACH_LIMITS.seenDays. */
  seen(recipient: number): PeopleSet {
    return this.#unionOf(this.#seen.get(recipient)?.values() ?? [])
  }

  #anyOf(segments: readonly number[]): PeopleSet {
    return this.#unionOf(segments.map((segment) => this.#segments.get(segment)))
  }

  #peopleIn(ids: Bitmap | undefined): PeopleSet {
    return this.#unionOf([ids])
  }

  #unionOf(sets: Iterable<Bitmap | undefined>): PeopleSet {
    const people = this.#nobody()
    for (const ids of sets) this.#addPeople(people, ids)
    return people
  }

  #linkedWhere(isAsked: (id: number) => boolean): PeopleSet {
    const people = this.#nobody()
    for (const id of this.#clusters.linked) if (isAsked(id)) people.add(this.#clusters.personOf(id))
    return people
  }

  #nobody(): PeopleSet {
    return new PeopleSet(this.#keys.size)
  }

  /** Ids that are not moved are people as they stand, a chunk of them at once; the others are looked up. */
  #addPeople(people: PeopleSet, ids: Bitmap | undefined): void {
    for (const [at, chunk] of ids?.chunks.entries() ?? []) {
      if (chunk === undefined) continue
      const moved = this.#clusters.moved.chunks[at]?.bits(this.#scratch)
      if (moved === undefined)
        people.borrow(at, chunk.words ?? { list: chunk.list!, count: chunk.count })
      else if (chunk.list) this.#addList(people, { at, chunk, moved })
      else this.#addMoved(people, { at, words: chunk.words!, moved })
    }
  }

  #addList(people: PeopleSet, { at, chunk: { list, count }, moved }: ListChunk): void {
    const clusters = this.#clusters
    const first = at * CHUNK_SIZE
    for (let i = 0; i < count; i++) {
      const low = list![i]!
      const isMoved = ((moved[low >>> 5]! >>> (low & 31)) & 1) === 1
      people.add(isMoved ? clusters.personOf(first + low) : first + low)
    }
  }

  #addMoved(people: PeopleSet, { at, words, moved }: WordsChunk): void {
    const alone = this.#alone
    const persons = this.#clusters.personsMoved(at)
    let next = 0
    for (let i = 0; i < CHUNK_WORDS; i++) {
      const word = words[i]!
      const away = moved[i]!
      alone[i] = word & ~away
      for (let left = away; left !== 0; left &= left - 1) {
        people.addIf(persons[next++]!, (word >>> lowestBit(left)) & 1)
      }
    }
    people.addWords(at, alone)
  }

  #liveIn(profile: Uint8Array): Int32Array {
    const count = readProfile(profile, 0, profile.length, this.day, this.#live, 0)
    return this.#live.segment.subarray(0, count)
  }

  #liveEdges(edges: Uint8Array): PackedEdge[] {
    return unpackEdges(edges).filter(({ expiryDay }) => expiryDay > this.day)
  }

  #isSeen({ channel, lastDay }: EgressEntry): boolean {
    return channel === this.#bidChannel && lastDay > this.day - REACH_LIMITS.seenDays
  }
}

/** Records by the name of their key (`nameOf`); one that is not there knows nothing. */
export type Records = ReadonlyMap<string, PersonRecord | undefined>

export function nameOf(key: UserKey): string {
  return key.toString('latin1')
}

/** Whether a change may have changed matches too. */
export function mayRelink({ what }: Change): boolean {
  return what !== 'assign'
}

interface ListChunk {
  at: number
  chunk: Chunk
  /** Bits of the ids of the chunk that are moved. */
  moved: Int32Array
}

interface WordsChunk {
  at: number
  words: Int32Array
  moved: Int32Array
}

const NOTHING = new Uint8Array(0)

function bitmapIn(bitmaps: Map<number, Bitmap>, key: number): Bitmap {
  let bitmap = bitmaps.get(key)
  if (!bitmap) bitmaps.set(key, (bitmap = new Bitmap()))
  return bitmap
}

function mapIn(maps: Map<number, Map<number, Bitmap>>, key: number): Map<number, Bitmap> {
  let map = maps.get(key)
  if (!map) maps.set(key, (map = new Map()))
  return map
}
