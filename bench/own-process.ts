import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const CHILD = '--in-own-process'

interface Told {
  answer?: unknown
  error?: string
}

/**
 * Runs what a module does (see `answerIfAsked`) in a process of its own, so that nothing else is counted, and nothing
 * else waits for it. `url`: the module's; `job`: what it is to do. Rejects with what was thrown there, wherever it was.
 */
export function inOwnProcess<T>(url: string, job?: unknown): Promise<T> {
  const child = fork(fileURLToPath(url), [CHILD], { serialization: 'advanced' })
  child.send({ job })
  return new Promise((resolve, reject) => {
    child.once('message', (told) => {
      const { answer, error } = told as Told
      if (error === undefined) resolve(answer as T)
      else reject(new Error(error))
    })
    child.once('exit', (code) => reject(new Error(`${url} ended with ${code}`)))
  })
}

/** Works where this process was started by `inOwnProcess` of the same module, and tells what comes of it. */
export async function answerIfAsked<Job>(url: string, work: (job: Job) => unknown): Promise<void> {
  if (process.argv[1] !== fileURLToPath(url) || process.argv[2] !== CHILD) return
  const tell = (told: Told) => process.send?.(told, () => process.exit(0))
  const fail = (error: unknown) =>
    tell({ error: error instanceof Error ? error.message : String(error) })
  // Each: what is thrown while the first is told must not end the process before.
  process.on('uncaughtException', fail)
  const [{ job }] = (await once(process, 'message')) as [{ job: Job }]
  try {
    tell({ answer: await work(job) })
  } catch (error) {
    fail(error)
  }
}
