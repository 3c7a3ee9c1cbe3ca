import { PerformanceObserver } from 'node:perf_hooks'
import { everyBeat } from '../../audience/beat.ts'
import type { Clock } from '../../audience/clock.ts'
import type { Metrics } from './counters.ts'

const TICK_MS = 50

/** Memory, CPU, event-loop lag and garbage collection of this process. Returns what ends the watching. */
export function watchProcess(metrics: Metrics, clock: Clock): () => void {
  const gc = watchGc(metrics)
  let dueMs = clock.elapsed() + TICK_MS
  let lagMs = 0
  const endTicks = everyBeat(TICK_MS, () => {
    const nowMs = clock.elapsed()
    lagMs = Math.max(lagMs, nowMs - dueMs)
    dueMs = nowMs + TICK_MS
  })
  metrics.gauge('passerelle_event_loop_lag_seconds', {}, () => {
    const seconds = lagMs / 1000
    lagMs = 0
    return seconds
  })
  metrics.gauge('passerelle_process_resident_bytes', {}, () => process.memoryUsage.rss())
  metrics.gauge('passerelle_process_heap_bytes', {}, () => process.memoryUsage().heapUsed)
  metrics.gauge('passerelle_process_cpu_seconds_total', {}, cpuSeconds)
  return () => {
    endTicks()
    gc.disconnect()
  }
}

/** How long the garbage collector stopped the process: a few entries a second, told between two turns. */
function watchGc(metrics: Metrics): PerformanceObserver {
  const pauses = metrics.histogram('passerelle_gc_pause_seconds')
  let longestMs = 0
  metrics.gauge('passerelle_gc_pause_max_seconds', {}, () => {
    const seconds = longestMs / 1000
    longestMs = 0
    return seconds
  })
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      pauses.record(duration)
      longestMs = Math.max(longestMs, duration)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return observer
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
