import { HttpLane, wireOf } from './http-lane.ts'
import type { Request } from './load.ts'
import { answerIfAsked, inOwnProcess } from './own-process.ts'
import type { Contender } from './processes.ts'
import { seeded } from './workload.ts'

export interface PacedOptions {
  /** Requests a second, at random moments (exponential gaps, seeded): not in step with anything. */
  rate: number
  seconds: number
  connections: number
}

export interface Paced {
  /** Milliseconds of each request that counts, in the order they were due. */
  ms: Float64Array
  /** Which request was the first that counts: `ms[i]` is of `requests[(first + i) % requests.length]`. */
  first: number
  /** Requests answered a second, from the first to the last. */
  perS: number
}

/**
 * Load at a fixed rate whatever the server does: each request has a moment at which it is due, and its time
 * counts from there, so that a stall is felt by everybody who came meanwhile. (autocannon's rates are
 * spent in a burst at the beginning of each second, which measures saturation.) It runs in a process of its own,
 * and sleeps while nothing is due, in naps of a tenth of a millisecond where it is soon, since a timer is a millisecond coarse: one
 * that spun would have one of two processors to itself, and the server, woken on that one, would wait until its slice is
 * over (3 to 9 ms, seen in the queue times of the scheduler). The first second is not counted.
 */
export function pacedLoad(
  contender: Contender,
  requests: readonly Request[],
  options: PacedOptions,
): Promise<Paced> {
  const { url, headers } = contender
  const target = new URL(url)
  const wires = requests.map((one) => wireOf(target, headers, one))
  return pacedWires(contender, wires, options)
}

/** The same of requests as they go over the wire, each with a head of its own. */
export function pacedWires(
  contender: Contender,
  wires: readonly Buffer[],
  options: PacedOptions,
): Promise<Paced> {
  return inOwnProcess(import.meta.url, { url: contender.url, wires, options } satisfies Job)
}

/** More than any door answers. */
const FLOOD_PER_S = 60_000
const HALVINGS = 5
/** Of a load that ended because the server said it is behind. */
export const OVERLOAD = 'the server said it is overloaded'
/** A queue that grows passes this within a second. */
const STANDS_MS = 10

/** A load at that many requests a second, for so long. */
export type LoadAt = (rate: number, seconds: number) => Promise<Pick<Paced, 'ms' | 'perS'>>

/**
 * The most requests a second, to a thirtieth, that are answered under this load without a queue that grows: half of them
 * within 10 ms after two seconds. A flood gets more through, since what waits together is read together and
 * a turn of the loop serves many; at random moments most come alone. `floodPerS`: what a flood got through, where it is known.
 */
export async function mostSustained(at: LoadAt, floodPerS?: number): Promise<number> {
  let [held, lost] = [0, floodPerS ?? (await at(FLOOD_PER_S, 1)).perS]
  for (let i = 0; i < HALVINGS; i++) {
    const rate = (held + lost) / 2
    if (await stands(at, rate)) held = rate
    else lost = rate
  }
  return held
}

async function stands(at: LoadAt, rate: number): Promise<boolean> {
  try {
    const { ms } = await at(rate, 2)
    return percentile(ms.subarray(ms.length >> 1), 0.5) <= STANDS_MS
  } catch (error) {
    if (error instanceof Error && error.message.includes(OVERLOAD)) return false
    throw error
  }
}

export function percentile(ms: Float64Array, share: number): number {
  const sorted = ms.slice().sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

interface Job {
  url: string
  wires: readonly Buffer[]
  options: PacedOptions
}

const SEED = 20_261_201
const WARM_MS = 1_000
/** A timer of a millisecond may be as much late. */
const TIMER_MS = 2
/** Naps are shorter than any timer: an answer is taken at most so much late, and counted as late. */
const NAP_MS = 0.1
const NOBODY = new Int32Array(new SharedArrayBuffer(4))
const WAKE_MS_MAX = 5

async function play({ url, wires, options }: Job): Promise<Paced> {
  const target = new URL(url)
  const lanes = await Promise.all(
    Array.from({ length: options.connections }, () => HttpLane.open(target)),
  )
  return pace(lanes, wires, options)
}

/** One request at a time; `answered` is told the status where there is one. */
export interface Lane {
  ask(wire: Buffer, answered: (answer?: { status: number }) => void): void
  close(): void
}

/** The load itself, over lanes that are open; they are closed in the end. */
export async function pace(
  lanes: readonly Lane[],
  wires: readonly Buffer[],
  options: Pick<PacedOptions, 'rate' | 'seconds'>,
): Promise<Paced> {
  const dueMs = moments(options)
  const ms = new Float64Array(dueMs.length)
  const beganMs = performance.now()
  const idle = [...lanes]
  const send = (k: number) => {
    // The one that was idle longest: a door closes a connection that says nothing.
    const lane = idle.shift()!
    lane.ask(wires[k % wires.length]!, (answer) => {
      if (answer?.status === 429) throw new Error(OVERLOAD)
      if (answer && answer.status !== 200)
        throw new Error(`a request was answered ${answer.status}`)
      ms[k] = performance.now() - beganMs - dueMs[k]!
      idle.push(lane)
    })
  }
  let next = 0
  while (next < dueMs.length || idle.length < lanes.length) {
    const atMs = performance.now() - beganMs
    while (next < dueMs.length && dueMs[next]! <= atMs && idle.length > 0) send(next++)
    await pause(idle.length > 0 ? (dueMs[next] ?? Number.POSITIVE_INFINITY) - atMs : 0)
  }
  const perS = (dueMs.length * 1000) / (performance.now() - beganMs)
  for (const lane of lanes) lane.close()
  const first = dueMs.findIndex((due) => due >= WARM_MS)
  return { ms: ms.slice(first), first, perS }
}

/** Until shortly before something is due; answers are taken meanwhile, or a nap later. */
function pause(leftMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (leftMs > TIMER_MS) setTimeout(resolve, Math.min(leftMs - TIMER_MS, WAKE_MS_MAX))
    else {
      if (leftMs > NAP_MS) Atomics.wait(NOBODY, 0, 0, Math.min(leftMs, NAP_MS))
      setImmediate(resolve)
    }
  })
}

function moments({ rate, seconds }: Pick<PacedOptions, 'rate' | 'seconds'>): number[] {
  const random = seeded(SEED)
  const due: number[] = []
  const untilMs = WARM_MS + seconds * 1000
  const gapMs = () => (-Math.log(1 - random()) * 1000) / rate
  for (let atMs = gapMs(); atMs < untilMs; atMs += gapMs()) due.push(atMs)
  return due
}

await answerIfAsked(import.meta.url, play)
