import type { TallyStore } from '../../audience/store/store.ts'
import type { Counting } from '../counts/write-counts.ts'

/** What is timed, each with what lies between. */
export const LATENCIES = {
  event_to_segment: 'From the arrival of an event to its memberships, written.',
  enrich: 'From the arrival of a bid request’s head to its answer.',
} as const
export type LatencyName = keyof typeof LATENCIES
export const LATENCY_NAMES = Object.keys(LATENCIES) as LatencyName[]

/** How fast something was: each value lies in a bucket, and is told by the bucket's upper end. */
export interface LatencyShown {
  kpi: LatencyName
  count: number
  p50Ms: number | null
  p95Ms: number | null
  p99Ms: number | null
}

/** Looks into the near-cache of people, and those that found something known: a record, or that nobody is known. */
export interface CacheLooks {
  hits: number
  looks: number
  /** Records served while they were read anew. */
  stale: number
}

const LETTERS: Record<LatencyName, string> = { event_to_segment: 's', enrich: 'e' }
const PREFIX = 'latency|'
const HITS = 'cache|h'
const LOOKS = 'cache|l'
const STALE = 'cache|s'

/** Four buckets to each power of two, from 1/16 ms on: within a fifth. */
const PER_POWER = 4
const LEAST_MS = 1 / 16
const BUCKET_MAX = 124

/** The bucket of a duration: the first whose upper end it does not exceed. */
export function bucketOf(ms: number): number {
  if (!(ms > LEAST_MS)) return 0
  return Math.min(BUCKET_MAX, Math.ceil(PER_POWER * Math.log2(ms / LEAST_MS) - 1e-9))
}

export function upperMsOf(bucket: number): number {
  return LEAST_MS * 2 ** (bucket / PER_POWER)
}

/** Latencies and looks into the near-cache, counted in a process and brought to the store by day. */
export class LatencyCounts implements Counting {
  readonly #cells = new Map<string, number>()

  add(what: LatencyName, ms: number, count = 1): void {
    this.#count(`${PREFIX}${LETTERS[what]}|${bucketOf(ms)}`, count)
  }

  looked({ hits, looks, stale }: CacheLooks): void {
    this.#count(HITS, hits)
    this.#count(LOOKS, looks)
    this.#count(STALE, stale)
  }

  takeFields(): { field: string; count: number }[] {
    const fields = [...this.#cells].map(([field, count]) => ({ field, count }))
    this.#cells.clear()
    return fields
  }

  #count(field: string, by: number): void {
    if (by > 0) this.#cells.set(field, (this.#cells.get(field) ?? 0) + by)
  }
}

/** What all processes counted on these UTC days, both included. */
export async function readLatencies(
  tallies: TallyStore,
  { from, to }: { from: string; to: string },
): Promise<{ latencies: LatencyShown[]; cache: CacheLooks }> {
  const counts = new Map<string, Map<number, number>>()
  const cache = { hits: 0, looks: 0, stale: 0 }
  const isWanted = (field: string) => field.startsWith(PREFIX) || field.startsWith('cache|')
  for await (const { field, value } of tallies.read(from, to, isWanted)) {
    if (field === HITS) cache.hits += Number(value)
    if (field === LOOKS) cache.looks += Number(value)
    if (field === STALE) cache.stale += Number(value)
    const [, letter, bucket] = /^latency\|([a-z])\|(\d+)$/.exec(field) ?? []
    if (letter === undefined) continue
    const buckets = counts.get(letter) ?? new Map<number, number>()
    counts.set(letter, buckets)
    buckets.set(Number(bucket), (buckets.get(Number(bucket)) ?? 0) + Number(value))
  }
  const latencies = LATENCY_NAMES.map((kpi) => shown(kpi, counts.get(LETTERS[kpi]) ?? new Map()))
  return { latencies, cache }
}

function shown(kpi: LatencyName, buckets: ReadonlyMap<number, number>): LatencyShown {
  const inOrder = [...buckets].sort(([a], [b]) => a - b)
  const count = inOrder.reduce((sum, [, some]) => sum + some, 0)
  const quantile = (q: number) => {
    let left = Math.ceil(q * count)
    const found = inOrder.find(([, some]) => (left -= some) <= 0)
    return found ? Math.round(upperMsOf(found[0]) * 1_000) / 1_000 : null
  }
  return { kpi, count, p50Ms: quantile(0.5), p95Ms: quantile(0.95), p99Ms: quantile(0.99) }
}
