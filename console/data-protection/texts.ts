import type { ContractStatus, Use } from '../../exchange/contract.ts'
import type { DpRole } from '../../exchange/data-protection.ts'
import { EN } from './texts-en.ts'
import { FR } from './texts-fr.ts'

/** The documents that are made from contracts. */
export const DP_DOCUMENTS = ['processing', 'recipients', 'transfers'] as const
export type DpDocument = (typeof DP_DOCUMENTS)[number]

/** Everything a document says in words. */
export interface DpTexts {
  title: Readonly<Record<DpDocument, string>>
  /** Sentences above the table. */
  intro: Readonly<Record<DpDocument, readonly string[]>>
  /** By column. */
  column: Readonly<Record<DpColumn, string>>
  role: Readonly<Record<DpRole, string>>
  use: Readonly<Record<Use, string>>
  status: Readonly<Record<ContractStatus, string>>
  /** Words of `basis` that are known; others stand as they were given. */
  basis: Readonly<Record<string, string>>
  /** Likewise of `transfer`. */
  transfer: Readonly<Record<string, string>>
  exchange: string
  people: string
  notStated: string
  none: string
  noTransfer: string
  yes: string
  no: string
  list(items: readonly string[]): string
  days(count: number): string
  more(count: number): string
  purposes(numbers: readonly number[]): string
}

export type DpColumn =
  | 'contract'
  | 'status'
  | 'since'
  | 'until'
  | 'controllers'
  | 'processors'
  | 'purposes'
  | 'basis'
  | 'people'
  | 'data'
  | 'special'
  | 'recipient'
  | 'recipients'
  | 'domain'
  | 'country'
  | 'role'
  | 'from'
  | 'safeguard'
  | 'retention'
  | 'onward'
  | 'instrument'
  | 'contracts'

export const DP_LANGUAGES = ['en', 'fr'] as const
export type DpLanguage = (typeof DP_LANGUAGES)[number]

export const DP_TEXTS: Readonly<Record<DpLanguage, DpTexts>> = { en: EN, fr: FR }
