import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { TallyStore } from '../../audience/store/store.ts'
import type { ContractRecord } from '../contract.ts'
import { OFFER_KIND, type OfferRecord } from '../offer.ts'
import type { Witness } from '../usage/ledger-record.ts'
import { addCounts, type Counts, noCounts } from '../usage/price/counts.ts'
import { monthFees } from '../usage/price/month-fees.ts'
import { priceLines } from '../usage/price/price-lines.ts'
import type { ReadOptions } from '../usage/read/read-usage.ts'
import { daysOfMonth, stretches } from '../usage/read/stretches.ts'
import type { UsageLine } from '../usage/read/usage-line.ts'
import type { UsageLookups } from '../usage/read/usage-lookups.ts'
import { usageNotes } from '../usage/usage-notes.ts'
import { contractLives } from './contract-lives.ts'
import { divided } from './fee.ts'
import { lineKey, type StatementLine } from './statement-line.ts'

export interface MonthOptions {
  tallies: TallyStore
  snapshot: CatalogSnapshot
  lookups: UsageLookups
  /** `2026-11` */
  period: string
  nowMs: number
  /** Which seller's statements to which buyer. */
  wants(seller: string, buyer: string): boolean
}

/** What was told of a contract in a month and is in no amount. */
export interface Told {
  seller: string
  buyer: string
  contract: string
  /** Impressions told lost, and prices that contradict another told for the same impression. */
  lost: number
  conflicts: number
}

export interface Month {
  /** In the order of their keys. */
  lines: StatementLine[]
  told: Told[]
}

/** A line's sum over days and witnesses. */
interface Sum extends Counts {
  contract: string
  version: number
  segment: string
  deal: string
  currency: string
  witnesses: Partial<Record<Witness, number>>
}

/**
 * A month as it would be billed now: usage by segment and deal, and fees by the month. Usage under terms
 * nobody knows is on nobody's statement; `/api/usage` shows it to the exchange's operators.
 */
export async function monthLines(options: MonthOptions): Promise<Month> {
  const { sums, told } = await sumUp(options)
  const amounts = priceLines(sums, options.lookups.terms)
  const usage = sums.map((sum) => usageLine(sum, amounts.get(sum)!, options))
  const lines = [...usage, ...feeLines(options)]
  return { lines: lines.sort((a, b) => (lineKey(a) < lineKey(b) ? -1 : 1)), told }
}

async function sumUp(options: MonthOptions): Promise<{ sums: Sum[]; told: Told[] }> {
  const { tallies, lookups, period } = options
  const sums = new Map<string, Sum>()
  const told = new Map<string, Told>()
  for await (const lines of stretches(tallies, daysOfMonth(period), readingOf(options)))
    for (const line of lines) {
      const terms = lookups.terms.contract(line.contract, line.version)!
      if (line.segment === '') tell(told, line, terms)
      else if (line.units > 0n) sum(sums, line, terms)
    }
  const sorted = [...sums].sort(([a], [b]) => (a < b ? -1 : 1))
  return { sums: sorted.map(([, one]) => one), told: [...told.values()] }
}

function readingOf({ lookups, wants }: MonthOptions): ReadOptions {
  return {
    ...lookups,
    wants({ contract, version }) {
      const terms = lookups.terms.contract(contract, version)
      return terms !== undefined && wants(terms.seller, terms.buyer)
    },
  }
}

function sum(sums: Map<string, Sum>, line: UsageLine, { seller, buyer }: ContractRecord): void {
  const { contract, version, segment, deal, currency, witness } = line
  const key = lineKey({ seller, buyer, contract, version, segment, deal, currency })
  let known = sums.get(key)
  if (!known) {
    known = { contract, version, segment, deal, currency, ...noCounts(), witnesses: {} }
    sums.set(key, known)
  }
  addCounts(known, line)
  known.witnesses[witness] = (known.witnesses[witness] ?? 0) + Number(line.units)
}

function tell(told: Map<string, Told>, line: UsageLine, { seller, buyer }: ContractRecord): void {
  const { contract } = line
  const key = [seller, buyer, contract].join('.')
  const known = told.get(key) ?? { seller, buyer, contract, lost: 0, conflicts: 0 }
  told.set(key, known)
  known.lost += Number(line.lost)
  known.conflicts += Number(line.conflicts)
}

function usageLine(sum: Sum, amount: bigint, options: MonthOptions): StatementLine {
  const { contract, version, segment, deal, currency, witnesses } = sum
  const terms = options.lookups.terms.contract(contract, version)!
  return {
    ...headOf(contract, terms, options),
    segment,
    deal,
    units: Number(sum.units),
    witnesses,
    ...divided(amount, terms.platformFeeBps ?? 0),
    currency,
    notes: usageNotes(sum, terms),
  }
}

function feeLines(options: MonthOptions): StatementLine[] {
  const { snapshot, period, nowMs, wants } = options
  const lines: StatementLine[] = []
  for (const id of snapshot.kind('contract').keys()) {
    const lives = contractLives(snapshot, id, nowMs)
    for (const { version, days, daysInMonth, amountMicros } of monthFees(lives, period)) {
      const { terms } = lives.find((life) => life.version === version)!
      if (!wants(terms.seller, terms.buyer)) continue
      lines.push({
        ...headOf(id, terms, options),
        segment: '',
        deal: '',
        units: 0,
        witnesses: {},
        days,
        daysInMonth,
        ...divided(amountMicros, terms.platformFeeBps ?? 0),
        currency: terms.price.currency ?? '',
        notes: [],
      })
    }
  }
  return lines
}

function headOf(contract: string, terms: ContractRecord, { snapshot, period }: MonthOptions) {
  const { seller, buyer, version, price, offer } = terms
  const priceMicros = price.amountMicros ?? 0
  return {
    seller,
    buyer,
    contract,
    version,
    day: daysOfMonth(period).to,
    priceKind: price.kind,
    listMicros: listMicros(snapshot, offer, price.kind) ?? priceMicros,
    priceMicros,
  }
}

function listMicros(
  snapshot: CatalogSnapshot,
  offer: string | undefined,
  kind: string,
): number | undefined {
  if (offer === undefined) return undefined
  const { price } = (snapshot.kind(OFFER_KIND).get(offer)?.value as OfferRecord | undefined) ?? {}
  return price?.kind === kind ? price.amountMicros : undefined
}
