import type { Clock } from '../../audience/clock.ts'
import { ConsentReasons } from '../../audience/consent/reasons.ts'
import type { Metrics } from '../metrics/counters.ts'
import type { Bid } from './bid.ts'
import { type BidRefusal, BidRefusals, Unenriched } from './reasons.ts'
import { STEP_NAMES } from './step-clock.ts'

/** What the bid path counts: outcomes, refusals and reasons by word, the time of each answer and, sampled, of each step. */
export class BidMetrics {
  readonly #clock: Clock
  readonly #outcomes
  readonly #refused
  readonly #unenriched
  readonly #seconds
  readonly #steps
  readonly #segments
  readonly #deals
  readonly #capped

  constructor(metrics: Metrics, clock: Clock) {
    this.#clock = clock
    this.#outcomes = metrics.counterOf('passerelle_bid_requests_total', 'outcome', OUTCOMES)
    this.#refused = metrics.counterOf(
      'passerelle_bid_refused_total',
      'reason',
      wordsOf(BidRefusals),
    )
    this.#unenriched = metrics.counterOf('passerelle_bid_unenriched_total', 'reason', [
      ...wordsOf(Unenriched),
      ...wordsOf(ConsentReasons),
    ])
    this.#seconds = metrics.histogram('passerelle_bid_seconds')
    this.#steps = STEP_NAMES.map((step) =>
      metrics.histogram('passerelle_bid_step_seconds', { step }),
    )
    this.#segments = metrics.counter('passerelle_bid_segments_total')
    this.#deals = metrics.counter('passerelle_bid_deals_total')
    this.#capped = metrics.counter('passerelle_bid_segments_capped_total')
  }

  refused(reason: BidRefusal): void {
    this.#outcomes.refused.add()
    this.#refused[reason].add()
  }

  /** Called once the answer is with the door. */
  answered(bid: Bid): void {
    const { plan, steps, selection } = bid
    if (selection.leftOut.capped > 0) this.#capped.add(selection.leftOut.capped)
    if (plan.isEmpty) {
      this.#outcomes.unenriched.add()
      this.#unenriched[bid.reason as Unenriched]?.add()
    } else {
      this.#outcomes.enriched.add()
      if (plan.fragment !== undefined) this.#segments.add(plan.fragment.segments.length)
      if (plan.imps.length > 0) this.#deals.add(plan.imps.length)
    }
    this.#seconds.record(this.#clock.elapsed() - bid.arrivedMs)
    if (steps.isOn) for (let i = 0; i < steps.us.length; i++) this.#recordStep(i, steps.us[i]!)
  }

  #recordStep(step: number, us: number): void {
    if (us > 0) this.#steps[step]!.record(us / 1000)
  }
}

const OUTCOMES = ['enriched', 'unenriched', 'refused'] as const

function wordsOf<Word extends string>(table: Record<Word, unknown>): Word[] {
  return Object.keys(table) as Word[]
}
