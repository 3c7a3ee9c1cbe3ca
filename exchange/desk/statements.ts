import { refuse } from '../../audience/refusal.ts'
import { LIMITS } from '../limits.ts'
import { type Adjustment, adjustmentsOf } from '../statements/adjustment.ts'
import { thaw } from '../statements/frozen.ts'
import { type Month, monthLines, type Told } from '../statements/month-lines.ts'
import { contextOf, type PeriodContext, remembering } from '../statements/period-context.ts'
import { lineKey, type StatementLine } from '../statements/statement-line.ts'
import {
  type Dispute,
  type StatementOf,
  type StatementRecord,
  type StatementStatus,
  statementId,
  statementsOf,
} from '../statements/statement-record.ts'
import { type Summed, totalsOf } from '../statements/totals.ts'
import { grouped } from '../usage/price/price-lines.ts'
import { type Actor, isExchange, notFound, sees, snapshotOf } from './desk.ts'
import type { Page, PageOptions } from './read-records.ts'
import { mustBePeriod, mustSeePair } from './statement-asked.ts'
import { lookupsOf, type UsageDeps } from './usage-deps.ts'

export interface StatementQuery extends PageOptions {
  /** Whose statements, and those where it is on which side; a partner key's own by default. */
  partner?: string
  as?: 'seller' | 'buyer'
  seller?: string
  buyer?: string
}

/** One statement of a period: what a buyer owes a seller. */
export interface StatementShown extends StatementOf {
  status: StatementStatus
  closesAt?: string
  closedAt?: string
  settledAt?: string
  settlement?: string
  /** Number of its lines, and of its adjustments. */
  lines: number
  adjustments: number
  /** Of its lines, from closing on: see docs/endpoints/usage-and-statements.md. */
  sha256?: string
  disputes: Dispute[]
  /** With adjustments. */
  totals: Summed[]
}

export interface PeriodStatements extends Page<StatementLine> {
  period: string
  statements: StatementShown[]
  adjustments: Adjustment[]
  /** Of all statements, with adjustments. */
  totals: Summed[]
  told: Told[]
}

/** The statements of a period that the caller asks for and may see, with a page of their lines. */
export async function getStatements(
  deps: UsageDeps,
  actor: Actor,
  { period, limit = LIMITS.pageDefault, after = '', ...query }: StatementQuery & { period: string },
): Promise<PeriodStatements> {
  mustBePeriod(period)
  const wants = asked(deps, actor, query)
  const { lines, told, records } = await wholePeriod(deps, period, wants)
  const adjustments = adjustmentsOf(snapshotOf(deps), period).filter(({ seller, buyer }) =>
    wants(seller, buyer),
  )
  const more = lines.filter((line) => lineKey(line) > after)
  return {
    period,
    statements: statementsShown({ period, lines, adjustments, records }),
    adjustments,
    totals: totalsOf([...lines, ...adjustments]),
    told,
    items: more.slice(0, limit),
    next: more.length > limit ? lineKey(more[limit - 1]!) : null,
  }
}

/** Which statements the query names, of those the caller may see. Another partner's are not there. */
function asked(
  deps: UsageDeps,
  actor: Actor,
  { partner = actor.partner, as, seller, buyer }: StatementQuery,
): (seller: string, buyer: string) => boolean {
  if (partner !== undefined && !sees(actor, partner)) throw notFound()
  if (partner !== undefined && !snapshotOf(deps).kind('partner').has(partner)) throw notFound()
  mustSeePair(actor, { seller, buyer })
  if (partner === undefined && as !== undefined)
    throw refuse('invalid', 'as', 'needs partner beside it')
  return (ofSeller, ofBuyer) => {
    if (seller !== undefined && ofSeller !== seller) return false
    if (buyer !== undefined && ofBuyer !== buyer) return false
    if (partner === undefined) return isExchange(actor)
    return (as !== 'buyer' && ofSeller === partner) || (as !== 'seller' && ofBuyer === partner)
  }
}

export type WantsPair = (seller: string, buyer: string) => boolean

interface Period extends Month {
  /** Statements that are no longer open, by id. */
  records: ReadonlyMap<string, StatementRecord>
}

/** Lines as they are frozen, and of what is not closed yet as usage is now. */
async function wholePeriod(deps: UsageDeps, period: string, wants: WantsPair): Promise<Period> {
  const records = new Map(
    [...statementsOf(snapshotOf(deps), period)].filter(([, { seller, buyer }]) =>
      wants(seller, buyer),
    ),
  )
  const frozen = [...records.values()].flatMap((record) =>
    record.frozen ? [thaw(record.frozen)] : [],
  )
  const isFrozen = (seller: string, buyer: string) =>
    records.get(statementId({ period, seller, buyer }))?.frozen !== undefined
  const { month } = await liveMonth(
    deps,
    period,
    (seller, buyer) => wants(seller, buyer) && !isFrozen(seller, buyer),
  )
  const all = [...frozen, month]
  return {
    records,
    lines: all.flatMap(({ lines }) => lines).sort((a, b) => (lineKey(a) < lineKey(b) ? -1 : 1)),
    told: all.flatMap(({ told }) => told),
  }
}

/** A month by its usage as counted now, whatever is frozen; and what attribution looked up for it. */
export async function liveMonth(
  deps: UsageDeps,
  period: string,
  wants: WantsPair,
): Promise<{ month: Month; context: PeriodContext }> {
  const snapshot = snapshotOf(deps)
  const { lookups, context } = remembering(lookupsOf(deps), contextOf(snapshot, period))
  const { tallies, clock } = deps
  const nowMs = clock.now()
  return {
    month: await monthLines({ tallies, snapshot, lookups, period, nowMs, wants }),
    context,
  }
}

/** One for each pair of partners that anything is said of. */
export function statementsShown({
  period,
  lines,
  adjustments,
  records,
}: {
  period: string
  lines: readonly StatementLine[]
  adjustments: readonly Adjustment[]
  records: ReadonlyMap<string, StatementRecord>
}): StatementShown[] {
  const pairs = new Map<string, StatementOf>()
  for (const { seller, buyer } of [...records.values(), ...lines, ...adjustments]) {
    const pair = { period, seller, buyer }
    pairs.set(statementId(pair), pair)
  }
  const idOf = ({ seller, buyer }: StatementLine | Adjustment) =>
    statementId({ period, seller, buyer })
  const linesOf = grouped(lines, idOf)
  const adjustmentsOf = grouped(adjustments, idOf)
  return [...pairs]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, pair]) =>
      statementShown(pair, records.get(id), {
        lines: linesOf.get(id) ?? [],
        adjustments: adjustmentsOf.get(id) ?? [],
      }),
    )
}

export function statementShown(
  pair: StatementOf,
  record: StatementRecord | undefined,
  its: { lines: readonly StatementLine[]; adjustments: readonly Adjustment[] },
): StatementShown {
  const { frozen, disputes = [], status = 'open' as const, ...life } = record ?? {}
  return {
    ...pair,
    ...life,
    status,
    lines: its.lines.length,
    adjustments: its.adjustments.length,
    ...(frozen ? { sha256: frozen.sha256 } : {}),
    disputes,
    totals: totalsOf([...its.lines, ...its.adjustments]),
  }
}
