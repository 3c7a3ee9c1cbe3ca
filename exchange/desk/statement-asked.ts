import { refuse } from '../../audience/refusal.ts'
import { Type } from '../../audience/schema.ts'
import { OperatorId } from '../fields.ts'
import { LIMITS } from '../limits.ts'
import { isDay } from '../moment.ts'
import { isPeriod } from '../statements/month-period.ts'
import type { StatementOf } from '../statements/statement-record.ts'
import { type Actor, notFound, sees } from './desk.ts'
import { refuseAll } from './write-record.ts'

/** Fields that say which statement; a partner is one side of it by itself. */
export const Pair = { seller: Type.Optional(OperatorId), buyer: Type.Optional(OperatorId) }

/** What somebody says why. */
export const Reason = Type.String({ minLength: 1, maxLength: LIMITS.reasonCharsMax })

/** The pair a body names; a partner's own side need not be named, and another's is not there. */
export function statementAsked(
  actor: Actor,
  period: string,
  { seller, buyer }: { seller?: string; buyer?: string },
): StatementOf {
  const own = actor.partner
  const beside = (other: string | undefined) =>
    other !== undefined && other !== own ? own : undefined
  const pair = { seller: seller ?? beside(buyer), buyer: buyer ?? beside(seller) }
  for (const side of ['seller', 'buyer'] as const)
    if (pair[side] === undefined) throw refuse('invalid', side, 'is required')
  if (!sees(actor, pair.seller!, pair.buyer!)) throw notFound()
  return { period, seller: pair.seller!, buyer: pair.buyer! }
}

/** What is between two other partners is not there. */
export function mustSeePair(
  actor: Actor,
  { seller, buyer }: { seller: string | undefined; buyer: string | undefined },
): void {
  if (seller !== undefined && buyer !== undefined && !sees(actor, seller, buyer)) throw notFound()
}

/** Refuses days (`from`, `to`) that do not exist. */
export function mustBeDays(days: Readonly<Record<string, string | undefined>>): void {
  const wrong = Object.entries(days).filter(([, day]) => day !== undefined && !isDay(day))
  refuseAll(
    'invalid',
    wrong.map(([field]) => ({ field, reason: 'must be a date that exists, such as 2026-11-26' })),
  )
}

export function mustBePeriod(period: string): void {
  if (!isPeriod(period)) throw refuse('not_found', 'period', 'must be a month such as 2026-11')
}
