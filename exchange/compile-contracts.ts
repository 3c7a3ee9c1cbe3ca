import type { CatalogRecord } from '../audience/store/store.ts'
import { byRecord } from './by-record.ts'
import { regionsKey } from './compile-regions.ts'
import type { ContractRecord, Use } from './contract.ts'
import { momentOf } from './moment.ts'

/** A contract whose status lets it live; whether it does now is a matter of dates and country. */
export interface CompiledContract {
  readonly id: string
  readonly record: ContractRecord
  readonly startsMs: number
  readonly endsMs: number
  /** Names its list of regions (compile-regions.ts); '' for everywhere. */
  readonly regions: string
}

export interface Contracts {
  /** Active contracts by buyer (partner id). */
  readonly byBuyer: ReadonlyMap<string, readonly CompiledContract[]>
  /** Active contracts with the use `identity`. */
  readonly identity: readonly CompiledContract[]
  /** The lists of regions they name. */
  readonly regions: ReadonlySet<string>
}

const compiled = byRecord(({ id, value }: CatalogRecord): CompiledContract => {
  const record = value as ContractRecord
  return {
    id,
    record,
    startsMs: momentOf(record.startsAt, record.timeZone),
    endsMs: momentOf(record.endsAt, record.timeZone),
    regions: regionsKey(record.regions),
  }
})

export function compileContracts(records: ReadonlyMap<string, CatalogRecord>): Contracts {
  const byBuyer = new Map<string, CompiledContract[]>()
  const identity: CompiledContract[] = []
  const regions = new Set<string>()
  for (const record of records.values()) {
    if ((record.value as ContractRecord).status !== 'active') continue
    const contract = compiled(record)
    const bought = byBuyer.get(contract.record.buyer)
    if (bought) bought.push(contract)
    else byBuyer.set(contract.record.buyer, [contract])
    if (contract.record.uses.includes('identity')) identity.push(contract)
    if (contract.regions !== '') regions.add(contract.regions)
  }
  return { byBuyer, identity, regions }
}

/** True where the contract holds at this moment, in this class of countries, for this use. */
export function isLive(
  contract: CompiledContract,
  use: Use,
  at: { nowMs: number; covered: ReadonlySet<string> },
): boolean {
  return (
    contract.startsMs <= at.nowMs &&
    at.nowMs < contract.endsMs &&
    contract.record.uses.includes(use) &&
    (contract.regions === '' || at.covered.has(contract.regions))
  )
}
