import { POSITIONS } from '../../events/key-space.ts'
import type { UserKey } from '../store.ts'
import { LIMITS } from './limits.ts'

/** The records kept under a key, by the letter that names them in Redis. */
export const parts = { profile: 'u', edges: 'e', egress: 'g', history: 'h', vault: 'v' } as const
export type Part = keyof typeof parts

const partitionBits = Math.log2(LIMITS.partitions)
const keyBytes = 16

/**
 * Where things live in Redis. The first bits of a key (a keyed hash, so evenly spread) name its
 * bucket, the first six of those its partition; the bytes of the key not wholly told by the bucket
 * name the field. See docs/decisions/0004-redis-layout.md.
 *
 *     {p17}:u:c4   hash   field → packed profile      {p17}:log   stream of changes
 *     {p17}:e:c4   hash   field → packed edges        {cat}:…     the catalog, one slot
 *     {p17}:g:c4   hash   field → who was given what
 *     {p17}:v:c4   hash   field → sealed values
 *     {p17}:h:c4   hash   field → packed history       {p17}:wheel       sorted set: bucket → when to look there
 *     {events}:…   the queue of events, one slot       {p17}:seen:<day>  set of messages counted that day, until all are done with
 *     {events}:done:<day>:<part>   sets of messages counted, of all
 */
export class Layout {
  readonly buckets: number
  readonly #bucketBits: number
  readonly #fieldFrom: number

  constructor(buckets: number) {
    this.buckets = buckets
    this.#bucketBits = Math.log2(buckets)
    this.#fieldFrom = this.#bucketBits >>> 3
  }

  partition(key: UserKey): number {
    return key[0]! >>> (8 - partitionBits)
  }

  /** Number of the key's bucket, below `buckets`; its leading bits are the partition. */
  bucket(key: UserKey): number {
    return key.readUInt32BE(0) >>> (32 - this.#bucketBits)
  }

  /** The bucket a position lies in (events/key-space.ts). */
  bucketAt(position: number): number {
    return Math.floor(position / (POSITIONS / this.buckets))
  }

  /** Where a bucket begins. */
  positionOf(bucket: number): number {
    return bucket * (POSITIONS / this.buckets)
  }

  /** The partition a bucket lies in. */
  partitionOf(bucket: number): number {
    return bucket >>> (this.#bucketBits - partitionBits)
  }

  hash(part: Part, bucket: number): string {
    const inside = bucket & ((1 << (this.#bucketBits - partitionBits)) - 1)
    return `{p${this.partitionOf(bucket)}}:${parts[part]}:${inside.toString(36)}`
  }

  field(key: UserKey): Buffer {
    return key.subarray(this.#fieldFrom)
  }

  /** The key of a field found in a bucket. */
  keyOf(bucket: number, field: Buffer): UserKey {
    const key = Buffer.alloc(keyBytes)
    key.writeUInt32BE((bucket << (32 - this.#bucketBits)) >>> 0, 0)
    field.copy(key, this.#fieldFrom)
    return key
  }
}

/** The change log of a partition. */
export function logOf(partition: number): string {
  return `{p${partition}}:log`
}

/** The change logs of all partitions. */
export const logs = Array.from({ length: LIMITS.partitions }, (_, partition) => logOf(partition))

/** When the buckets of a partition's histories are to be looked at again: see wheel.ts. */
export function wheelOf(partition: number): string {
  return `{p${partition}}:wheel`
}

/** Messages counted in a partition on a UTC day: written with the histories they count in. */
export function seenOf(partition: number, day: number): string {
  return `{p${partition}}:seen:${day}`
}

/** In so many parts by their first bits are messages remembered that were done with on a UTC day. */
export const DONE_PARTS = 8

/** Messages done with on a UTC day, whoever they were about; in the slot of the queue that they left. */
export function doneOf(part: number, day: number): string {
  return `{events}:done:${day}:${part}`
}

export function donePartOf(message: Buffer): number {
  return message[0]! >>> (8 - Math.log2(DONE_PARTS))
}

/** The queue of events (streams), and what was put aside. */
export const eventKeys = {
  queue: '{events}:queue',
  aside: '{events}:aside',
  /** Events remembered as counted: stream of key and event. */
  counted: '{events}:counted',
  /** What was kept of jobs over everybody, by number. */
  jobs: '{events}:jobs',
} as const

/** What was seen of sources, and what their tracking plans hold back: one slot. */
export const planKeys = {
  seen: (source: string) => `{plan}:seen:${source}`,
  held: (source: string) => `{plan}:held:${source}`,
  heldSources: '{plan}:held-sources',
} as const

/** Everything that is no person lives in one slot. */
export const catalogKeys = {
  layout: '{cat}:layout',
  secret: '{cat}:root-secret',
  records: '{cat}:records',
  version: '{cat}:version',
  changed: '{cat}:changed',
  log: '{cat}:log',
  sequences: '{cat}:sequences',
  probe: '{cat}:probe',
  /** Names of processes at work, and by name what each said last. */
  present: '{cat}:present',
  presence: (name: string) => `{cat}:present:${name}`,
  /** Remembers for a minute that a write was done, so that it can be sent again. */
  receipt: (token: string) => `{cat}:receipt:${token}`,
} as const

/**
 * Counters and what belongs to them live in one slot, each key named by the generation (tally-script.ts):
 *
 *     {use}:gen            the generation now            {use}:0:days      set of days with counters
 *     {use}:0:applied      hash: stream → `<seq> <digest>`
 *     {use}:0:numbers      hash: counter's name → its short number     {use}:0:names  hash: back again
 *     {use}:0:day:<day>    hash: number → counter        {use}:0:once:<day>:<bucket>   hash, expiring
 *     {use}:0:changes      stream: which counters changed, a minute of it     {use}:0:changed   id of its last entry
 */
export function tallyKeys(generation: string) {
  const prefix = `{use}:${generation}:`
  return {
    generation: '{use}:gen',
    applied: `${prefix}applied`,
    numbers: `${prefix}numbers`,
    names: `${prefix}names`,
    days: `${prefix}days`,
    changes: `${prefix}changes`,
    changed: `${prefix}changed`,
    day: (day: string) => `${prefix}day:${day}`,
  } as const
}

/** True for a number of buckets a world can be laid out with. */
export function validBuckets(buckets: number): boolean {
  return (
    Number.isInteger(Math.log2(buckets)) &&
    buckets >= LIMITS.partitions &&
    buckets <= LIMITS.bucketsMax
  )
}
