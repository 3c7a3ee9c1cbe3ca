import { shopEvent } from './event-workload.ts'
import { atMost, type Figure, told } from './figures.ts'
import { type Ours, startOurs } from './ours.ts'
import { pacedLoad, percentile } from './paced-load.ts'
import { makeWorkload, PROVIDERS, seeded } from './workload.ts'

const PEOPLE = 20_000
const BATCH = 250
const BIDS_PER_S = 200
const SECONDS = 5
const ROUNDS = 3
const OWNER = PROVIDERS[0]!.id
const AGAIN_MS = 1_500
/** A tenth of what exchanges mostly give a bidder. */
const P99_MS_MAX = 10

/** What bids wait while a rule's segment is filled from what is known of people, by turns with nothing going on. */
export async function backfillFigures(say: (line: string) => void): Promise<Figure[]> {
  say(`  bids while a segment is filled, ${PEOPLE} people`)
  const { requests, people } = makeWorkload()
  const ours = await startOurs('backfill')
  try {
    await ours.importPeople(people)
    await furnish(ours)
    const load = { rate: BIDS_PER_S, seconds: SECONDS, connections: 16 }
    const quiet: Float64Array[] = []
    const filling: Float64Array[] = []
    for (let round = 0; round < ROUNDS; round++) {
      quiet.push((await pacedLoad(ours, requests, load)).ms)
      const stop = keepFilling(ours)
      filling.push((await pacedLoad(ours, requests, load)).ms)
      await stop()
    }
    const line = `bids at ${BIDS_PER_S}/s while a segment is filled from ${PEOPLE.toLocaleString('en')} people`
    const mid = (of: Float64Array[], share: number) =>
      of.map((ms) => percentile(ms, share)).sort((a, b) => a - b)[ROUNDS >> 1]!
    const figure = (share: number, make: (what: string, value: number) => Figure): Figure => {
      const { measured, ...rest } = make(
        `${line}: p${share * 100} (median of ${ROUNDS} rounds)`,
        mid(filling, share),
      )
      return { ...rest, measured: `${measured} (else ${mid(quiet, share).toFixed(2)} ms)` }
    }
    return [
      figure(0.5, (what, value) => told(what, value, ' ms')),
      figure(0.99, (what, value) => atMost(what, P99_MS_MAX, value, ' ms')),
    ]
  } finally {
    await ours.stop()
  }
}

/** A source and its people, each with an event. */
async function furnish(ours: Ours): Promise<void> {
  const { api } = ours
  const namespaces = { anonymousId: 'shop.anon', userId: 'shop.user' }
  await api('PUT', '/api/sources/shop', { name: 'Shop', kind: 'web', owner: OWNER, namespaces })
  for (const [id, when] of Object.entries({
    any: 'type == "track"',
    dear: 'properties.price > 250',
  }))
    await api('PUT', `/api/traits/${id}`, { name: id, owner: OWNER, when, ttlDays: 30 })
  const { key } = (await api('POST', '/api/sources/shop/keys', {})) as { key: string }
  const authorization = `Basic ${Buffer.from(`${key}:`).toString('base64')}`
  const random = seeded(PEOPLE)
  for (let from = 0; from < PEOPLE; from += BATCH) {
    const batch = Array.from({ length: BATCH }, (_, i) => shopEvent(random, `visitor-${from + i}`))
    const body = JSON.stringify({ batch })
    const answer = await fetch(`${ours.edgeUrl}/v1/batch`, {
      ...{ method: 'POST', headers: { authorization }, body },
    })
    if (!answer.ok) throw new Error(`a batch was answered ${answer.status}`)
  }
  await rule(ours, 1)
  while ((await filling(ours)).state !== 'done') await passed(100)
  const { asked } = await filling(ours)
  if (asked < 0.9 * PEOPLE) throw new Error(`of ${PEOPLE} people ${asked} were asked`)
}

/** Changes the rule again and again, so that its filling never ends; returns what ends it. */
function keepFilling(ours: Ours): () => Promise<void> {
  let isOver = false
  const work = (async () => {
    for (let times = 2; !isOver; times++) {
      await rule(ours, times)
      await passed(AGAIN_MS)
      const { state } = await filling(ours)
      if (state !== 'running') throw new Error(`a filling was ${state} too soon`)
    }
    while ((await filling(ours)).state !== 'done') await passed(100)
  })()
  return () => {
    isOver = true
    return work
  }
}

function rule({ api }: Ours, times: number): Promise<unknown> {
  const is = { name: 'filled', owner: OWNER, provenance: 'third_party', ttlDays: 30 }
  const rule = `FREQUENCY([any] <= ${1 + (times % 30)}D) >= 1 OR dear`
  return api('PUT', '/api/segments/filled', { ...is, rule })
}

async function filling({ desk }: Ours): Promise<{ state: string; asked: number }> {
  const answer = await fetch(`${desk.url}/api/segments/filled/backfill`, { headers: desk.headers })
  return (await answer.json()) as { state: string; asked: number }
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
