import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { HttpLane, wireOf } from './http-lane.ts'

export interface SteadyJob {
  url: string
  headers: Record<string, string>
  /** Sent one after another, and from the beginning again. */
  bodies: readonly string[]
  rate: number
  seconds: number
}

export interface SteadyCounts {
  /** Requests that were due. */
  sent: number
  /** Answers by status. */
  statuses: Record<string, number>
}

const CHILD = '--steady-load'
const EVERY_MS = 5
const CONNECTIONS = 64

/**
 * So many requests a second in the background, from a process of its own which sleeps in between: where the machine has
 * few cores, a generator that spins takes one of them from what is measured.
 */
export function steadyLoad(job: SteadyJob): Promise<SteadyCounts> {
  const child = fork(fileURLToPath(import.meta.url), [CHILD])
  child.send(job)
  return new Promise((resolve, reject) => {
    child.once('message', (counts) => resolve(counts as SteadyCounts))
    child.once('exit', (code) => reject(new Error(`the steady load ended with ${code}`)))
  })
}

async function play({ url, headers, bodies, rate, seconds }: SteadyJob): Promise<SteadyCounts> {
  const target = new URL(url)
  const wires = bodies.map((body) => wireOf(target, headers, Buffer.from(body)))
  const lanes = await Promise.all(Array.from({ length: CONNECTIONS }, () => HttpLane.open(target)))
  const counts: SteadyCounts = { sent: 0, statuses: {} }
  const answers: Promise<void>[] = []
  const send = async (place: number) => {
    const { status } = await lanes[place % lanes.length]!.asked(wires[place % wires.length]!)
    counts.statuses[status] = (counts.statuses[status] ?? 0) + 1
  }
  const beganMs = performance.now()
  for (let passedMs = 0; passedMs < seconds * 1000; passedMs = performance.now() - beganMs) {
    const due = Math.floor((passedMs / 1000) * rate)
    while (counts.sent < due) answers.push(send(counts.sent++))
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
  await Promise.all(answers)
  for (const lane of lanes) lane.close()
  return counts
}

if (process.argv[2] === CHILD)
  process.once('message', async (job) => {
    const counts = await play(job as SteadyJob)
    process.send?.(counts, () => process.exit(0))
  })
