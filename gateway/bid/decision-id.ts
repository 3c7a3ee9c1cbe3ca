import { hash } from 'node:crypto'
import type { CompiledDeal } from '../../exchange/buyer-view.ts'
import type { Bid } from './bid.ts'

/** Characters of the hash that name a decision: 96 bits. */
const ID_CHARS = 16

/**
 * Names what was decided, whatever wire it was asked over: for which buyer and exchange, under which catalog, which
 * segments and deals were chosen, or why nothing was. Equal decisions have equal names, on any process; nothing about
 * who the person is goes into it.
 */
export function decisionId(bid: Bid): string {
  return hash('sha256', saidOf(bid), 'base64url').slice(0, ID_CHARS)
}

/** One line, put together piece by piece: it is written for every answer that is named. */
function saidOf({ catalog, holder, exchange, selection, reason, consent }: Bid): string {
  const { segments, count, openDeals, personDeals } = selection
  let said = `${catalog?.version ?? ''} ${holder?.partner.id ?? ''} ${exchange} ${consent.gdprApplies}`
  for (let i = 0; i < count; i++) said += ` ${segments[i]}`
  const deals = openDeals.length + personDeals.length
  if (deals > 0) said += ` ${JSON.stringify(dealIds(openDeals, personDeals))}`
  return count + deals === 0 ? `${said} ${reason}` : said
}

function dealIds(open: readonly CompiledDeal[], person: readonly CompiledDeal[]): string[] {
  return [...open, ...person].map(({ id }) => id).sort()
}
