import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { Side } from '../contract.ts'
import type { Frozen } from './frozen.ts'

/** Catalog kind of statements that are no longer open, by `<period>.<seller>.<buyer>`. */
export const STATEMENT_KIND = 'statement'

/** The life of a statement, in its order. */
export const StatementStatuses = {
  open: 'Lines follow usage.',
  closing: 'The month is over; lines follow notices that are still on their way, until `closesAt`.',
  closed: 'Lines are frozen; only dated adjustments change what it comes to.',
  disputed: 'A side has said that it does not agree.',
  settled: 'Paid, or agreed otherwise.',
} as const
export type StatementStatus = keyof typeof StatementStatuses

/** Whose statement: what a buyer owes a seller for a month. */
export interface StatementOf {
  /** `2026-11` */
  period: string
  seller: string
  buyer: string
}

export interface Dispute {
  at: string
  by: Side | 'exchange'
  reason: string
  contract?: string
}

/** A statement as kept in the catalog; one that is open is not kept. */
export interface StatementRecord extends StatementOf {
  status: Exclude<StatementStatus, 'open'>
  /** When it will be closed, where it is closing. */
  closesAt?: string
  closedAt?: string
  /** Its lines, from closing on. */
  frozen?: Frozen
  disputes: Dispute[]
  settledAt?: string
  /** How it was settled: a payment's reference, or what was agreed. */
  settlement?: string
}

export function statementId({ period, seller, buyer }: StatementOf): string {
  return `${period}.${seller}.${buyer}`
}

/** Every statement of a period that is no longer open, by id. */
export function statementsOf(
  snapshot: CatalogSnapshot,
  period: string,
): ReadonlyMap<string, StatementRecord> {
  const found = new Map<string, StatementRecord>()
  for (const { id, value } of snapshot.kind(STATEMENT_KIND).values())
    if (id.startsWith(`${period}.`)) found.set(id, value as StatementRecord)
  return found
}
