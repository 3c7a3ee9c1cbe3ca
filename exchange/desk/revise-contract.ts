import { isDeepStrictEqual } from 'node:util'
import { refuse } from '../../audience/refusal.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { CatalogWrite } from '../../audience/store/store.ts'
import {
  CONTRACT_LIFE,
  type ContractBody,
  type ContractRecord,
  type ContractStatus,
} from '../contract.ts'
import { LIMITS } from '../limits.ts'
import { CONTRACT_VERSION_KIND, keptTerms, versionId } from '../usage/contract-terms.ts'
import type { Draft } from './write-record.ts'

/**
 * The record that a body makes of what was there before. Changed terms are a new version, which
 * nobody has signed yet; so are terms that were over and come into force again, since in between nothing
 * was owed under them. `statusOf` says in which status it is.
 */
export function revised(
  before: ContractRecord | undefined,
  given: ContractBody,
  { nowText, statusOf }: { nowText: string; statusOf: (isNew: boolean) => ContractStatus },
): ContractRecord {
  const terms = {
    ...given,
    regions: given.regions ?? [],
    writeAs: given.writeAs ?? 'own',
    billOn: given.billOn ?? 'billable',
  }
  if (before && isDeepStrictEqual(termsOf(before), termsOf(terms))) {
    const status = statusOf(false)
    if (!isOver(before.status) || isOver(status)) return withStatus(before, status, nowText)
  }
  const fresh: ContractRecord = {
    ...terms,
    status: 'draft',
    version: (before?.version ?? 0) + 1,
    signed: {},
    createdAt: before?.createdAt ?? nowText,
    termsAt: nowText,
    keptVersions: before?.keptVersions ?? [],
  }
  return withStatus(fresh, statusOf(true), nowText)
}

/**
 * The contract in another status; remembers when its terms first came into force, and when they ended. Paused
 * without a word of who did it, it was an operator of the exchange.
 */
export function withStatus(
  contract: ContractRecord,
  status: ContractStatus,
  nowText: string,
): ContractRecord {
  const { overSince = nowText, pausedBy = ['operator'], ...living } = contract
  const begins = status === 'active' && contract.activeSince === undefined
  return {
    ...living,
    status,
    ...(begins ? { activeSince: nowText } : {}),
    ...(isOver(status) ? { overSince } : {}),
    ...(status === 'paused' ? { pausedBy } : {}),
  }
}

function isOver(status: ContractStatus): boolean {
  return status === 'revoked' || status === 'ended'
}

/**
 * What to write where a contract becomes `after`: with a new version of its terms, the one before is
 * kept, in the same write. Of more than LIMITS.contractVersionsMax the oldest goes under which nothing
 * can have been used; where all were in force the change is refused (`conflict`).
 */
export function draftOf(
  id: string,
  before: ContractRecord | undefined,
  after: ContractRecord,
  snapshot: CatalogSnapshot,
): Draft<ContractRecord> {
  if (!before || before.version === after.version) return { value: after }
  const all = [...before.keptVersions, before.version]
  const also: CatalogWrite[] = [keep(id, before.version, before)]
  if (all.length <= LIMITS.contractVersionsMax)
    return { value: { ...after, keptVersions: all }, also }
  const oldest = before.keptVersions.find((v) => !keptTerms(snapshot, id, v)?.activeSince)
  if (oldest === undefined) throw refuseHistory()
  also.push(keep(id, oldest, null))
  return { value: { ...after, keptVersions: all.filter((v) => v !== oldest) }, also }
}

function keep(id: string, version: number, value: ContractRecord | null): CatalogWrite {
  return { kind: CONTRACT_VERSION_KIND, id: versionId(id, version), value }
}

function refuseHistory() {
  const reason = `${LIMITS.contractVersionsMax} versions of these terms were in force: end this contract and make a new one`
  return refuse('conflict', 'version', reason)
}

function termsOf(contract: Partial<ContractRecord>): object {
  const terms: Record<string, unknown> = { ...contract }
  for (const field of CONTRACT_LIFE) delete terms[field]
  return terms
}
