import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CHILD = '--in-own-process'

/** Runs what a module measures in a process of its own, so that nothing else is counted. `url`: the module's. */
export function inOwnProcess<T>(url: string): Promise<T> {
  const child = fork(fileURLToPath(url), [CHILD])
  return new Promise((resolve, reject) => {
    child.once('message', (answer) => resolve(answer as T))
    child.once('exit', (code) => reject(new Error(`${url} ended with ${code}`)))
  })
}

/** Measures where this process was started by `inOwnProcess` of the same module, and tells it. */
export async function answerIfAsked(url: string, measure: () => unknown): Promise<void> {
  if (process.argv[1] !== fileURLToPath(url) || process.argv[2] !== CHILD) return
  const answer = await measure()
  process.send?.(answer as object, () => process.exit(0))
}
