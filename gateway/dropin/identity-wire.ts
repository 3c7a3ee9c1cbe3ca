import { arrive } from '../bid/arrive.ts'
import { decisionHeader } from '../bid/decision-name.ts'
import { JSON_FORM } from '../bid/json-form.ts'
import { userJson } from '../bid/place-user.ts'
import { replyRefused } from '../bid/reply.ts'
import type { Wire } from '../bid/wire.ts'

/**
 * What the module `live-intent-omni-channel-identity` of Prebid Server Java asks: a bid request, for
 * the ids to be added to it. Under contracts for them only, as everywhere; the buyer's own id is among them as an eid.
 * The module hands eids of the first one's matcher to the bidders it is set up for, and all others to every bidder: so an
 * answer has one matcher.
 */
export const IDENTITY: Wire = {
  form: JSON_FORM,
  gives: { segments: false, deals: false, ids: 'eids', tokens: true },
  arrive,
  reply(bid) {
    const { plan } = bid
    const { user } = plan.ids === undefined ? NOBODY : JSON.parse(`{${userJson(plan)}}`)
    // In `ext` where the request has them there.
    const eids = user.eids ?? user.ext?.eids ?? []
    const headers = ['content-type', 'application/json', ...decisionHeader(bid)]
    if (bid.reason !== '') headers.push('x-passerelle-reason', bid.reason)
    bid.answer.send(200, headers, JSON.stringify({ eids }))
  },
  refuse: replyRefused,
}

const NOBODY = { user: {} as Record<string, never> }
