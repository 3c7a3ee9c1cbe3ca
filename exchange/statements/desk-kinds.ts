import { FORMER_PARTNER_KIND } from '../former-partner.ts'
import { ADJUSTMENT_KIND } from './adjustment.ts'
import { CONTEXT_KIND } from './period-context.ts'
import { STATEMENT_KIND } from './statement-record.ts'

/** Kinds of the catalog that only the desk reads: frozen statements are much, and no bid needs them. */
export const DESK_KINDS: readonly string[] = [
  STATEMENT_KIND,
  ADJUSTMENT_KIND,
  CONTEXT_KIND,
  FORMER_PARTNER_KIND,
]
