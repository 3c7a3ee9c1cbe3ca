import type { Activity } from '../../../../audience/consent/activities.ts'
import { ConsentReading } from '../../../../audience/consent/consent-reading.ts'
import { decide } from '../../../../audience/consent/decide.ts'
import type { Gvl } from '../../../../audience/consent/gvl.ts'
import type { ConsentAnswer } from '../../../../audience/consent/reasons.ts'
import { BidFacts } from '../../../../proto/bid-facts.ts'
import { RequestPlaces } from '../../../../proto/request-places.ts'
import { ScanOutcome } from '../../../../proto/scan-outcome.ts'
import { scanRequest } from '../../../../proto/scan-request.ts'

export interface AskedOf {
  gdprDefault?: 0 | 1
  activity?: Activity
  gvlId?: number | undefined
  ownGvlId?: number
  gvl?: Gvl
}

/** What a bid request's JSON says, scanned by the real scanner. */
export function factsOf(json: string): BidFacts {
  const facts = new BidFacts()
  const outcome = scanRequest(Buffer.from(json), facts, new RequestPlaces())
  if (outcome !== ScanOutcome.ok) throw new Error(`not scanned (${outcome}): ${json}`)
  return facts
}

/** A reading of a request: `{"id":"1", …extra}`, or JSON text as it is (for repeated keys). */
export function readingOf(extra: object | string, gdprDefault: 0 | 1 = 0): ConsentReading {
  const json = typeof extra === 'string' ? extra : JSON.stringify({ id: '1', ...extra })
  const reading = new ConsentReading()
  reading.read(factsOf(json), { gdprDefault })
  return reading
}

/** The answer for a request; the vendor is 32 unless said otherwise. */
export function answerTo(extra: object | string, asked: AskedOf = {}): ConsentAnswer {
  const reading = readingOf(extra, asked.gdprDefault)
  const gvlId = 'gvlId' in asked ? asked.gvlId : 32
  return decide(reading, asked.activity ?? 'enrich', gvlId, asked.ownGvlId, asked.gvl)
}
