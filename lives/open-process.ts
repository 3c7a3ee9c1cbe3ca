import { systemClock as clock } from '../audience/clock.ts'
import { type Log, openLog } from '../gateway/log.ts'
import { Metrics } from '../gateway/metrics/counters.ts'
import { watchProcess } from '../gateway/metrics/process-metrics.ts'
import type { Instance } from '../gateway/supervisor/instance.ts'
import { joinInstance } from '../gateway/supervisor/join-instance.ts'

/** One process of the instance, and what ends it. */
export interface Process {
  /** E.g. `bid 1`. */
  name: string
  metrics: Metrics
  log: Log
  instance: Instance
  /** What is opened last is closed first. */
  closeFirst(close: () => Promise<void> | void): void
}

export function openProcess(name: string): Process {
  const metrics = new Metrics()
  const log = openLog(name)
  const closers: (() => Promise<void> | void)[] = [watchProcess(metrics, clock)]
  const close = async () => {
    for (const one of closers.reverse()) await one()
  }
  const instance = joinInstance({ metrics, log, close })
  return { name, metrics, log, instance, closeFirst: (one) => void closers.push(one) }
}
