import { refuse } from '../../audience/refusal.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import { closed, OperatorId } from '../fields.ts'
import { LIMITS } from '../limits.ts'
import { adjustmentsOf } from '../statements/adjustment.ts'
import { thaw } from '../statements/frozen.ts'
import {
  STATEMENT_KIND,
  type StatementOf,
  type StatementRecord,
  statementId,
} from '../statements/statement-record.ts'
import { type Actor, mustBeExchange, snapshotOf } from './desk.ts'
import { mustBePeriod, Pair, Reason, statementAsked } from './statement-asked.ts'
import { type StatementShown, statementShown } from './statements.ts'
import type { UsageDeps } from './usage-deps.ts'
import { checkedBody, writeRecord } from './write-record.ts'

/** Body of `POST /api/statements/{period}/dispute`. */
export const DisputeBody = closed({
  ...Pair,
  reason: Reason,
  contract: Type.Optional(OperatorId),
})

/** Body of `POST …/settle`. */
export const SettleBody = closed({ ...Pair, settlement: Type.Optional(Reason) })

const checkDispute = checker(DisputeBody)
const checkSettle = checker(SettleBody)

interface Given {
  period: string
  body?: unknown
}

/** A side, or an operator, says that it does not agree with a closed statement. */
export function disputeStatement(
  deps: UsageDeps,
  actor: Actor,
  { period, body }: Given,
): Promise<StatementShown> {
  mustBePeriod(period)
  const given = checkedBody<Static<typeof DisputeBody>>(body ?? {}, checkDispute, [])
  const of = statementAsked(actor, period, given)
  return changeStatement(deps, of, (record) => {
    mustBe(record, ['closed', 'disputed'])
    if (record.disputes.length >= LIMITS.disputesMax)
      throw refuse('conflict', '', `it was disputed ${LIMITS.disputesMax} times already`)
    const by =
      actor.partner === of.seller ? 'seller' : actor.partner === of.buyer ? 'buyer' : 'exchange'
    const { reason, contract } = given
    const at = new Date(deps.clock.now()).toISOString()
    const dispute = { at, by, reason, ...(contract === undefined ? {} : { contract }) } as const
    return { ...record, status: 'disputed', disputes: [...record.disputes, dispute] }
  })
}

/** Ends the life of a closed statement: it was paid, or a dispute was ended. */
export function settleStatement(
  deps: UsageDeps,
  actor: Actor,
  { period, body }: Given,
): Promise<StatementShown> {
  mustBeExchange(actor)
  mustBePeriod(period)
  const given = checkedBody<Static<typeof SettleBody>>(body ?? {}, checkSettle, [])
  return changeStatement(deps, statementAsked(actor, period, given), (record) => {
    mustBe(record, ['closed', 'disputed', 'settled'])
    if (record.status === 'settled') return record
    const { settlement } = given
    if (record.status === 'disputed' && settlement === undefined)
      throw refuse('invalid', 'settlement', 'say what was agreed: the statement is disputed')
    const settledAt = new Date(deps.clock.now()).toISOString()
    return {
      ...record,
      status: 'settled',
      settledAt,
      ...(settlement === undefined ? {} : { settlement }),
    }
  })
}

async function changeStatement(
  deps: UsageDeps,
  of: StatementOf,
  change: (record: StatementRecord) => StatementRecord,
): Promise<StatementShown> {
  const target = { kind: STATEMENT_KIND, id: statementId(of) }
  const { value } = await writeRecord<StatementRecord>(deps, target, {
    decide: (existing) => {
      if (!existing) throw refuse('not_found', '', 'there is no such statement, or it is open')
      return { value: change(existing.value as StatementRecord) }
    },
  })
  const { lines } = value!.frozen ? thaw(value!.frozen) : { lines: [] }
  const adjustments = adjustmentsOf(snapshotOf(deps), of.period).filter(
    ({ seller, buyer }) => seller === of.seller && buyer === of.buyer,
  )
  return statementShown(of, value!, { lines, adjustments })
}

function mustBe({ status }: StatementRecord, statuses: readonly string[]): void {
  if (!statuses.includes(status)) throw refuse('conflict', 'status', `the statement is ${status}`)
}
