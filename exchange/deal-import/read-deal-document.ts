import type { DealDocument } from './deal-document.ts'
import { ForeignDocument, isObject } from './foreign-document.ts'
import { readDealSync } from './read-deal-sync.ts'
import { readSellerAgent } from './read-seller-agent.ts'

/**
 * Reads one document in the dialect its shape tells; undefined where it has neither. Its numbers are
 * `Lexeme`s (proto/lexical-json.ts).
 */
export function readDealDocument(document: unknown): DealDocument | undefined {
  if (!isObject(document)) return undefined
  if (Object.hasOwn(document, 'deal_id')) return readSellerAgent(new ForeignDocument(document))
  const isDealSync = ['origin', 'terms', 'sellerstatus'].some((key) => Object.hasOwn(document, key))
  return isDealSync ? readDealSync(new ForeignDocument(document)) : undefined
}
