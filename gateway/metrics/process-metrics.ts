import type { Clock } from '../../audience/clock.ts'
import type { Metrics } from './counters.ts'

const TICK_MS = 100

/** Memory, CPU and event-loop lag of this process. Returns what ends the watching. */
export function watchProcess(metrics: Metrics, clock: Clock): () => void {
  let dueMs = clock.elapsed() + TICK_MS
  let lagMs = 0
  const timer = setInterval(() => {
    const nowMs = clock.elapsed()
    lagMs = Math.max(lagMs, nowMs - dueMs)
    dueMs = nowMs + TICK_MS
  }, TICK_MS)
  timer.unref()
  metrics.gauge('passerelle_event_loop_lag_seconds', {}, () => {
    const seconds = lagMs / 1000
    lagMs = 0
    return seconds
  })
  metrics.gauge('passerelle_process_resident_bytes', {}, () => process.memoryUsage.rss())
  metrics.gauge('passerelle_process_heap_bytes', {}, () => process.memoryUsage().heapUsed)
  metrics.gauge('passerelle_process_cpu_seconds_total', {}, cpuSeconds)
  return () => clearInterval(timer)
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
