import { ScanOutcome } from '../../proto/scan-outcome.ts'
import { scanRequest } from '../../proto/scan-request.ts'
import type { Bid } from './bid.ts'
import type { BidRefusal } from './reasons.ts'
import { Step } from './step-clock.ts'

/** Reads the bytes once: where everything stands, or why they are refused. */
export function scan(bid: Bid): BidRefusal | undefined {
  const outcome = scanRequest(bid.bytes, bid.facts, bid.places)
  bid.steps.end(Step.scan)
  return REFUSALS[outcome]
}

const REFUSALS: (BidRefusal | undefined)[] = []
REFUSALS[ScanOutcome.ok] = undefined
REFUSALS[ScanOutcome.malformed] = 'not_json'
REFUSALS[ScanOutcome.notObject] = 'not_object'
REFUSALS[ScanOutcome.noId] = 'no_id'
REFUSALS[ScanOutcome.tooDeep] = 'too_deep'
REFUSALS[ScanOutcome.tooLong] = 'too_large'
