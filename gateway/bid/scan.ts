import { ScanOutcome } from '../../proto/scan-outcome.ts'
import type { Bid } from './bid.ts'
import type { BidRefusal } from './reasons.ts'
import { Step } from './step-clock.ts'

/** Reads the bytes once: where everything stands, or why they are refused. */
export function scan(bid: Bid): BidRefusal | undefined {
  const { form } = bid.wire
  const outcome = form.scan(bid)
  bid.steps.end(Step.scan)
  return outcome === ScanOutcome.malformed ? form.malformed : REFUSALS[outcome]
}

const REFUSALS: (BidRefusal | undefined)[] = []
REFUSALS[ScanOutcome.ok] = undefined
REFUSALS[ScanOutcome.notObject] = 'not_object'
REFUSALS[ScanOutcome.noId] = 'no_id'
REFUSALS[ScanOutcome.tooDeep] = 'too_deep'
REFUSALS[ScanOutcome.tooLong] = 'too_large'
