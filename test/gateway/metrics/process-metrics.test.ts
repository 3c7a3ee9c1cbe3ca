import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { systemClock } from '../../../audience/clock.ts'
import { Metrics } from '../../../gateway/metrics/counters.ts'
import { watchProcess } from '../../../gateway/metrics/process-metrics.ts'
import { patiently } from '../../support/patiently.ts'

test('pauses of the garbage collector are counted, and the longest since the last reading is told', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const metrics = new Metrics()
  const end = watchProcess(metrics, systemClock)
  try {
    collectGarbage()
    await patiently(() => {
      const samples = new Map(metrics.snapshot().map((sample) => [sample.name, sample]))
      const longest = samples.get('passerelle_gc_pause_max_seconds') as { value: number }
      expect(longest.value).toBeGreaterThan(0)
      const pauses = samples.get('passerelle_gc_pause_seconds') as { sumSeconds: number }
      expect(longest.value).toBeLessThanOrEqual(pauses.sumSeconds)
    })
  } finally {
    end()
  }
})
