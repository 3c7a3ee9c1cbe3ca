import { unpackHistory } from '../../proto/history-blob.ts'
import { type OwnerRules, RuleBook } from './rule-book.ts'

/** Whose rules decide on what is known of an id. */
export function whoseRules(blob: Uint8Array, book: RuleBook): OwnerRules {
  const { traits, segments } = unpackHistory(blob)
  for (const trait of traits.keys()) {
    const rules = book.ownerOfTrait(trait)
    if (rules) return rules
  }
  for (const segment of segments.keys()) {
    const rules = book.ownerOfSegment(segment)
    if (rules) return rules
  }
  return RuleBook.nobody
}
