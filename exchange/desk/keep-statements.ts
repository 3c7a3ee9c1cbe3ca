import { Refused } from '../../audience/refusal.ts'
import { Rounds } from '../../audience/rounds.ts'
import { LIMITS } from '../limits.ts'
import { periodOverMs } from '../statements/month-period.ts'
import {
  STATEMENT_KIND,
  type StatementRecord,
  statementId,
} from '../statements/statement-record.ts'
import { grouped } from '../usage/price/price-lines.ts'
import { closeWhere } from './close-statements.ts'
import { adjustLateUsage } from './late-usage.ts'
import type { UsageDeps } from './usage-deps.ts'

export interface StatementKeeper {
  /** Looks now; resolves once that is done. Never rejects. */
  poke(): Promise<void>
  close(): Promise<void>
}

export interface StatementKeeperLog {
  error(details: object, message: string): void
}

/**
 * Does what statements wait for: closes those whose time has come, and turns usage that came after a
 * statement was closed into adjustments. The desk does it, every LIMITS.statementSweepMs; that two desks do it
 * at once does no harm.
 */
export function keepStatements(deps: UsageDeps, log: StatementKeeperLog): StatementKeeper {
  const rounds = new Rounds(LIMITS.statementSweepMs, () =>
    sweep(deps, log).catch((error) =>
      log.error({ error: String(error) }, 'statements could not be looked after'),
    ),
  )
  return { poke: () => rounds.poke(), close: () => rounds.stop() }
}

async function sweep(deps: UsageDeps, log: StatementKeeperLog): Promise<void> {
  const nowMs = deps.clock.now()
  const records = [...(deps.feed.current()?.kind(STATEMENT_KIND).values() ?? [])].map(
    ({ value }) => value as StatementRecord,
  )
  for (const [period, ofPeriod] of grouped(records, (record) => record.period))
    try {
      await closeDue(deps, period, ofPeriod)
      if (nowMs < periodOverMs(period) + LIMITS.lateUsageMs) await adjustLateUsage(deps, period)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      log.error({ period, reason: error.message }, 'statements of a period were left as they are')
    }
}

async function closeDue(
  deps: UsageDeps,
  period: string,
  records: readonly StatementRecord[],
): Promise<void> {
  const nowMs = deps.clock.now()
  const due = records.filter(
    ({ status, closesAt }) => status === 'closing' && Date.parse(closesAt!) <= nowMs,
  )
  if (due.length === 0) return
  const ids = new Set(due.map(statementId))
  const wants = (seller: string, buyer: string) => ids.has(statementId({ period, seller, buyer }))
  await closeWhere(deps, period, { wants, closesAt: undefined })
}
