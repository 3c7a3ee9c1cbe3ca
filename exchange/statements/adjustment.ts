import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { Divided } from './fee.ts'
import { lineKey } from './statement-line.ts'
import { type StatementOf, statementId } from './statement-record.ts'

/** Catalog kind of adjustments, by `<period>.<seller>.<buyer>.<id>`. */
export const ADJUSTMENT_KIND = 'adjustment'

/** A dated line that corrects a closed statement. It is never changed; another one corrects it. */
export interface Adjustment extends StatementOf, Divided {
  id: string
  contract: string
  version: number
  /** '' where it is about the contract as a whole, or about no deal. */
  segment: string
  deal: string
  /** The day it was made, in the contract's time zone. */
  day: string
  units: number
  currency: string
  reason: string
  /** `late_usage`: told after the statement was closed; found by the exchange itself. */
  cause: 'late_usage' | 'agreed'
}

export function adjustmentId(of: StatementOf, id: string): string {
  return `${statementId(of)}.${id}`
}

/** The adjustments of a period, in the order in which they were made, those of a day by statement and id. */
export function adjustmentsOf(snapshot: CatalogSnapshot, period: string): Adjustment[] {
  const found: Adjustment[] = []
  for (const { id, value } of snapshot.kind(ADJUSTMENT_KIND).values())
    if (id.startsWith(`${period}.`)) found.push(value as Adjustment)
  return found.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
}

function orderOf(adjustment: Adjustment): string {
  return `${adjustment.day}.${lineKey(adjustment)}.${adjustment.id}`
}
