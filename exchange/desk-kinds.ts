import { FORMER_PARTNER_KIND } from './former-partner.ts'
import { REFRESH_KIND, SIGNATURE_KIND } from './label/label-records.ts'
import { ADJUSTMENT_KIND } from './statements/adjustment.ts'
import { CONTEXT_KIND } from './statements/period-context.ts'
import { STATEMENT_KIND } from './statements/statement-record.ts'
import { TAXONOMY_KIND } from './taxonomy/taxonomy-record.ts'

/** Kinds of the catalog that only the desk reads: frozen statements and taxonomies are much, and no bid needs them. */
export const DESK_KINDS: readonly string[] = [
  STATEMENT_KIND,
  ADJUSTMENT_KIND,
  CONTEXT_KIND,
  FORMER_PARTNER_KIND,
  TAXONOMY_KIND,
  REFRESH_KIND,
  SIGNATURE_KIND,
]
