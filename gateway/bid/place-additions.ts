import type { Bid } from './bid.ts'
import { BID_LIMITS } from './limits.ts'
import { placeJson } from './place-json.ts'

/** Where each addition goes; nothing is added where together they would make the answer too long. */
export function placeAdditions(bid: Bid): void {
  const { plan, edits } = bid
  placeJson(plan, bid.places, edits)
  if (edits.bytes <= BID_LIMITS.additionsBytesMax) return
  plan.reset()
  edits.reset()
  if (bid.reason === '') bid.reason = 'too_much'
}
