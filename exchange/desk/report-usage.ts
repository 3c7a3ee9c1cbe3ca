import type { ContractRecord } from '../contract.ts'
import { LIMITS } from '../limits.ts'
import { dayIn, isDay } from '../moment.ts'
import { type ContractLife, contractLives, livesWithin } from '../statements/contract-lives.ts'
import type { UsageReportRecord } from '../usage/ledger-record.ts'
import { type Actor, isExchange, snapshotOf } from './desk.ts'
import type { UsageDeps } from './usage-deps.ts'

/** Why a line of a buyer's own report is not taken: the words that buyers know from self-reporting. */
export const ReportFaults = {
  invalid_input: 'The line cannot be read.',
  headers_missing: 'The header line lacks a column.',
  not_found: 'There is no such contract of this buyer, or no such segment in it.',
  duplicate: 'The same id stands in the report with other values.',
  contract_ended: 'The contract was not in force on that day.',
  value_not_supported: 'A value is out of range.',
  too_many: 'A report has too many lines: send the rest as another.',
} as const
export type ReportFault = keyof typeof ReportFaults

/** A line as it was sent. */
export interface ReportLine {
  /** Made by who reports: the same id again counts once. */
  id: string
  contract: string
  /** Our id of the segment, or the buyer's own. */
  segment: string
  day: string
  units: number
  /** A higher one replaces what the same id said before. */
  revision?: number
}

export type ReportVerdict = { record: UsageReportRecord } | { fault: ReportFault; says: string }

/** Opens a report of whoever asks; its lines are judged one by one, and kept in batches. */
export function openUsageReport(deps: UsageDeps, actor: Actor): UsageReport {
  return new UsageReport(deps, actor)
}

/** One buyer's report under way. */
export class UsageReport {
  readonly #deps: UsageDeps
  readonly #actor: Actor
  readonly #lives = new Map<string, ContractLife[]>()
  readonly #seen = new Map<string, string>()

  constructor(deps: UsageDeps, actor: Actor) {
    this.#deps = deps
    this.#actor = actor
  }

  /** What the line is to the ledger, or why it is not taken. */
  judge(line: ReportLine): ReportVerdict {
    const unsupported = unsupportedValue(line)
    if (unsupported) return { fault: 'value_not_supported', says: unsupported }
    const lives = this.#livesOf(line.contract)
    if (lives.length === 0) return { fault: 'not_found', says: `contract ${line.contract}` }
    // Of several versions of a day the first one's terms are the day's.
    const [life] = livesWithin(lives, { from: line.day, to: line.day })
    if (!life) return { fault: 'contract_ended', says: `contract ${line.contract} on ${line.day}` }
    if (line.day > dayIn(this.#deps.clock.now(), life.timeZone))
      return { fault: 'value_not_supported', says: 'day is still to come' }
    const segment = segmentOf(line.segment, life.terms)
    if (segment === undefined)
      return { fault: 'not_found', says: `segment ${line.segment} in contract ${line.contract}` }
    return this.#once(line) ?? { record: recordOf(line, segment, life) }
  }

  /** Writes judged lines to the ledger; durable when it resolves. */
  async keep(records: readonly UsageReportRecord[]): Promise<void> {
    await Promise.all(records.map((record) => this.#deps.append(record)))
  }

  /** Contracts whose buyer is the caller's, or any to an operator of the exchange. */
  #livesOf(contract: string): ContractLife[] {
    const known = this.#lives.get(contract)
    if (known) return known
    const snapshot = snapshotOf(this.#deps)
    const { buyer } = (snapshot.kind('contract').get(contract)?.value ??
      {}) as Partial<ContractRecord>
    const isTheirs =
      isExchange(this.#actor) || (buyer !== undefined && buyer === this.#actor.partner)
    const lives = isTheirs ? contractLives(snapshot, contract, Number.POSITIVE_INFINITY) : []
    if (this.#lives.size < LIMITS.reportContractsMax) this.#lives.set(contract, lives)
    return lives
  }

  #once({
    id,
    contract,
    segment,
    day,
    units,
    revision = 0,
  }: ReportLine): ReportVerdict | undefined {
    const name = `${contract} ${id}`
    const says = `${segment} ${day} ${units} ${revision}`
    const before = this.#seen.get(name)
    if (before !== undefined && before !== says) return { fault: 'duplicate', says: `id ${id}` }
    if (before === undefined && this.#seen.size >= LIMITS.reportLinesMax)
      return { fault: 'too_many', says: `at most ${LIMITS.reportLinesMax}` }
    this.#seen.set(name, says)
    return undefined
  }
}

function unsupportedValue({ day, units, revision = 0 }: ReportLine): string | undefined {
  if (!Number.isSafeInteger(units) || units < 0 || units > LIMITS.reportUnitsMax)
    return `units must be a whole number from 0 to ${LIMITS.reportUnitsMax}`
  if (!Number.isSafeInteger(revision) || revision < 0 || revision > LIMITS.reportRevisionMax)
    return `revision must be a whole number from 0 to ${LIMITS.reportRevisionMax}`
  if (!isDay(day)) return 'day is not a date such as 2026-11-26'
  return undefined
}

function segmentOf(said: string, { segments, externalIds }: ContractRecord): string | undefined {
  if (segments.includes(said)) return said
  return segments.find((id) => externalIds?.[id] === said)
}

function recordOf(
  { id, contract, day, units, revision }: ReportLine,
  segment: string,
  { version }: ContractLife,
): UsageReportRecord {
  const said = { id, contract, version, segment, day, units }
  return { kind: 'report', ...said, ...(revision === undefined ? {} : { revision }) }
}
