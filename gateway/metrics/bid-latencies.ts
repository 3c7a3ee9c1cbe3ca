import type { Audience } from '../../audience/audience.ts'
import type { Counting } from '../../exchange/counts/write-counts.ts'
import { LatencyCounts } from '../../exchange/kpis/latency-counts.ts'
import type { Histogram, Metrics } from './counters.ts'

/**
 * What the bid path counts anyway, as it grows from one reading to the next: nothing is added to a request.
 */
export class BidLatencies implements Counting {
  readonly #histogram: Histogram
  readonly #audience: Pick<Audience, 'counts'>
  readonly #counts = new LatencyCounts()
  #seen: number[] = []
  #looked = { hits: 0, looks: 0, stale: 0 }

  constructor(metrics: Metrics, audience: Pick<Audience, 'counts'>) {
    this.#histogram = metrics.histogram('passerelle_bid_seconds')
    this.#audience = audience
  }

  takeFields(): { field: string; count: number }[] {
    const now = this.#histogram.byBucket()
    for (const [i, { upperMs, count }] of now.entries())
      this.#counts.add('enrich', upperMs, count - (this.#seen[i] ?? 0))
    this.#seen = now.map(({ count }) => count)
    const { hits: found, negatives, misses, stale } = this.#audience.counts()
    const [hits, looks] = [found + negatives, found + negatives + misses]
    const before = this.#looked
    this.#counts.looked({
      ...{ hits: hits - before.hits, looks: looks - before.looks, stale: stale - before.stale },
    })
    this.#looked = { hits, looks, stale }
    return this.#counts.takeFields()
  }
}
