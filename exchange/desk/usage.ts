import { refuse } from '../../audience/refusal.ts'
import type { ContractRecord } from '../contract.ts'
import { LIMITS } from '../limits.ts'
import { dayIn } from '../moment.ts'
import type { Witness } from '../usage/ledger-record.ts'
import { priceLines } from '../usage/price/price-lines.ts'
import { type ReadOptions, readUsage } from '../usage/read/read-usage.ts'
import { addDays, daysOfMonth, stretches } from '../usage/read/stretches.ts'
import { keyText, type UsageKey, type UsageLine } from '../usage/read/usage-line.ts'
import { type UsageNote, usageNotes } from '../usage/usage-notes.ts'
import { type Actor, notFound, sees, snapshotOf } from './desk.ts'
import type { Page, PageOptions } from './read-records.ts'
import { mustBeDays, mustSeePair } from './statement-asked.ts'
import { lookupsOf, type UsageDeps } from './usage-deps.ts'

export interface UsageQuery extends PageOptions {
  contract?: string
  segment?: string
  buyer?: string
  seller?: string
  /** First and last day, e.g. `2026-11-26`; by default the last 31 days. */
  from?: string
  to?: string
}

/** Units of one segment under one version of a contract on one day, as one witness told of them. */
export interface UsageItem {
  day: string
  contract: string
  version: number
  segment: string
  buyer: string
  seller: string
  deal?: string
  witness: Witness
  units: number
  /** Rounded for itself: a statement rounds its own, larger lines. */
  amountMicros: number
  currency: string
  notes?: UsageNote[]
}

/**
 * A page of usage, in the order of days and contracts. A side sees its own; a contract that is none of
 * its own is not there.
 */
export async function listUsage(
  deps: UsageDeps,
  actor: Actor,
  query: UsageQuery,
): Promise<Page<UsageItem>> {
  const { limit = LIMITS.pageDefault, after = '', segment } = query
  const { from, to } = daysAsked(deps, query)
  if (after !== '') mustBeDays({ after: after.slice(0, 10) })
  const options = readingFor(deps, actor, query)
  const days = { from: [from, after.slice(0, 10)].sort()[1]!, to }
  const items: UsageItem[] = []
  let last = ''
  for await (const lines of stretches(deps.tallies, days, options)) {
    const amountOf = await pricing(deps, lines, options)
    for (const line of lines) {
      const key = keyText(line)
      const isAsked = segment === undefined || line.segment === segment
      if (key <= after || !isAsked || line.units + line.unknown === 0n) continue
      if (items.length === limit) return { items, next: last }
      items.push(itemOf(line, amountOf(line), options))
      last = key
    }
  }
  return { items, next: null }
}

const DAYS_DEFAULT = 31
/** Local days may be a day ahead of UTC's. */
const DAYS_AHEAD = 1

function daysAsked({ clock }: UsageDeps, { from, to }: UsageQuery): { from: string; to: string } {
  mustBeDays({ from, to })
  const latest = addDays(dayIn(clock.now()), DAYS_AHEAD)
  const last = to !== undefined && to < latest ? to : latest
  const first = from ?? addDays(last, 1 - DAYS_DEFAULT)
  if (to !== undefined && first > to) throw refuse('invalid', 'to', 'must not be before from')
  return { from: first, to: last }
}

/** Volume tiers look at whole months of a contract, so it is read with all of its segments. */
function readingFor(
  deps: UsageDeps,
  actor: Actor,
  { contract, buyer, seller }: UsageQuery,
): ReadOptions {
  const lookups = lookupsOf(deps)
  mustSeePair(actor, { seller, buyer })
  if (contract !== undefined) {
    const record = snapshotOf(deps).kind('contract').get(contract)?.value as ContractRecord
    if (!record || !sees(actor, record.seller, record.buyer)) throw notFound()
  }
  const wants = ({ contract: id, version }: Pick<UsageKey, 'contract' | 'version'>) => {
    if (contract !== undefined && id !== contract) return false
    const sides = lookups.terms.contract(id, version) ?? { seller: '', buyer: '' }
    if (seller !== undefined && sides.seller !== seller) return false
    if (buyer !== undefined && sides.buyer !== buyer) return false
    return sees(actor, sides.seller, sides.buyer)
  }
  return { ...lookups, wants }
}

/** What lines of one stretch cost; lines under volume tiers are priced with all of their months. */
async function pricing(
  deps: UsageDeps,
  lines: readonly UsageLine[],
  options: ReadOptions,
): Promise<(line: UsageLine) => bigint> {
  const isTiered = ({ contract, version }: Pick<UsageKey, 'contract' | 'version'>) =>
    options.terms.contract(contract, version)?.price.kind === 'tiered_cpm'
  const amounts = new Map<string, bigint>()
  const price = (some: readonly UsageLine[]) => {
    for (const [line, amount] of priceLines(some, options.terms)) amounts.set(keyText(line), amount)
  }
  price(lines.filter((line) => !isTiered(line)))
  const months = new Set(lines.filter(isTiered).map(({ day }) => day.slice(0, 7)))
  for (const month of months) {
    const { from, to } = daysOfMonth(month)
    const wants = (what: UsageKey) => isTiered(what) && options.wants(what)
    price(await readUsage(deps.tallies.read(from, to), { ...options, wants }))
  }
  return (line) => amounts.get(keyText(line)) ?? 0n
}

function itemOf(line: UsageLine, amount: bigint, { terms }: ReadOptions): UsageItem {
  const { day, contract, version, segment, deal, witness, currency } = line
  const known = terms.contract(contract, version)
  const notes = usageNotes(line, known)
  return {
    day,
    contract,
    version,
    segment,
    buyer: known?.buyer ?? '',
    seller: known?.seller ?? '',
    ...(deal ? { deal } : {}),
    witness,
    units: Number(line.units + line.unknown),
    amountMicros: Number(amount),
    currency,
    ...(notes.length > 0 ? { notes } : {}),
  }
}
