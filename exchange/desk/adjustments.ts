import { refuse } from '../../audience/refusal.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { CatalogConflict, type CatalogWrite } from '../../audience/store/store.ts'
import type { ContractRecord } from '../contract.ts'
import { Currency, closed, OperatorId } from '../fields.ts'
import { LIMITS } from '../limits.ts'
import { dayIn } from '../moment.ts'
import {
  ADJUSTMENT_KIND,
  type Adjustment,
  adjustmentId,
  adjustmentsOf,
} from '../statements/adjustment.ts'
import { contractLives, livesWithin } from '../statements/contract-lives.ts'
import { divided } from '../statements/fee.ts'
import { CONTEXT_KIND, type PeriodContext } from '../statements/period-context.ts'
import { type StatementOf, statementId, statementsOf } from '../statements/statement-record.ts'
import { daysOfMonth } from '../usage/read/stretches.ts'
import { type Actor, mustBeExchange, snapshotOf, type Written } from './desk.ts'
import { mustBePeriod, Reason } from './statement-asked.ts'
import type { UsageDeps } from './usage-deps.ts'
import { checkedBody } from './write-record.ts'

/** Whole micro-units or units of either sign: a credit is negative. */
const Signed = Type.Integer({
  minimum: -Number.MAX_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
})

/** Body of `POST /api/statements/{period}/adjustments`. */
export const AdjustmentBody = closed({
  /** Chosen by who adjusts: the same one again changes nothing. */
  id: OperatorId,
  contract: OperatorId,
  segment: Type.Optional(OperatorId),
  deal: Type.Optional(OperatorId),
  amountMicros: Signed,
  currency: Currency,
  units: Type.Optional(Signed),
  reason: Reason,
})
type AdjustmentBody = Static<typeof AdjustmentBody>

const checkAdjustment = checker(AdjustmentBody)

/** Adds a dated line to a closed statement, in the ledger first. */
export async function adjustStatement(
  deps: UsageDeps,
  actor: Actor,
  { period, body }: { period: string; body?: unknown },
): Promise<Written<Adjustment>> {
  mustBeExchange(actor)
  mustBePeriod(period)
  const given = checkedBody<AdjustmentBody>(body ?? {}, checkAdjustment, [])
  await deps.feed.poke()
  const adjustment = agreed(deps, period, given)
  const known = knownAs(deps, adjustment)
  if (known) return known
  return { value: adjustment, version: await addAdjustments(deps, [adjustment]), created: true }
}

function agreed(deps: UsageDeps, period: string, given: AdjustmentBody): Adjustment {
  const { contract, amountMicros, segment = '', deal = '', units = 0, ...rest } = given
  const terms = termsIn(snapshotOf(deps), contract, period)
  if (!terms) throw refuse('not_found', 'contract', `there is no contract ${contract}`)
  const { seller, buyer, version, timeZone, platformFeeBps = 0 } = terms
  return {
    ...rest,
    period,
    seller,
    buyer,
    contract,
    version,
    segment,
    deal,
    day: dayIn(deps.clock.now(), timeZone),
    units,
    ...divided(BigInt(amountMicros), platformFeeBps),
    cause: 'agreed',
  }
}

/** Those that a month is corrected by: the last that were in force in it; where none were, those of now. */
function termsIn(
  snapshot: CatalogSnapshot,
  contract: string,
  period: string,
): ContractRecord | undefined {
  const lives = contractLives(snapshot, contract, Number.POSITIVE_INFINITY)
  const now = snapshot.kind('contract').get(contract)?.value as ContractRecord | undefined
  return livesWithin(lives, daysOfMonth(period)).at(-1)?.terms ?? now
}

/** The adjustment that has this id already; one that says something else is a conflict. */
function knownAs(deps: UsageDeps, adjustment: Adjustment): Written<Adjustment> | undefined {
  const record = snapshotOf(deps).kind(ADJUSTMENT_KIND).get(adjustmentId(adjustment, adjustment.id))
  if (!record) return undefined
  const value = record.value as Adjustment
  const same = (
    ['contract', 'segment', 'deal', 'amountMicros', 'currency', 'units'] as const
  ).every((field) => value[field] === adjustment[field])
  if (same && value.reason === adjustment.reason)
    return { value, version: record.version, created: false }
  throw refuse('conflict', 'id', 'there is another adjustment of this id')
}

/**
 * Writes new adjustments of one statement, which must be closed: to the ledger, whose chain is the evidence,
 * and to the catalog, from which statements show them. Somebody else's adjustment of the same id is a conflict.
 * `context`: what they rest on, where that is to be kept with them.
 */
export async function addAdjustments(
  deps: UsageDeps,
  adjustments: readonly Adjustment[],
  context?: PeriodContext,
): Promise<number> {
  mustBeClosed(deps, adjustments[0]!)
  mustHaveRoom(deps, adjustments[0]!, adjustments.length)
  for (const { id, contract, period, day, amountMicros, currency, units, reason } of adjustments) {
    const line = { id, contract, period, day, amountMicros, currency, units, reason }
    await deps.append({ kind: 'adjustment', ...line })
  }
  const writes = adjustments.map((value): CatalogWrite => {
    const id = adjustmentId(value, value.id)
    return { kind: ADJUSTMENT_KIND, id, value, expect: 0 }
  })
  if (context) writes.push({ kind: CONTEXT_KIND, id: adjustments[0]!.period, value: context })
  try {
    const version = await deps.catalog.write(writes)
    await deps.feed.poke()
    return version
  } catch (error) {
    if (error instanceof CatalogConflict)
      throw refuse('conflict', 'id', 'somebody else has just made an adjustment of this id')
    throw error
  }
}

function mustBeClosed(deps: UsageDeps, of: StatementOf): void {
  const record = statementsOf(snapshotOf(deps), of.period).get(statementId(of))
  if (!record?.frozen)
    throw refuse(
      'conflict',
      'period',
      'the statement is not closed yet: until then it follows usage',
    )
}

/** What late usage makes by itself takes no room from what is agreed. */
function mustHaveRoom(deps: UsageDeps, of: Adjustment, more: number): void {
  const made = adjustmentsOf(snapshotOf(deps), of.period).filter(
    ({ seller, buyer, cause }) => seller === of.seller && buyer === of.buyer && cause === of.cause,
  )
  const isLate = of.cause === 'late_usage'
  const max = isLate ? LIMITS.lateAdjustmentsMax : LIMITS.adjustmentsMax
  if (made.length + more <= max) return
  const whose = isLate
    ? `adjustments of late usage: agree on the rest of ${statementId(of)}`
    : 'adjustments'
  throw refuse('conflict', '', `a statement has at most ${max} ${whose}`)
}
