import { hash } from 'node:crypto'
import type { Bid } from './bid.ts'

/** Characters of the hash that name a decision: 96 bits. */
const ID_CHARS = 16

/**
 * Names what was decided, whatever wire it was asked over: for which buyer and exchange, under which catalog, which
 * segments and deals were chosen, or why nothing was. Equal decisions have equal names, on any process; nothing about
 * who the person is goes into it.
 */
export function decisionId({ catalog, holder, exchange, selection, reason, consent }: Bid): string {
  const segments = [...selection.segments.subarray(0, selection.count)]
  const deals = [...selection.openDeals, ...selection.personDeals].map(({ id }) => id).sort()
  const isNothing = segments.length + deals.length === 0
  const said = [
    ...[catalog?.version ?? null, holder?.partner.id ?? null, exchange, consent.gdprApplies],
    ...[segments, deals, isNothing ? reason : ''],
  ]
  return hash('sha256', JSON.stringify(said), 'base64url').slice(0, ID_CHARS)
}
