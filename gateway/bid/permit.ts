import { decide } from '../../audience/consent/decide.ts'
import type { Provider } from '../../exchange/buyer-view.ts'
import type { Bid } from './bid.ts'
import { Step } from './step-clock.ts'

/**
 * May the person behind this request be looked up for this buyer? Asked before any lookup; what denies
 * is kept as the bid's reason. Providers are asked later, each only where its segments would be added.
 */
export function permit(bid: Bid): void {
  const { holder, consent, rooms } = bid
  if (holder === undefined) return
  const { partner } = holder
  consent.read(bid.facts, partner)
  const answer = decide(consent, 'enrich', partner.gvlId, rooms.ownGvlId, rooms.gvl)
  if (answer !== 0) bid.reason = answer
  bid.steps.end(Step.permit)
}

/** Whether the person has allowed a provider to process its data: asked once per request and provider. */
export function allows(bid: Bid, provider: Provider): boolean {
  if (!provider.asksConsent || !bid.consent.gdprApplies) return true
  const asked = bid.providersAsked.indexOf(provider)
  if (asked !== -1) return bid.providersAllowed[asked]!
  const { consent, rooms } = bid
  const isFine = decide(consent, 'enrich', provider.gvlId, undefined, rooms.gvl) === 0
  bid.providersAsked.push(provider)
  bid.providersAllowed.push(isFine)
  return isFine
}
