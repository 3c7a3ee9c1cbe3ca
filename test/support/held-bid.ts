import type { Audience } from '../../audience/audience.ts'
import { systemClock } from '../../audience/clock.ts'
import { WANTS } from '../../gateway/bid/arrive.ts'
import { BidMetrics } from '../../gateway/bid/bid-metrics.ts'
import { ENRICH_JSON } from '../../gateway/bid/enrich-wire.ts'
import { createBidHandler } from '../../gateway/bid/handle-bid.ts'
import { Overload } from '../../gateway/bid/overload.ts'
import type { Wire } from '../../gateway/bid/wire.ts'
import type { Answer, Ask } from '../../gateway/http/door.ts'
import { Metrics } from '../../gateway/metrics/counters.ts'
import type { BidHouse } from './bid-house.ts'
import { requestOf } from './sale-world.ts'

/** In an hour, by the clock it waits by: its deadline does not come while a test runs. */
const ARRIVES_MS = 3_600_000

/** An answer as it was handed to the door. */
export interface SentBid {
  status: number
  reason: string | undefined
  body: string
}

/** The bid handler on the rooms of the house, without a door; with a store that answers when told to. */
export function heldBid(house: BidHouse, { isStoreSlow = false, wire = ENRICH_JSON as Wire } = {}) {
  let found = () => {}
  const held = new Promise<void>((resolve) => {
    found = () => {
      elapsedMs = ARRIVES_MS
      resolve()
    }
  })
  const slow: Partial<Audience> = {
    userKeys: () => house.audience.userKeys(),
    recall: async (...given) => {
      await held
      return house.audience.recall(...given)
    },
  }
  let elapsedMs = 0
  const clock = { now: systemClock.now, elapsed: () => elapsedMs }
  const overload = new Overload(systemClock)
  overload.close()
  const rooms = {
    audience: isStoreSlow ? (slow as Audience) : house.audience,
    exchange: house.exchange,
    usage: house.usage,
    egress: house.egress,
    matchCounts: house.matchCounts,
    clock,
    overload,
    metrics: new BidMetrics(new Metrics(), clock),
    gvl: undefined,
    ownGvlId: undefined,
    domain: 'gateway.example',
  }
  const handle = createBidHandler(rooms, wire)
  const sent: SentBid[] = []
  const answer: Answer = {
    done: false,
    send: (status, headers, body = '') => {
      const at = headers.indexOf('x-passerelle-reason')
      const reason = at < 0 ? undefined : headers[at + 1]
      sent.push({ status, reason, body: Buffer.from(body).toString() })
    },
    onAbort: () => {},
  }
  return { handle, answer, sent, found }
}

/** A request by the buyer with this key. */
export function askOf(body: string, key: string): Ask {
  const bytes = Buffer.from(body)
  const headers = WANTS.map((name) => (name === 'authorization' ? `Bearer ${key}` : ''))
  return {
    method: 'POST',
    path: '/openrtb2/enrich',
    query: '',
    headers,
    body: bytes,
    keepBody: () => bytes,
    arrivedMs: ARRIVES_MS,
    remote: () => '',
  }
}

/** Such a request of a person, as `askOf` takes it. */
export function waitingRequest(uid: string): string {
  return requestOf(uid, { tmax: 60_000 })
}
