import { isLater } from '../../audience/soon.ts'
import type { Answer, Ask } from '../http/door.ts'
import { replyAndAccount } from './account.ts'
import { type Bid, BidPool } from './bid.ts'
import type { BidRooms } from './bid-rooms.ts'
import { choose } from './choose.ts'
import { countMatch } from './count-match.ts'
import { identifyPerson } from './identify-person.ts'
import { BID_LIMITS } from './limits.ts'
import { permit } from './permit.ts'
import { planAdditions } from './plan-additions.ts'
import { recallPerson, waitMsOf } from './recall-person.ts'
import { scan } from './scan.ts'
import { Step } from './step-clock.ts'
import type { Wire } from './wire.ts'

/** Below this a timer cannot help: the request goes out at once. */
const WAIT_MS_MIN = 1

/**
 * The life of a bid request, on any wire. Synchronous when the person is in the near-cache; otherwise the request
 * waits for the store within its own tmax, and goes out unenriched when the store is late.
 */
export function createBidHandler(rooms: BidRooms, wire: Wire): (ask: Ask, answer: Answer) => void {
  const pool = new BidPool(rooms, wire)
  let waiting = 0

  return function handleBid(ask, answer) {
    const bid = pool.take(ask, answer)
    const refusal = wire.arrive(bid) ?? scan(bid)
    if (refusal !== undefined) {
      rooms.metrics.refused(refusal)
      wire.refuse(bid, refusal)
      return pool.giveBack(bid)
    }
    bid.atMs = rooms.clock.now()
    permit(bid)
    identifyPerson(bid)
    const found = recallPerson(bid)
    if (isLater(found)) {
      bid.keep()
      void finishLater(bid, found)
    } else {
      finish(bid)
      pool.giveBack(bid)
    }
  }

  /** The bid stays reserved until the store has answered, even when the client was answered before. */
  async function finishLater(bid: Bid, found: Promise<void>): Promise<void> {
    const waitMs = waiting < BID_LIMITS.waitingMax ? waitMsOf(bid) : 0
    const timer = waitMs < WAIT_MS_MIN ? finishLate(bid) : setTimeout(finishLate, waitMs, bid)
    waiting++
    await found
    waiting--
    clearTimeout(timer)
    if (!bid.isAnswered) finishNow(bid)
    pool.giveBack(bid)
  }
}

/** Later than it came: by the contracts of this moment. */
function finishNow(bid: Bid): void {
  bid.atMs = bid.rooms.clock.now()
  finish(bid)
}

function finish(bid: Bid): void {
  bid.steps.end(Step.recall)
  countMatch(bid)
  choose(bid)
  bid.steps.end(Step.entitle)
  planAdditions(bid)
  replyAndAccount(bid)
}

/** The store is late: what needs no person is added, and the rest goes out as it came. */
function finishLate(bid: Bid): undefined {
  bid.reason = 'late'
  finishNow(bid)
  bid.isAnswered = true
}
