import { readdirSync } from 'node:fs'
import { setPriority } from 'node:os'
import { SUPERVISOR_LIMITS } from './limits.ts'

/**
 * Whoever calls this gives way to the bid processes where there are fewer cores than work: a full garbage
 * collection of the desk, on a thread for each core, held bids up for 25 ms and more. On Linux the number is of
 * a thread, so that all are told, V8's collectors among them; threads to come take it over. Elsewhere of the
 * process. A system that does not let us is left as it is.
 */
export function yieldToBids(): void {
  for (const thread of threadsOfOurs()) {
    try {
      setPriority(thread, SUPERVISOR_LIMITS.yieldNice)
    } catch {}
  }
}

function threadsOfOurs(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number)
  } catch {
    return [process.pid]
  }
}
