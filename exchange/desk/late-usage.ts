import { Refused } from '../../audience/refusal.ts'
import { LIMITS } from '../limits.ts'
import { dayIn } from '../moment.ts'
import { type Adjustment, adjustmentsOf } from '../statements/adjustment.ts'
import { divided } from '../statements/fee.ts'
import { thaw } from '../statements/frozen.ts'
import { lineKey, type StatementLine } from '../statements/statement-line.ts'
import { type StatementRecord, statementId, statementsOf } from '../statements/statement-record.ts'
import { isCounted } from '../usage/is-counted.ts'
import { grouped } from '../usage/price/price-lines.ts'
import { usageTerms } from '../usage/usage-terms.ts'
import { addAdjustments } from './adjustments.ts'
import { snapshotOf } from './desk.ts'
import { liveMonth } from './statements.ts'
import type { UsageDeps } from './usage-deps.ts'

const LATE_ID = /^late-(\d{1,15})$/
const REASON = 'usage told after the statement was closed'

/**
 * Compares the closed statements of a period with its usage as it is now. What has come since, and is in
 * no earlier adjustment, becomes adjustments of today: one a line, so many at once. What else they were divided by is kept with
 * them, so that it makes no further ones when it moves on. Returns how many.
 */
export async function adjustLateUsage(deps: UsageDeps, period: string): Promise<number> {
  const snapshot = snapshotOf(deps)
  const closed = new Map([...statementsOf(snapshot, period)].filter(([, { frozen }]) => frozen))
  if (closed.size === 0) return 0
  const idOf = ({ seller, buyer }: { seller: string; buyer: string }) =>
    statementId({ period, seller, buyer })
  const { month, context } = await liveMonth(deps, period, (seller, buyer) =>
    closed.has(idOf({ seller, buyer })),
  )
  const linesOf = grouped(month.lines, idOf)
  const madeOf = grouped(adjustmentsOf(snapshot, period), idOf)
  let count = 0
  let refused: Refused | undefined
  for (const [id, record] of closed) {
    const late = lateOf(deps, record, { now: linesOf.get(id) ?? [], made: madeOf.get(id) ?? [] })
    try {
      for (const part of parts(late)) {
        await addAdjustments(deps, part, context)
        count += part.length
      }
    } catch (error) {
      // What is refused of one statement keeps nothing from the others.
      if (!(error instanceof Refused)) throw error
      refused ??= error
    }
  }
  if (refused) throw refused
  return count
}

function parts(late: readonly Adjustment[]): Adjustment[][] {
  const all: Adjustment[][] = []
  for (let from = 0; from < late.length; from += LIMITS.adjustmentsMax)
    all.push(late.slice(from, from + LIMITS.adjustmentsMax))
  return all
}

/** Units and amount that a line's key has beyond what is billed of it. */
interface Beyond {
  line: StatementLine | Adjustment
  units: number
  amountMicros: number
}

function lateOf(
  deps: UsageDeps,
  record: StatementRecord,
  { now, made }: { now: readonly StatementLine[]; made: readonly Adjustment[] },
): Adjustment[] {
  const beyond = new Map<string, Beyond>()
  const add = (line: StatementLine | Adjustment, sign: 1 | -1) => {
    const key = lineKey(line)
    const known = beyond.get(key) ?? { line, units: 0, amountMicros: 0 }
    beyond.set(key, known)
    known.units += sign * line.units
    known.amountMicros += sign * line.amountMicros
  }
  for (const line of now) if (line.segment) add(line, 1)
  for (const line of thaw(record.frozen!).lines) if (line.segment) add(line, -1)
  for (const one of made) if (one.cause === 'late_usage') add(one, -1)
  // An operator may have called one of its own so.
  const last = Math.max(0, ...made.map(({ id }) => Number(LATE_ID.exec(id)?.[1] ?? 0)))
  return [...beyond.values()]
    .filter(({ units, amountMicros }) => units !== 0 || amountMicros !== 0)
    .filter((one) => !isTakenBack(deps, one))
    .map((one, i) => lateAdjustment(deps, record, { ...one, number: last + i + 1 }))
}

/**
 * Where the buyer alone says how much there was, it does not lower by itself what it owes of a closed month: that takes
 * an adjustment both sides agreed on.
 */
function isTakenBack(deps: UsageDeps, { line: { contract, version }, units }: Beyond): boolean {
  const terms = usageTerms(snapshotOf(deps)).contract(contract, version)
  return units < 0 && terms !== undefined && !isCounted(terms)
}

/** Numbered, so that of two desks that find the same at once one is refused. */
function lateAdjustment(
  deps: UsageDeps,
  { period, seller, buyer }: StatementRecord,
  { line, units, amountMicros, number }: Beyond & { number: number },
): Adjustment {
  const { contract, version, segment, deal, currency } = line
  const terms = usageTerms(snapshotOf(deps)).contract(contract, version)
  return {
    id: `late-${number}`,
    period,
    seller,
    buyer,
    contract,
    version,
    segment,
    deal,
    day: dayIn(deps.clock.now(), terms?.timeZone),
    units,
    ...divided(BigInt(amountMicros), terms?.platformFeeBps ?? 0),
    currency,
    reason: REASON,
    cause: 'late_usage',
  }
}
