import type { Audience } from '../../audience/audience.ts'
import type { Clock } from '../../audience/clock.ts'
import type { Gvl } from '../../audience/consent/gvl.ts'
import type { Sharing } from '../../exchange/buyer-view.ts'
import type { EgressMeter } from '../../exchange/egress/egress-meter.ts'
import type { Exchange } from '../../exchange/exchange.ts'
import type { MatchCounts } from '../../exchange/matchrates/match-counts.ts'
import type { Meter } from '../../exchange/usage/meter.ts'
import type { TokenMint } from '../../exchange/usage/token-mint.ts'
import type { BidMetrics } from './bid-metrics.ts'
import type { Overload } from './overload.ts'

/** What the bid path works with; the same for every request of a process. */
export interface BidRooms {
  readonly audience: Audience
  readonly exchange: Exchange
  /** How what is given is accounted for. */
  readonly usage: BidUsage
  readonly clock: Clock
  /** Where it is noted who was given what about whom. */
  readonly egress: Pick<EgressMeter, 'isOpen' | 'note'>
  /** What match rates are made of. */
  readonly matchCounts: Pick<MatchCounts, 'bid'>
  readonly overload: Pick<Overload, 'isBehind'>
  readonly metrics: Pick<BidMetrics, 'refused' | 'answered'>
  /** The Global Vendor List, where one was configured. */
  readonly gvl: Gvl | undefined
  /** Our own domain: who adds an id, and who matched it. */
  readonly domain: string
  /** Our own vendor id, where set: our basis is asked beside the partner's. */
  readonly ownGvlId: number | undefined
}

/** The part of Usage that the bid path uses. */
export interface BidUsage {
  /** How much of what is contracted could be accounted for: the rest must not be given. */
  sharing(): Sharing
  /** Undefined until the root secret is known. */
  mint(): TokenMint | undefined
  readonly meter: Pick<Meter, 'count'>
}
