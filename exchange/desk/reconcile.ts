import { refuse } from '../../audience/refusal.ts'
import type { ContractRecord } from '../contract.ts'
import { LIMITS } from '../limits.ts'
import { grouped } from '../usage/price/price-lines.ts'
import { readUsage } from '../usage/read/read-usage.ts'
import { daysOfMonth } from '../usage/read/stretches.ts'
import type { UsageKey, UsageLine } from '../usage/read/usage-line.ts'
import { type Actor, notFound, sees, snapshotOf } from './desk.ts'
import type { Page, PageOptions } from './read-records.ts'
import { mustBePeriod } from './statement-asked.ts'
import { lookupsOf, type UsageDeps } from './usage-deps.ts'

/** How our count and the buyer’s stand to each other. */
export const Agreements = {
  same: 'Both counted the same.',
  within_1_percent: 'They differ by no more than 1 %: usual where two count the same thing.',
  within_5_percent: 'They differ by no more than 5 %: worth a look; our count is billed.',
  over_5_percent: 'They differ by more than 5 %: to be settled between the sides.',
  not_reported: 'We counted, and the buyer reported nothing.',
  not_counted: 'The buyer reported what we have not counted.',
  only_reported: 'We cannot see this use: what the buyer reports is billed.',
} as const
export type Agreement = keyof typeof Agreements

export interface Compared {
  ours: number
  theirs: number
  /** Theirs less ours. */
  difference: number
  agreement: Agreement
}

export interface ReconciledLine extends Compared {
  segment: string
  /** '' where the line is the whole month. */
  day: string
  /** Of a whole month: days of which only one side says something. */
  daysNotReported: number
  daysNotCounted: number
}

export interface ReconcileQuery extends PageOptions {
  period: string
  contract?: string
  /** A line for each segment (default), or for each segment and day. */
  by?: 'segment' | 'day'
}

export interface Reconciliation extends Page<ReconciledLine> {
  period: string
  contract: string
  /** The whole contract. */
  total: Compared
}

/** Our count of a contract's usage in a month beside what its buyer reported, line by line. */
export async function reconcile(
  deps: UsageDeps,
  actor: Actor,
  { period, contract, by = 'segment', limit = LIMITS.pageDefault, after = '' }: ReconcileQuery,
): Promise<Reconciliation> {
  mustBePeriod(period)
  if (contract === undefined) throw refuse('invalid', 'contract', 'is required')
  const record = snapshotOf(deps).kind('contract').get(contract)?.value as
    | ContractRecord
    | undefined
  if (!record || !sees(actor, record.seller, record.buyer)) throw notFound()
  const isCounted = record.uses.includes('bid_enrichment')
  const days = (await usageOf(deps, actor, { period, contract })).map((line) =>
    counted(line, isCounted),
  )
  const lines = [...grouped(days, by === 'day' ? keyOf : ({ segment }) => segment).values()]
    .map((some) => reconciled(some, { isCounted, isWholeMonth: by === 'segment' }))
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  const more = lines.filter((line) => keyOf(line) > after)
  return {
    period,
    contract,
    total: compared(days, isCounted),
    items: more.slice(0, limit),
    next: more.length > limit ? keyOf(more[limit - 1]!) : null,
  }
}

async function usageOf(
  deps: UsageDeps,
  actor: Actor,
  { period, contract }: { period: string; contract: string },
): Promise<UsageLine[]> {
  const lookups = lookupsOf(deps)
  const { from, to } = daysOfMonth(period)
  const wants = (what: Pick<UsageKey, 'contract' | 'version' | 'segment'>) => {
    const terms = lookups.terms.contract(what.contract, what.version)
    return (
      what.contract === contract &&
      what.segment !== '' &&
      terms !== undefined &&
      sees(actor, terms.seller, terms.buyer)
    )
  }
  return readUsage(deps.tallies.read(from, to), { ...lookups, wants })
}

interface Counted {
  segment: string
  day: string
  ours: number
  theirs: number
}

/** What a buyer reports of a use that we cannot see is counted as units, with the buyer as witness. */
function counted(
  { segment, day, units, reported, witness }: UsageLine,
  isCounted: boolean,
): Counted {
  const isTheirs = !isCounted && witness === 'buyer'
  return {
    segment,
    day,
    ours: isTheirs ? 0 : Number(units),
    theirs: isTheirs ? Number(units) : Number(reported),
  }
}

function reconciled(
  some: readonly Counted[],
  { isCounted, isWholeMonth }: { isCounted: boolean; isWholeMonth: boolean },
): ReconciledLine {
  const { segment, day } = some[0]!
  const days = [...grouped(some, (one) => one.day).values()].map(sum)
  return {
    segment,
    day: isWholeMonth ? '' : day,
    ...compared(some, isCounted),
    daysNotReported: isWholeMonth
      ? days.filter(({ ours, theirs }) => ours > 0 && theirs === 0).length
      : 0,
    daysNotCounted: isWholeMonth
      ? days.filter(({ ours, theirs }) => ours === 0 && theirs > 0).length
      : 0,
  }
}

function compared(some: readonly Counted[], isCounted: boolean): Compared {
  const { ours, theirs } = sum(some)
  const agreement = isCounted ? agreementOf(ours, theirs) : 'only_reported'
  return { ours, theirs, difference: theirs - ours, agreement }
}

function agreementOf(ours: number, theirs: number): Agreement {
  const off = Math.abs(theirs - ours)
  if (off === 0) return 'same'
  if (theirs === 0) return 'not_reported'
  if (ours === 0) return 'not_counted'
  if (off * 100 <= ours) return 'within_1_percent'
  return off * 20 <= ours ? 'within_5_percent' : 'over_5_percent'
}

function sum(some: readonly Counted[]): { ours: number; theirs: number } {
  return some.reduce(
    (all, { ours, theirs }) => ({ ours: all.ours + ours, theirs: all.theirs + theirs }),
    { ours: 0, theirs: 0 },
  )
}

function keyOf({ segment, day }: { segment: string; day: string }): string {
  return `${segment}.${day}`
}
