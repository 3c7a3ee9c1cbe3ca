import { type BidFacts, Kind } from '../../proto/bid-facts.ts'
import { textOf } from '../../proto/text.ts'

/** The id of the request's site, else of its app; '' where it has neither. */
export function siteOf(facts: BidFacts): string {
  const { bytes, siteIdStart, appIdStart } = facts
  if (siteIdStart >= 0) return textOf(bytes, Kind.escapedText, siteIdStart, facts.siteIdEnd)
  if (appIdStart >= 0) return textOf(bytes, Kind.escapedText, appIdStart, facts.appIdEnd)
  return ''
}
