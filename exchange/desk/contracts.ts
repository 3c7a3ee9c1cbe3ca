import { isDeepStrictEqual } from 'node:util'
import { refuse } from '../../audience/refusal.ts'
import { checker } from '../../audience/schema.ts'
import { ContractBody, type ContractRecord, type ContractStatus } from '../contract.ts'
import { malformedContract, senselessContract } from './check-contract.ts'
import type { Shown, WriteOptions, Written } from './desk.ts'
import { type Actor, type DeskDeps, isExchange, mustWriteFor, sees } from './desk.ts'
import {
  listRecords,
  type Page,
  type PageOptions,
  type Reading,
  readRecord,
} from './read-records.ts'
import { checkedBody, checkId, refuseAll, writeRecord } from './write-record.ts'

/** A contract as the desk shows it. */
export type ContractShown = ContractRecord & { id: string }

const checkContract = checker(ContractBody)
const READ_ONLY = ['id', 'version', 'signed', 'createdAt']

/**
 * Makes or replaces a contract. An operator of the exchange may give it any status at once; a side
 * only drafts, and both sides sign. Changed terms make a new version that nobody has signed yet.
 */
export async function putContract(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body: unknown } & WriteOptions,
): Promise<Written<ContractShown>> {
  checkId(id)
  const given = checkedBody<ContractBody>(body, checkContract, READ_ONLY)
  mustWriteFor(actor, given.seller, given.buyer)
  refuseAll('invalid', malformedContract(given))
  const written = await writeRecord<ContractRecord>(
    deps,
    { kind: 'contract', id },
    {
      ifMatch,
      decide: (existing, snapshot) => {
        const before = existing?.value as ContractRecord | undefined
        if (before && !sees(actor, before.seller, before.buyer))
          throw refuse('conflict', 'id', 'the id is taken')
        refuseAll('unprocessable', senselessContract(given, snapshot))
        const draft = revised(before, given, new Date(deps.clock.now()).toISOString())
        return { value: isExchange(actor) ? draft : asSide(before, draft, given.status) }
      },
    },
  )
  return { ...written, value: showContract(id, written.value!) }
}

export function getContract(deps: DeskDeps, actor: Actor, id: string): Shown<ContractShown> {
  return readRecord(deps, id, reading(actor))
}

export function listContracts(
  deps: DeskDeps,
  actor: Actor,
  page: PageOptions,
): Page<ContractShown> {
  return listRecords(deps, page, reading(actor))
}

export function showContract(id: string, record: ContractRecord): ContractShown {
  return { id, ...record }
}

/** The record that a body makes of what was there before, as an operator of the exchange writes it. */
function revised(
  before: ContractRecord | undefined,
  given: ContractBody,
  nowText: string,
): ContractRecord {
  const status = given.status ?? before?.status ?? 'draft'
  const terms = {
    ...given,
    regions: given.regions ?? [],
    writeAs: given.writeAs ?? 'own',
    billOn: given.billOn ?? 'billable',
    status,
  }
  if (!before) return { ...terms, version: 1, signed: {}, createdAt: nowText }
  const { version, signed, createdAt } = before
  if (sameTerms(before, { ...terms, version, signed, createdAt }))
    return { ...terms, version, signed, createdAt }
  return { ...terms, version: version + 1, signed: {}, createdAt }
}

/** A side drafts and nothing else: the status follows from signatures. */
function asSide(
  before: ContractRecord | undefined,
  draft: ContractRecord,
  asked: ContractStatus | undefined,
): ContractRecord {
  if (asked !== undefined && asked !== 'draft' && asked !== before?.status)
    throw refuse('forbidden', 'status', 'only an operator of the exchange sets it: sign instead')
  const unchanged = before?.version === draft.version
  return { ...draft, status: unchanged ? before.status : 'draft' }
}

function sameTerms(a: ContractRecord, b: ContractRecord): boolean {
  return isDeepStrictEqual({ ...a, status: '' }, { ...b, status: '' })
}

function reading(actor: Actor): Reading<ContractRecord, ContractShown> {
  return {
    kind: 'contract',
    visible: ({ seller, buyer }) => sees(actor, seller, buyer),
    show: showContract,
  }
}
