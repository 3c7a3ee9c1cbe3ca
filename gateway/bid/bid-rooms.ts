import type { Audience } from '../../audience/audience.ts'
import type { Clock } from '../../audience/clock.ts'
import type { Gvl } from '../../audience/consent/gvl.ts'
import type { Exchange } from '../../exchange/exchange.ts'
import type { Usage } from '../../exchange/usage/usage.ts'
import type { BidMetrics } from './bid-metrics.ts'
import type { Overload } from './overload.ts'

/** What the bid path works with; the same for every request of a process. */
export interface BidRooms {
  readonly audience: Audience
  readonly exchange: Exchange
  /** How what is given is accounted for. */
  readonly usage: Usage
  readonly clock: Clock
  readonly overload: Overload
  readonly metrics: BidMetrics
  /** The Global Vendor List, where one was configured. */
  readonly gvl: Gvl | undefined
  /** Our own vendor id, where set: our basis is asked beside the partner's. */
  readonly ownGvlId: number | undefined
}
