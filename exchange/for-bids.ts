import { SEGMENT_KIND, type Segment } from '../audience/segment.ts'
import type { CatalogRecord } from '../audience/store/store.ts'
import { FORMER_PARTNER_KIND } from './former-partner.ts'
import { REFRESH_KIND, SIGNATURE_KIND } from './label/label-records.ts'
import { LOOKALIKE_KIND, type LookalikeRecord } from './lookalike/lookalike-record.ts'
import { GUARD_KINDS } from './sold-kinds.ts'
import { ADJUSTMENT_KIND } from './statements/adjustment.ts'
import { CONTEXT_KIND } from './statements/period-context.ts'
import { STATEMENT_KIND } from './statements/statement-record.ts'
import { TAXONOMY_KIND } from './taxonomy/taxonomy-record.ts'

/**
 * A record of the catalog as every process but the desk holds it; undefined: not at all. Frozen statements,
 * taxonomies, models and what labels say (9 MB in 10,000 segments) are much, and no bid needs them.
 */
export function forBids(record: CatalogRecord): CatalogRecord | undefined {
  if (DESK_KINDS.has(record.kind)) return undefined
  if (record.kind === LOOKALIKE_KIND && record.value !== null) {
    const { madeOf } = record.value as LookalikeRecord
    return { ...record, value: { madeOf } satisfies LookalikeRecord }
  }
  if (record.kind !== SEGMENT_KIND || record.value === null) return record
  const { label, ...value } = record.value as Segment
  return label === undefined ? record : { ...record, value }
}

const DESK_KINDS: ReadonlySet<string> = new Set([
  STATEMENT_KIND,
  ADJUSTMENT_KIND,
  CONTEXT_KIND,
  FORMER_PARTNER_KIND,
  ...GUARD_KINDS,
  TAXONOMY_KIND,
  REFRESH_KIND,
  SIGNATURE_KIND,
])
