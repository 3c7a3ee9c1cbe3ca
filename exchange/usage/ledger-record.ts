/**
 * What a process writes into its ledger: facts, each durable before anybody is told of it. Everything
 * that is billed is derived from these records and the catalog, and can be derived again. The ledger adds
 * `seq` and the hash chain; a record never names a person.
 */
export type LedgerRecord = DeliveredRecord | NoticeRecord | UsageReportRecord | AdjustmentRecord

/** Units handed to sockets in one stretch of time, under contracts that bill on `delivered`. */
export interface DeliveredRecord {
  kind: 'delivered'
  /** Wall time (ms) of the first and the last answer counted. */
  fromMs: number
  toMs: number
  lines: DeliveredLine[]
}

/** One contract version's segment on one day, and how often it was delivered. */
export interface DeliveredLine {
  contract: string
  /** Version of the contract's terms under which it was delivered. */
  version: number
  segment: string
  /** `2026-11-26`, in the contract's own time zone. */
  day: string
  /** The deal whose audience the segment made true, where that is the use; its seller is the contract's buyer. */
  deal?: string
  units: number
}

/** Who says that it happened. */
export const WITNESSES = ['gateway', 'buyer', 'exchange', 'creative'] as const
export type Witness = (typeof WITNESSES)[number]

export const NOTICE_KINDS = ['win', 'billing', 'loss'] as const
export type NoticeKind = (typeof NOTICE_KINDS)[number]

/** A notice about one impression of one answer. Idempotent per (answer, imp, what). */
export interface NoticeRecord {
  kind: 'notice'
  what: NoticeKind
  /** The answer the token was made for, 22 hex digits. */
  answer: string
  /** When that answer was given, in seconds since the epoch: its day is the day of the usage. */
  answeredS: number
  /** The imp the notice is about; '' where it named none, or the answer was for one only. */
  imp: string
  /** How many imps with a name may be told of for this answer; absent in records from before it was kept. */
  imps?: number
  /** Buying partner and exchange by number (0: unknown). */
  buyer: number
  exchange: number
  by: Exclude<Witness, 'gateway'>
  /** Clearing price per 1,000 impressions, in micro-units; absent where the notice named none. */
  price?: { micros: number; currency: string }
  /** Segment ids that the notice says were used, as written into the request; absent: not declared. */
  used?: string[]
  /** What the answer carried under contracts that bill on notice. */
  carried: CarriedContract[]
  receivedMs: number
}

export interface CarriedContract {
  contract: string
  version: number
  /** Segment ids of this house. */
  segments: string[]
  /** The deal whose audience these segments made true, where that is the use. */
  deal?: string
}

/** A buyer's own account of what it used (self-report), imported at the desk. */
export interface UsageReportRecord {
  kind: 'report'
  /** Made by who reports: a report given twice counts once. */
  id: string
  /** A higher one replaces what the same id said before. */
  revision?: number
  contract: string
  version: number
  segment: string
  day: string
  units: number
}

/** A dated line that corrects a closed period; made at the desk, never edited. */
export interface AdjustmentRecord {
  kind: 'adjustment'
  id: string
  contract: string
  /** The period it corrects, `2026-11`, and the day it was made. */
  period: string
  day: string
  amountMicros: number
  currency: string
  units: number
  reason: string
}
