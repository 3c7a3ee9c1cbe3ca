import { type Metric, Registry } from 'prom-client'
import { METRIC_HELP, type MetricName } from './metric-help.ts'
import type { MetricSample, WorkerSnapshot } from './snapshot.ts'

export const PROM_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE

/** The door of prom-client: the snapshots of all processes as Prometheus text, labelled by worker. */
export function promText(snapshots: readonly WorkerSnapshot[]): Promise<string> {
  const byName = new Map<MetricName, MetricSample[]>()
  for (const { worker, samples } of snapshots)
    for (const sample of samples) {
      const labelled = { ...sample, labels: { ...sample.labels, worker } }
      byName.set(sample.name, [...(byName.get(sample.name) ?? []), labelled])
    }
  const registry = new Registry()
  for (const [name, samples] of byName) registry.registerMetric(asMetric(name, samples))
  return registry.metrics()
}

/** prom-client asks a registered metric for its name and, at each reading, for `get()`; nothing else. */
function asMetric(name: MetricName, samples: MetricSample[]): Metric {
  const help = METRIC_HELP[name]
  const type = samples[0]!.kind
  const values = samples.flatMap(valuesOf)
  const get = async () => ({ name, help, type, values, aggregator: 'sum' })
  return { name, get } as unknown as Metric
}

interface PromValue {
  value: number
  labels: Record<string, string | number>
  metricName?: string
}

function valuesOf(sample: MetricSample): PromValue[] {
  const { name, labels } = sample
  if (sample.kind !== 'histogram') return [{ value: sample.value, labels }]
  const bounds = [...sample.buckets, { leSeconds: '+Inf', count: sample.count }]
  return [
    ...bounds.map(({ leSeconds, count }) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le: leSeconds },
      value: count,
    })),
    { metricName: `${name}_sum`, labels, value: sample.sumSeconds },
    { metricName: `${name}_count`, labels, value: sample.count },
  ]
}
