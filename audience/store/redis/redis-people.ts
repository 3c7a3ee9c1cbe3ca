import { type Clock, dayOf } from '../../clock.ts'
import { LIMITS } from '../../limits.ts'
import type {
  Assignment,
  Changes,
  Edge,
  EdgeEnds,
  LogCursor,
  PeopleStore,
  PersonRecord,
  UserKey,
} from '../store.ts'
import type { ChangeFollower } from './change-follower.ts'
import { forgetAll } from './forget.ts'
import { holdersOf } from './holders.ts'
import type { Lookup } from './lookup.ts'
import { assignRewrites, linkRewrites, unlinkRewrites } from './rewrites.ts'
import { type Rewrite, rewriteAll } from './swap.ts'
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
    const { recallKeysMax } = LIMITS
    if (keys.length > recallKeysMax) throw new RangeError(`recall of over ${recallKeysMax} keys`)
    return keys.length ? this.#lookup.recall(keys) : []
  }

  assign(batch: readonly Assignment[]): Promise<void> {
    return this.#rewrite(assignRewrites(batch, this.#today()))
  }

  link(edges: readonly Edge[]): Promise<void> {
    return this.#rewrite(linkRewrites(edges, this.#today()))
  }

  unlink(pairs: readonly EdgeEnds[]): Promise<void> {
    return this.#rewrite(unlinkRewrites(pairs, this.#today()))
  }

  forget(keys: readonly UserKey[]): Promise<void> {
    return this.#writer.write((place) => forgetAll(place, keys, this.#today()))
  }

  holders(segment: number): AsyncIterable<UserKey[]> {
    return holdersOf(this.#writer, segment)
  }

  changesEnd(): Promise<LogCursor> {
    return this.#follower.end()
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
