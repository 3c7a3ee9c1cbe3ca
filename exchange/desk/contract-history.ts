import { CAP_KIND, isUncounted } from '../cap.ts'
import { capReached } from '../compile-caps.ts'
import type { ContractRecord } from '../contract.ts'
import {
  type EntitlementDiff,
  type EntitlementTerms,
  entitlementDiff,
  entitlementTerms,
} from '../entitlement-terms.ts'
import { LIMITS } from '../limits.ts'
import { type DormantReason, whyDormant } from '../live-contracts.ts'
import { contractTerms } from '../usage/contract-terms.ts'
import { type ContractShown, getContract, showContract } from './contracts.ts'
import { type Actor, type DeskDeps, notFound, type Shown, sees, snapshotOf } from './desk.ts'
import type { Page, PageOptions } from './read-records.ts'

/** One version of a contract's terms, for a list. */
export interface ContractVersion {
  version: number
  /** When these terms were written. */
  termsAt: string
  /** When they first came into force; null: never, so nothing was used under them. */
  activeSince: string | null
  signed: ContractRecord['signed']
}

/** What a contract entitles its buyer to, whether it does now, and, where asked, since a version. */
export interface ContractEntitlements extends EntitlementTerms {
  contract: string
  version: number
  /** Empty where it is in force now. */
  dormant: DormantReason[]
  diff?: EntitlementDiff & { from: number }
}

/**
 * Versions that are kept, the newest first; `after` is the version before the page. One that had
 * other sides is theirs to see, not this caller's.
 */
export function listContractVersions(
  deps: DeskDeps,
  actor: Actor,
  { id, limit = LIMITS.pageDefault, after }: { id: string } & PageOptions,
): Page<ContractVersion> {
  const { value: now } = getContract(deps, actor, id)
  const snapshot = snapshotOf(deps)
  const below = after === undefined ? Number.POSITIVE_INFINITY : Number(after)
  const versions = [...now.keptVersions, now.version]
    .reverse()
    .filter((version) => version < below)
    .flatMap((version) => termsFor(actor, contractTerms(snapshot, id, version)))
  const page = versions.slice(0, limit)
  return {
    items: page.map(versionOf),
    next: versions.length > page.length ? String(page.at(-1)!.version) : null,
  }
}

/** A contract as it was when a version of its terms was replaced, or as it is. */
export function getContractVersion(
  deps: DeskDeps,
  actor: Actor,
  { id, version }: { id: string; version: number },
): ContractShown {
  getContract(deps, actor, id)
  return showContract(id, mustHave(deps, actor, { id, version }))
}

function dormantReasons(deps: DeskDeps, id: string, contract: ContractRecord): DormantReason[] {
  const snapshot = snapshotOf(deps)
  const nowMs = deps.clock.now()
  const reasons = whyDormant(snapshot, contract, nowMs)
  const cap = capReached(snapshot.kind(CAP_KIND), id, nowMs)
  if (cap === undefined) return reasons
  return [...reasons, isUncounted(cap) ? 'cap_uncounted' : 'cap_reached']
}

export function getEntitlements(
  deps: DeskDeps,
  actor: Actor,
  { id, diff }: { id: string; diff?: number | undefined },
): Shown<ContractEntitlements> {
  const { value: shown, version } = getContract(deps, actor, id)
  const now = mustHave(deps, actor, { id, version: shown.version })
  const value: ContractEntitlements = {
    contract: id,
    version: now.version,
    ...entitlementTerms(now),
    dormant: dormantReasons(deps, id, now),
  }
  if (diff !== undefined)
    value.diff = {
      from: diff,
      ...entitlementDiff(mustHave(deps, actor, { id, version: diff }), now),
    }
  return { value, version }
}

function versionOf({ version, termsAt, activeSince, signed }: ContractRecord): ContractVersion {
  return { version, termsAt, activeSince: activeSince ?? null, signed }
}

function mustHave(
  deps: DeskDeps,
  actor: Actor,
  { id, version }: { id: string; version: number },
): ContractRecord {
  const [terms] = termsFor(actor, contractTerms(snapshotOf(deps), id, version))
  if (!terms) throw notFound()
  return terms
}

function termsFor(actor: Actor, terms: ContractRecord | undefined): ContractRecord[] {
  return terms && sees(actor, terms.seller, terms.buyer) ? [terms] : []
}
