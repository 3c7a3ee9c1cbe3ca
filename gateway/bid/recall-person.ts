import { dayOf } from '../../audience/clock.ts'
import type { RecallWord } from '../../audience/people/recall.ts'
import { isLater, type Soon } from '../../audience/soon.ts'
import type { Bid } from './bid.ts'
import { BID_LIMITS } from './limits.ts'

/** Finds the person behind the keys, or leaves the reason why not. Never rejects. */
export function recallPerson(bid: Bid): Soon<void> {
  if (bid.reason !== '') return
  const { audience } = bid.rooms
  const { told } = bid.catalog!
  if (told.names !== undefined) audience.keepNames(told.names)
  bid.person.names.isWanted = told.buyers.has(bid.holder!.partner.number)
  const found = audience.recall(bid.candidates, dayOf(bid.atMs), bid.person)
  if (!isLater(found)) return settle(bid, found)
  return found.then(
    (word) => settle(bid, word),
    () => settle(bid, 'late'),
  )
}

function settle(bid: Bid, word: RecallWord | 'late'): void {
  if (word !== 'known' && !bid.isAnswered) bid.reason = word
}

/**
 * How long this request may wait for the store: a share of its tmax, and of the time its client waits, and never long;
 * less what has passed.
 */
export function waitMsOf({ facts, rooms, arrivedMs, deadlineMs }: Bid): number {
  const { tmaxShare, storeWaitMsMax } = BID_LIMITS
  const givenMs = Math.min(facts.tmaxMs > 0 ? facts.tmaxMs : Infinity, deadlineMs - arrivedMs)
  return Math.min(givenMs * tmaxShare, storeWaitMsMax) - (rooms.clock.elapsed() - arrivedMs)
}
