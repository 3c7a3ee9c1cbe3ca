import { refuse } from '../../audience/refusal.ts'
import type { ContractRecord } from '../contract.ts'
import { LIMITS } from '../limits.ts'
import { isCounted } from '../usage/is-counted.ts'
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
  const days = await countedDays(deps, actor, { period, contract })
  const lines = [...grouped(days, by === 'day' ? keyOf : ({ segment }) => segment).values()]
    .map((some) => reconciled(some, by === 'segment'))
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  const more = lines.filter((line) => keyOf(line) > after)
  return {
    period,
    contract,
    total: compared(days, isCounted(record)),
    items: more.slice(0, limit),
    next: more.length > limit ? keyOf(more[limit - 1]!) : null,
  }
}

/** Each line as its own version of the terms has it: what we can see may have become more, or less. */
async function countedDays(
  deps: UsageDeps,
  actor: Actor,
  { period, contract }: { period: string; contract: string },
): Promise<Counted[]> {
  const lookups = lookupsOf(deps)
  const { from, to } = daysOfMonth(period)
  const termsOf = (what: Pick<UsageKey, 'contract' | 'version'>) =>
    lookups.terms.contract(what.contract, what.version)
  const wants = (what: Pick<UsageKey, 'contract' | 'version' | 'segment'>) => {
    const terms = termsOf(what)
    return (
      what.contract === contract &&
      what.segment !== '' &&
      terms !== undefined &&
      sees(actor, terms.seller, terms.buyer)
    )
  }
  const lines = await readUsage(deps.tallies.read(from, to), { ...lookups, wants })
  return lines.map((line) => counted(line, isCounted(termsOf(line)!)))
}

interface Counted {
  segment: string
  day: string
  /** We see this use ourselves. */
  isSeen: boolean
  ours: number
  theirs: number
}

/** What a buyer reports of a use that we cannot see is counted as units, with the buyer as witness. */
function counted({ segment, day, units, reported, witness }: UsageLine, isSeen: boolean): Counted {
  const isTheirs = !isSeen && witness === 'buyer'
  return {
    segment,
    day,
    isSeen,
    ours: isTheirs ? 0 : Number(units),
    theirs: isTheirs ? Number(units) : Number(reported),
  }
}

function reconciled(some: readonly Counted[], isWholeMonth: boolean): ReconciledLine {
  const { segment, day } = some[0]!
  const days = [...grouped(some, (one) => one.day).values()].map(sum)
  return {
    segment,
    day: isWholeMonth ? '' : day,
    ...compared(some),
    daysNotReported: isWholeMonth
      ? days.filter(({ ours, theirs }) => ours > 0 && theirs === 0).length
      : 0,
    daysNotCounted: isWholeMonth
      ? days.filter(({ ours, theirs }) => ours === 0 && theirs > 0).length
      : 0,
  }
}

/** Both counts; they can agree only on what we see. `isSeen`: where there is nothing yet. */
function compared(some: readonly Counted[], isSeen = false): Compared {
  const { ours, theirs } = sum(some)
  const seen = some.filter((one) => one.isSeen)
  const isComparable = seen.length > 0 || (some.length === 0 && isSeen)
  const agreement = isComparable ? agreementOf(sum(seen)) : 'only_reported'
  return { ours, theirs, difference: theirs - ours, agreement }
}

function agreementOf({ ours, theirs }: { ours: number; theirs: number }): Agreement {
  const off = Math.abs(theirs - ours)
  if (off === 0) return 'same'
  if (theirs === 0) return 'not_reported'
  if (ours === 0) return 'not_counted'
  if (off * 100 <= ours) return 'within_1_percent'
  return off * 20 <= ours ? 'within_5_percent' : 'over_5_percent'
}

function sum(some: readonly Counted[]): { ours: number; theirs: number } {
  const all = { ours: 0, theirs: 0 }
  for (const { ours, theirs } of some) {
    all.ours += ours
    all.theirs += theirs
  }
  return all
}

function keyOf({ segment, day }: { segment: string; day: string }): string {
  return `${segment}.${day}`
}
