import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractRecord } from '../contract.ts'

/**
 * Catalog kind under which earlier versions of a contract's terms stay, by `<contract>@<version>`, as
 * the contract was when they were replaced. They are written in the same write as the new version.
 */
export const CONTRACT_VERSION_KIND = 'contract_version'

export function versionId(contract: string, version: number): string {
  return `${contract}@${version}`
}

/** The terms of a contract as they were at a version: what was used then is billed by them. */
export function contractTerms(
  snapshot: CatalogSnapshot,
  contract: string,
  version: number,
): ContractRecord | undefined {
  const now = snapshot.kind('contract').get(contract)?.value as ContractRecord | undefined
  return now?.version === version ? now : keptTerms(snapshot, contract, version)
}

/** An earlier version, where it is kept. */
export function keptTerms(
  snapshot: CatalogSnapshot,
  contract: string,
  version: number,
): ContractRecord | undefined {
  const kept = snapshot.kind(CONTRACT_VERSION_KIND).get(versionId(contract, version))
  return kept?.value as ContractRecord | undefined
}
