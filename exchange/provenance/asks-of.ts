import { segmentsOf, traitsOf } from '../../audience/rules/expression.ts'
import { readExpression } from '../../audience/rules/read-expression.ts'
import type { Segment } from '../../audience/segment.ts'
import type { CatalogRecord } from '../../audience/store/store.ts'
import { byRecord } from '../by-record.ts'

/** What the definition of a segment names itself. */
export interface Asks {
  traits: readonly string[]
  segments: readonly string[]
}

/** Of a segment's record. */
export const asksOf = byRecord(({ value }: CatalogRecord): Asks => asksIn(value as Segment))

export function asksIn({ rule, lookalike }: Pick<Segment, 'rule' | 'lookalike'>): Asks {
  const read = rule === undefined ? undefined : readExpression(rule, 'rule')
  const tree = read && 'tree' in read ? read.tree : undefined
  const seeds = lookalike ? [lookalike.seed] : []
  if (!tree) return { traits: [], segments: seeds }
  return { traits: [...traitsOf(tree)], segments: [...segmentsOf(tree), ...seeds] }
}
