import { refuse } from '../../audience/refusal.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import { CatalogConflict, type CatalogWrite } from '../../audience/store/store.ts'
import { closed } from '../fields.ts'
import { LIMITS } from '../limits.ts'
import { freeze } from '../statements/frozen.ts'
import type { Month } from '../statements/month-lines.ts'
import { periodOverMs } from '../statements/month-period.ts'
import { CONTEXT_KIND } from '../statements/period-context.ts'
import {
  STATEMENT_KIND,
  type StatementOf,
  type StatementRecord,
  statementId,
  statementsOf,
} from '../statements/statement-record.ts'
import { grouped } from '../usage/price/price-lines.ts'
import { type Actor, mustBeExchange, snapshotOf } from './desk.ts'
import { mustBePeriod, Pair } from './statement-asked.ts'
import { liveMonth, type StatementShown, statementShown, type WantsPair } from './statements.ts'
import type { UsageDeps } from './usage-deps.ts'
import { checkedBody } from './write-record.ts'

/** Body of `POST /api/statements/{period}/close`; without a pair, every statement of the period. */
export const CloseBody = closed({
  ...Pair,
  /** Does not wait for notices that are still on their way: they become adjustments. */
  now: Type.Optional(Type.Boolean()),
})

const checkClose = checker(CloseBody)

/**
 * Closes statements of a month that is over everywhere: their lines are frozen, at once where it has been
 * over for LIMITS.closingMs or `now` says so; else they are closing until then.
 */
export async function closeStatements(
  deps: UsageDeps,
  actor: Actor,
  { period, body }: { period: string; body?: unknown },
): Promise<{ items: StatementShown[] }> {
  mustBeExchange(actor)
  mustBePeriod(period)
  const given = checkedBody<Static<typeof CloseBody>>(body ?? {}, checkClose, [])
  const overMs = periodOverMs(period)
  const nowMs = deps.clock.now()
  if (nowMs < overMs)
    throw refuse('conflict', 'period', `it is over at ${new Date(overMs).toISOString()}`)
  const isFinal = given.now === true || nowMs >= overMs + LIMITS.closingMs
  const closesAt = new Date(overMs + LIMITS.closingMs).toISOString()
  const items = await closeWhere(deps, period, {
    wants: (seller, buyer) =>
      (given.seller ?? seller) === seller && (given.buyer ?? buyer) === buyer,
    closesAt: isFinal ? undefined : closesAt,
  })
  if (items.length === 0) throw refuse('not_found', '', 'there is no such statement to be closed')
  return { items }
}

interface Closing {
  wants: WantsPair
  /** Until when they shall be closing; undefined: they are closed now. */
  closesAt: string | undefined
}

/** Freezes every statement that is wanted and not closed yet, or marks it as closing. */
export async function closeWhere(
  deps: UsageDeps,
  period: string,
  closing: Closing,
): Promise<StatementShown[]> {
  for (let attempt = 1; ; attempt++)
    try {
      return await closeOnce(deps, period, closing)
    } catch (error) {
      if (!(error instanceof CatalogConflict)) throw error
      if (attempt === LIMITS.writeAttempts) throw refuse('conflict', '', error.message)
    }
}

/** One write for all, so that what they were billed by is the same for all. */
async function closeOnce(
  deps: UsageDeps,
  period: string,
  { wants, closesAt }: Closing,
): Promise<StatementShown[]> {
  await deps.feed.poke()
  const snapshot = snapshotOf(deps)
  const records = statementsOf(snapshot, period)
  const isToClose = (seller: string, buyer: string) =>
    wants(seller, buyer) && isBefore(records.get(statementId({ period, seller, buyer })), closesAt)
  const { month, context } = await liveMonth(deps, period, isToClose)
  const closedAt = new Date(deps.clock.now()).toISOString()
  const pairs = pairsOf(month, period)
  for (const [id, of] of records)
    if (!pairs.has(id) && isToClose(of.seller, of.buyer)) pairs.set(id, emptyMonth(of))
  const drafts = [...pairs].map(([id, its]) => {
    const disputes = records.get(id)?.disputes ?? []
    return { id, its, after: closingRecord(its, { closesAt, closedAt, disputes }) }
  })
  if (drafts.length === 0) return []
  const writes = drafts.map(({ id, after }): CatalogWrite => {
    const expect = snapshot.kind(STATEMENT_KIND).get(id)?.version ?? 0
    return { kind: STATEMENT_KIND, id, value: after, expect }
  })
  if (closesAt === undefined) writes.push({ kind: CONTEXT_KIND, id: period, value: context })
  await deps.catalog.write(writes)
  await deps.feed.poke()
  return drafts.map(({ its, after }) =>
    statementShown(its.of, after, { lines: its.month.lines, adjustments: [] }),
  )
}

/** A statement that is open, or closing where it shall be closed. */
function isBefore(record: StatementRecord | undefined, closesAt: string | undefined): boolean {
  return record === undefined || (record.status === 'closing' && closesAt === undefined)
}

interface ItsMonth {
  of: StatementOf
  month: Month
}

function pairsOf({ lines, told }: Month, period: string): Map<string, ItsMonth> {
  const idOf = ({ seller, buyer }: { seller: string; buyer: string }) =>
    statementId({ period, seller, buyer })
  const toldOf = grouped(told, idOf)
  return new Map(
    [...grouped(lines, idOf)].map(([id, its]) => {
      const { seller, buyer } = its[0]!
      return [
        id,
        { of: { period, seller, buyer }, month: { lines: its, told: toldOf.get(id) ?? [] } },
      ]
    }),
  )
}

function emptyMonth({ period, seller, buyer }: StatementOf): ItsMonth {
  return { of: { period, seller, buyer }, month: { lines: [], told: [] } }
}

function closingRecord(
  { of, month }: ItsMonth,
  {
    closesAt,
    closedAt,
    disputes,
  }: Pick<StatementRecord, 'disputes'> & { closesAt: string | undefined; closedAt: string },
): StatementRecord {
  if (closesAt !== undefined) return { ...of, status: 'closing', closesAt, disputes }
  if (month.lines.length > LIMITS.statementLinesMax)
    throw refuse(
      'unprocessable',
      '',
      `the statement of ${of.seller} to ${of.buyer} has over ${LIMITS.statementLinesMax} lines`,
    )
  return { ...of, status: 'closed', closedAt, frozen: freeze(month), disputes }
}
