import { DAY_MS } from '../../audience/clock.ts'
import type { TallyAdd, TallyEntry } from '../../audience/store/store.ts'
import { dayIn } from '../moment.ts'
import { isCounted } from './is-counted.ts'
import type { DeliveredRecord, LedgerRecord, UsageReportRecord } from './ledger-record.ts'
import { noticeEntries } from './notice-entries.ts'
import { encodeField, type TallyField } from './tally-field.ts'
import type { UsageTerms } from './usage-terms.ts'

/**
 * The counters that a ledger record moves: facts only. What a unit costs, and which of several segments
 * used together is billed, is worked out when counters are read. Whatever the order of records and
 * however often one comes, the counters end the same. `terms` should know every contract version the
 * record names (`knowsTerms`): what is told under terms nobody knows is counted apart.
 */
export function tallyEntriesOf(record: LedgerRecord, terms: UsageTerms): TallyEntry[] {
  switch (record.kind) {
    case 'delivered':
      return deliveredEntries(record)
    case 'notice':
      return noticeEntries(record, terms)
    case 'report':
      return [reportEntry(record, terms)]
    case 'adjustment': // shown from the catalog; the ledger keeps the evidence
      return []
  }
}

/** False where a catalog fresher than `terms` may know more of what the record names. */
export function knowsTerms(record: LedgerRecord, terms: UsageTerms): boolean {
  if (record.kind === 'notice')
    return record.carried.every(({ contract, version }) => terms.contract(contract, version))
  return record.kind !== 'report' || !!terms.contract(record.contract, record.version)
}

/** Counted in the process that served them: a stretch of them is in the ledger once. */
function deliveredEntries({ lines }: DeliveredRecord): TallyEntry[] {
  if (lines.length === 0) return []
  const adds = lines.map(({ contract, version, segment, day, deal = '', units }) =>
    add({ contract, version, segment, deal }, { day, by: units }),
  )
  return [{ adds }]
}

/**
 * A buyer's own count. Where we see what is used we count ourselves, and this is compared with ours; else what the
 * buyer reports is the usage.
 */
function reportEntry(record: UsageReportRecord, terms: UsageTerms): TallyEntry {
  const { id, revision = 0, contract, version, segment, day, units } = record
  const known = terms.contract(contract, version)
  const measure = known && !isCounted(known) ? 'units' : 'reported'
  const what = { contract, version, segment, measure, witness: 'buyer' } as const
  return {
    adds: [add(what, { day, by: units })],
    once: {
      id: `report|${contract}|${id}`,
      rank: String(revision).padStart(REVISION_DIGITS, '0'),
      day: laterDay(day, REPORT_DAYS),
    },
  }
}

const REVISION_DIGITS = 9
/** How long the same report is known again: longer than anybody argues about a period. */
const REPORT_DAYS = 400

function laterDay(day: string, days: number): string {
  return dayIn(Date.parse(day) + days * DAY_MS)
}

function add(
  what: Pick<TallyField, 'contract' | 'version' | 'segment'> & Partial<TallyField>,
  { day, by }: { day: string; by: number },
): TallyAdd {
  const field = encodeField({
    measure: 'units',
    deal: '',
    witness: 'gateway',
    currency: '',
    set: '',
    ...what,
  })
  return { day, field, by: BigInt(by) }
}
