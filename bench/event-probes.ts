import { HttpLane, wireOf } from './http-lane.ts'
import type { Ours } from './ours.ts'

/** How often a person whose event was sent is asked for, at each bid process: a probe is so much too long at most. */
export const POLL_MS = 20
/** The segment that an event `probed` makes. */
export const PROBED = 'bench-probed'
const GIVEN_UP_MS = 10_000

/** Sends events of people, and asks both bid processes for them until they tell of it. */
export class Probes {
  readonly #edge: HttpLane
  readonly #bids: readonly HttpLane[]
  readonly #eventOf: (who: string) => Buffer
  readonly #bidOf: (who: string) => Buffer

  private constructor(ours: Ours, { edge, bids }: Lanes, collect: Collect) {
    this.#edge = edge
    this.#bids = bids
    this.#eventOf = (who) => wireFor(collect, { anonymousId: who, event: 'probed' })
    this.#bidOf = (who) => bidOf(ours, who)
  }

  /** `collect`: the collector's address, and what to send with an event. */
  static async open(ours: Ours, collect: Collect): Promise<Probes> {
    const edge = await HttpLane.open(new URL(collect.url))
    // A door closes a connection that says nothing.
    await edge.asked(wireFor(collect, { anonymousId: 'nobody', event: 'warming up' }))
    return new Probes(ours, { edge, bids: await lanesTo(ours) }, collect)
  }

  /** Milliseconds from the sending of somebody's event until both bid processes tell of it. */
  async take(who: string): Promise<number> {
    // Both know the person as it was before.
    for (const lane of this.#bids) await this.#isIn(lane, who)
    const beganMs = performance.now()
    const { status } = await this.#edge.asked(this.#eventOf(who))
    if (status !== 200) throw new Error(`an event was answered ${status}`)
    const until = async (lane: HttpLane) => {
      const isLate = () => performance.now() - beganMs > GIVEN_UP_MS
      while (!(await this.#isIn(lane, who)) && !isLate()) await passed(POLL_MS)
    }
    await Promise.all(this.#bids.map(until))
    return performance.now() - beganMs
  }

  close(): void {
    for (const lane of [this.#edge, ...this.#bids]) lane.close()
  }

  async #isIn(lane: HttpLane, who: string): Promise<boolean> {
    return (await lane.asked(this.#bidOf(who))).body.includes(PROBED)
  }
}

export interface Collect {
  url: string
  headers: Record<string, string>
}

interface Lanes {
  edge: HttpLane
  bids: readonly HttpLane[]
}

/** A connection to each bid process: they share a port, so that connections are made until both are reached. */
async function lanesTo(ours: Ours): Promise<HttpLane[]> {
  const byWorker = new Map<string, HttpLane>()
  const nobody = bidOf(ours, 'nobody')
  for (let tries = 0; byWorker.size < 2; tries++) {
    if (tries === 64) throw new Error('only one of two bid processes was reached')
    for (const known of byWorker.values()) await known.asked(nobody)
    const lane = await HttpLane.open(new URL(ours.url))
    const before = await asked(ours)
    await lane.asked(nobody)
    const after = await asked(ours)
    const worker = [...after].find(([name, count]) => count > (before.get(name) ?? 0))?.[0]
    if (worker === undefined || byWorker.has(worker)) lane.close()
    else byWorker.set(worker, lane)
  }
  return [...byWorker.values()]
}

/** Bid requests so far, by bid process. */
async function asked({ desk }: Ours): Promise<Map<string, number>> {
  const text = await (await fetch(`${desk.url}/metrics`, { headers: desk.headers })).text()
  const counts = new Map<string, number>()
  for (const [, worker, count] of text.matchAll(
    /^passerelle_bid_requests_total\{.*worker="(bid[^"]*)".*\} (\d+)$/gm,
  ))
    counts.set(worker!, (counts.get(worker!) ?? 0) + Number(count))
  return counts
}

function bidOf(ours: Ours, who: string): Buffer {
  const imp = [{ id: '1' }]
  return wireFor(ours, { id: '1', regs: { gdpr: 0 }, imp, user: { buyeruid: who } })
}

function wireFor({ url, headers }: Collect, body: object): Buffer {
  return wireOf(new URL(url), headers, Buffer.from(JSON.stringify(body)))
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
