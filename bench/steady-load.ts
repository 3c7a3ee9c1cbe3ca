import { fork } from 'node:child_process'
import { Agent, request } from 'node:http'
import { fileURLToPath } from 'node:url'

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
  /** Answers by status; 0 for none. */
  statuses: Record<string, number>
}

const CHILD = '--steady-load'
const EVERY_MS = 5
const SOCKETS = 64

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
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS })
  const counts: SteadyCounts = { sent: 0, statuses: {} }
  const answers: Promise<void>[] = []
  const send = (body: string) =>
    new Promise<void>((resolve) => {
      const over = (status: number) => {
        counts.statuses[status] = (counts.statuses[status] ?? 0) + 1
        resolve()
      }
      const length = { 'content-length': Buffer.byteLength(body) }
      const asked = request(url, { method: 'POST', agent, headers: { ...headers, ...length } })
      asked.once('response', (answer) => {
        answer.resume()
        answer.once('end', () => over(answer.statusCode ?? 0))
      })
      asked.once('error', () => over(0))
      asked.end(body)
    })
  const beganMs = performance.now()
  for (let passedMs = 0; passedMs < seconds * 1000; passedMs = performance.now() - beganMs) {
    const due = Math.floor((passedMs / 1000) * rate)
    while (counts.sent < due) answers.push(send(bodies[counts.sent++ % bodies.length]!))
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
  await Promise.all(answers)
  agent.destroy()
  return counts
}

if (process.argv[2] === CHILD)
  process.once('message', async (job) => {
    const counts = await play(job as SteadyJob)
    process.send?.(counts, () => process.exit(0))
  })
