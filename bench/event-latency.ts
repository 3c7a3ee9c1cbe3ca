import { POLL_MS, PROBED, Probes } from './event-probes.ts'
import { EVERY_EVENT, shopEvent, shopRule } from './event-workload.ts'
import { atMost, type Figure, told } from './figures.ts'
import { contractBody, type Ours, startOurs } from './ours.ts'
import { percentile } from './paced-load.ts'
import { startRedis } from './redis.ts'
import { type SteadyCounts, steadyLoad } from './steady-load.ts'
import { BUYER, makeWorkload, PROVIDERS, seeded } from './workload.ts'

const EVENTS_PER_S = 2_000
const BIDS_PER_S = 500
const SECONDS = 22
/** Servers run for days: what is compiled in their first seconds is played before anything is counted. */
const WARM_MS = 12_000
const PROBE_EVERY_MS = 25
/** Probes that are made before any counts: without them bid processes answer their first requests ever while it is counted. */
const PROBES_FIRST = 160
const TRAITS = 200
const SEGMENTS = 50
const BODIES = 5_000
const VISITORS = 20_000
const OWNER = PROVIDERS[0]!.id

/**
 * How long after an event was sent the bid requests of its person carry the segment it makes, in both of two bid
 * processes over Redis, while the collector takes 2,000 events a second.
 */
export async function eventLatencyFigures(say: (line: string) => void): Promise<Figure[]> {
  const redis = await startRedis()
  if (!redis) return []
  say(`  from an event to the bid, ${EVENTS_PER_S} events a second`)
  try {
    return await figuresOver(`redis://127.0.0.1:${redis.port}/0`)
  } finally {
    await redis.stop()
  }
}

async function figuresOver(store: string): Promise<Figure[]> {
  const ours = await startOurs('events', { store, workers: 2 })
  try {
    const writeKey = await furnish(ours)
    const alone = await latency(ours, { writeKey, bidsPerS: 0, name: 'a' })
    const crowded = await latency(ours, { writeKey, bidsPerS: BIDS_PER_S, name: 'b' })
    const line = `event → enriched in both of two bid processes (asked every ${POLL_MS} ms), Redis, ${EVENTS_PER_S} events/s for ${WARM_MS / 1000} s by then, asked for ${(PROBES_FIRST * PROBE_EVERY_MS) / 1000} s`
    return [
      p99Figure(`${line}: p99`, alone),
      p99Figure(`the same while ${BIDS_PER_S} bids/s run: p99`, crowded),
      told('events a second taken meanwhile', crowded.perS, ''),
    ]
  } finally {
    await ours.stop()
  }
}

interface Latency {
  ms: Float64Array
  /** Events answered 200, a second. */
  perS: number
}

function p99Figure(what: string, { ms }: Latency): Figure {
  const { measured, ...rest } = atMost(what, 1_000, percentile(ms, 0.99), ' ms')
  const mid = percentile(ms, 0.5)
  return { ...rest, measured: `${measured} (p50 ${mid.toFixed(0)} ms, of ${ms.length})` }
}

/** Sources, rules and what they are sold under. Returns the write key. */
async function furnish({ api }: Ours): Promise<string> {
  const random = seeded(TRAITS)
  const namespaces = { anonymousId: 'shop.anon', userId: 'shop.user' }
  await api('PUT', '/api/sources/shop', { name: 'Shop', kind: 'web', owner: OWNER, namespaces })
  const trait = (id: string, when: string) =>
    api('PUT', `/api/traits/${id}`, { name: id, owner: OWNER, when, ttlDays: 30 })
  const segment = (id: string, rule: string) =>
    api('PUT', `/api/segments/${id}`, {
      ...{ name: id, owner: OWNER, provenance: 'third_party', ttlDays: 30, rule },
    })
  await trait('probed', 'event == "probed"')
  await trait('any', EVERY_EVENT)
  for (let i = 0; i < TRAITS; i++) await trait(`t${i}`, shopRule(random))
  for (let i = 0; i < SEGMENTS; i++)
    await segment(`s${i}`, `FREQUENCY([t${i}] <= 5D) >= 2 OR FREQUENCY([any] <= 24H) >= ${3 + i}`)
  await segment(PROBED, 'probed')
  await api('PUT', '/api/contracts/bench-probed', contractBody(OWNER, [PROBED]))
  const { key } = (await api('POST', '/api/sources/shop/keys', {})) as { key: string }
  return key
}

interface LatencyOptions {
  writeKey: string
  bidsPerS: number
  /** Names the people of this run. */
  name: string
}

async function latency(ours: Ours, { writeKey, bidsPerS, name }: LatencyOptions): Promise<Latency> {
  const probes = PROBES_FIRST + Math.floor((SECONDS * 1000 - WARM_MS) / PROBE_EVERY_MS) - 40
  const lines = Array.from({ length: probes }, (_, i) => ({
    ...{ source: 'shop.anon', uid: `${name}${i}`, with: { source: BUYER.id, uid: `${name}${i}` } },
  }))
  await ours.api('POST', '/api/matches', lines.map((line) => JSON.stringify(line)).join('\n'))
  const authorization = `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`
  const collect = { url: `${ours.edgeUrl}/v1/track`, headers: { authorization } }
  const random = seeded(BODIES)
  const events = Array.from({ length: BODIES }, () => {
    const who = `visitor-${Math.floor(random() * VISITORS)}`
    return JSON.stringify({ ...shopEvent(random, who), messageId: undefined })
  })
  const load = steadyLoad({ ...collect, bodies: events, rate: EVENTS_PER_S, seconds: SECONDS })
  const bids = bidsPerS > 0 ? bidLoad(ours, bidsPerS) : undefined
  const taken: Promise<number>[] = []
  let failure: unknown
  await passed(WARM_MS - PROBES_FIRST * PROBE_EVERY_MS)
  const probed = await Probes.open(ours, collect)
  for (let i = 0; i < probes; i++) {
    const took = probed.take(`${name}${i}`)
    taken.push(
      took.catch((error: unknown) => {
        failure ??= error
        return Number.NaN
      }),
    )
    await passed(PROBE_EVERY_MS)
  }
  const ms = Float64Array.from((await Promise.all(taken)).slice(PROBES_FIRST))
  const counts = await load
  await bids
  probed.close()
  if (failure !== undefined) throw failure
  return { ms, perS: answered(counts) / SECONDS }
}

function bidLoad({ url, headers }: Ours, rate: number): Promise<SteadyCounts> {
  const bodies = makeWorkload().requests.map((body) => body.toString())
  return steadyLoad({ url, headers, bodies, rate, seconds: SECONDS })
}

function answered({ sent, statuses }: SteadyCounts): number {
  const taken = statuses['200'] ?? 0
  if (taken < sent) throw new Error(`of ${sent} events: ${JSON.stringify(statuses)}`)
  return taken
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
