import type { ContractRecord } from '../../../exchange/contract.ts'
import type { LedgerRecord, NoticeRecord } from '../../../exchange/usage/ledger-record.ts'
import { tallyEntriesOf } from '../../../exchange/usage/tally-entries.ts'
import { decodeField } from '../../../exchange/usage/tally-field.ts'
import type { UsageTerms } from '../../../exchange/usage/usage-terms.ts'
import { MemoryTallies } from '../../support/memory-tallies.ts'
import { contractBody } from '../world.ts'

/** Noon UTC of 10 November 2026, in seconds. */
export const NOON_S = Date.UTC(2026, 10, 10, 12) / 1000

export function contract(more: Partial<ContractRecord> = {}): ContractRecord {
  return {
    ...contractBody(),
    writeAs: 'own',
    billOn: 'billable',
    version: 1,
    signed: {},
    createdAt: '2026-01-01T00:00:00.000Z',
    ...more,
  } as ContractRecord
}

/** Terms by `contract@version`; segments have no taxonomy unless named. */
export function termsOf(
  contracts: Record<string, ContractRecord>,
  nodes: Record<string, string> = {},
): UsageTerms {
  return {
    contract: (id, version) => contracts[`${id}@${version}`],
    segment: (id) => (nodes[id] ? { taxonomy: { segtax: 4, id: nodes[id] } } : {}),
  }
}

export function notice(more: Partial<NoticeRecord> = {}): NoticeRecord {
  return {
    kind: 'notice',
    what: 'billing',
    answer: 'a1',
    answeredS: NOON_S,
    imp: '1',
    buyer: 1,
    exchange: 2,
    by: 'exchange',
    carried: [{ contract: 'c', version: 1, segments: ['cars'] }],
    receivedMs: NOON_S * 1000,
    ...more,
  }
}

export function price(micros: number, currency = 'EUR') {
  return { price: { micros, currency } }
}

/** Counters after all records, one entry a record, in this order. */
export async function tallied(
  records: readonly LedgerRecord[],
  terms: UsageTerms,
): Promise<MemoryTallies> {
  const tallies = new MemoryTallies()
  for (const record of records) await tallies.enter(tallyEntriesOf(record, terms))
  return tallies
}

/** Counters as `day measure contract@version/segment …` → number, sorted: what a test compares. */
export async function shown(
  records: readonly LedgerRecord[],
  terms: UsageTerms,
): Promise<Record<string, number>> {
  const found: [string, number][] = []
  for await (const { day, field, value } of (await tallied(records, terms)).read('', '9999')) {
    const { measure, contract, version, segment, deal, witness, currency, set } =
      decodeField(field)!
    const what = `${contract}@${version}/${segment}`
    const name = [day, measure, what, witness, deal, currency, set && 'set'].filter(Boolean)
    found.push([name.join(' '), Number(value)])
  }
  return Object.fromEntries(found.sort())
}
