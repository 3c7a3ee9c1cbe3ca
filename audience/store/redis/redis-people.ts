import { type Clock, dayOf } from '../../clock.ts'
import { LIMITS } from '../../limits.ts'
import type {
  Assignment,
  Changes,
  Edge,
  EgressEntry,
  EgressNote,
  KeptPart,
  LogCursor,
  PastMatch,
  PeoplePart,
  PeopleStore,
  PersonRecord,
  Refused,
  SeenEdges,
  SuppressionOrder,
  Unlinking,
  UserKey,
} from '../store.ts'
import type { ChangeFollower } from './change-follower.ts'
import { egressOf, noteEgress, pastMatchesOf, sweepEgress } from './egress.ts'
import { recordRefs } from './fetch-script.ts'
import { forgetAll } from './forget.ts'
import { holdersOf } from './holders.ts'
import { type Lookup, recordsAt } from './lookup.ts'
import { assignRewrites, linkRewrites, unlinkRewrites } from './rewrites.ts'
import { suppressAll } from './suppress.ts'
import { type Rewrite, readRecords, rewriteAll } from './swap.ts'
import { walkAll } from './walk.ts'
import type { Writer } from './writer.ts'

/**
 * People in Redis. Each record is changed atomically with its log entry; the two ends of an edge, and
 * the keys of a batch, one after another: what a lost connection cut short is made whole by calling
 * again, which changes nothing that was done.
 */
export class RedisPeople implements PeopleStore {
  readonly #lookup: Lookup
  readonly #writer: Writer
  readonly #follower: ChangeFollower
  readonly #clock: Clock

  constructor(parts: { lookup: Lookup; writer: Writer; follower: ChangeFollower; clock: Clock }) {
    this.#lookup = parts.lookup
    this.#writer = parts.writer
    this.#follower = parts.follower
    this.#clock = parts.clock
  }

  async recall(keys: readonly UserKey[]): Promise<(PersonRecord | undefined)[]> {
    checkCount(keys)
    return keys.length ? this.#lookup.recall(keys) : []
  }

  async recallForWrite(keys: readonly UserKey[]): Promise<(PersonRecord | undefined)[]> {
    checkCount(keys)
    if (keys.length === 0) return []
    const refs = keys.flatMap(recordRefs)
    return recordsAt(await this.#writer.write((place) => readRecords(place, refs)), 0, keys.length)
  }

  async assign(batch: readonly Assignment[]): Promise<Refused> {
    const refused = new Set<number>()
    await this.#rewrite(assignRewrites(batch, this.#today(), refused))
    return inOrder(refused)
  }

  async link(edges: readonly Edge[], seen?: SeenEdges): Promise<Refused> {
    const refused = new Set<number>()
    const rewrites = linkRewrites(edges, this.#today(), refused)
    await this.#rewrite(rewrites.map((one) => ({ ...one, seen: seen?.(one.key) })))
    const places = inOrder(refused)
    if (places.length > 0) await this.unlink(places.map((place) => edges[place]!))
    return places
  }

  unlink(pairs: readonly Unlinking[]): Promise<void> {
    return this.#rewrite(unlinkRewrites(pairs, this.#today()))
  }

  forget(keys: readonly UserKey[]): Promise<void> {
    return this.#writer.write((place) => forgetAll(place, keys, this.#today()))
  }

  suppress(batch: readonly SuppressionOrder[]): Promise<void> {
    return this.#writer.write((place) => suppressAll(place, batch, this.#today()))
  }

  noteEgress(notes: readonly EgressNote[]): Promise<void> {
    return this.#writer.write((place) => noteEgress(place, notes, this.#today()))
  }

  egressOf(keys: readonly UserKey[]): Promise<EgressEntry[][]> {
    return this.#writer.write((place) => egressOf(place, keys))
  }

  pastMatchesOf(keys: readonly UserKey[]): Promise<PastMatch[][]> {
    return this.#writer.write((place) => pastMatchesOf(place, keys))
  }

  sweepEgress(oldestDay: number): Promise<void> {
    return sweepEgress(this.#writer, oldestDay)
  }

  walk(part: PeoplePart): AsyncIterable<KeptPart[]> {
    return walkAll(this.#writer, part)
  }

  holders(segment: number): AsyncIterable<UserKey[]> {
    return holdersOf(this.#writer, segment)
  }

  changesEnd(): Promise<LogCursor> {
    return this.#follower.end()
  }

  quietSinceMs(cursor: LogCursor): number | undefined {
    return this.#follower.quietSinceMs(cursor)
  }

  onNews(tell: () => void): () => void {
    return this.#follower.onNews(tell)
  }

  changesSince(cursor: LogCursor, max: number): Promise<Changes> {
    return this.#follower.since(cursor, max)
  }

  #rewrite(rewrites: Rewrite[]): Promise<void> {
    return this.#writer.write((place) => rewriteAll(place, rewrites))
  }

  #today(): number {
    return dayOf(this.#clock.now())
  }
}

function checkCount({ length }: readonly UserKey[]): void {
  const { recallKeysMax } = LIMITS
  if (length > recallKeysMax) throw new RangeError(`recall of over ${recallKeysMax} keys`)
}

function inOrder(places: ReadonlySet<number>): Refused {
  return places.size === 0 ? NONE : [...places].sort((a, b) => a - b)
}

const NONE: Refused = []
