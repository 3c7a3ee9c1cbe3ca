import { COUNTRIES_COUNT, countryOf, REGIONS } from '../audience/countries.ts'
import type { CatalogRecord } from '../audience/store/store.ts'
import { byRecord } from './by-record.ts'
import type { ContractRecord, Use } from './contract.ts'
import { momentOf } from './moment.ts'

/** A contract whose status lets it live; whether it does now is a matter of dates and country. */
export interface CompiledContract {
  readonly id: string
  readonly record: ContractRecord
  readonly startsMs: number
  readonly endsMs: number
  /** Names its list of regions; '' for everywhere. */
  readonly regions: string
}

export interface Contracts {
  /** Active contracts by buyer (partner id). */
  readonly byBuyer: ReadonlyMap<string, readonly CompiledContract[]>
  /** Active contracts with the use `identity`. */
  readonly identity: readonly CompiledContract[]
  /**
   * By country index: its class. Countries that the same lists of regions cover share one, so that
   * views are made per class. Class 0 is covered by none: absent and other countries are in it.
   */
  readonly classOf: Uint16Array
  /** By class: the lists of regions that cover it. */
  readonly covers: readonly ReadonlySet<string>[]
}

const compiled = byRecord(({ id, value }: CatalogRecord): CompiledContract => {
  const record = value as ContractRecord
  return {
    id,
    record,
    startsMs: momentOf(record.startsAt, record.timeZone),
    endsMs: momentOf(record.endsAt, record.timeZone),
    regions: [...record.regions].sort().join(' '),
  }
})

export function compileContracts(records: ReadonlyMap<string, CatalogRecord>): Contracts {
  const byBuyer = new Map<string, CompiledContract[]>()
  const identity: CompiledContract[] = []
  const lists = new Set<string>()
  for (const record of records.values()) {
    if ((record.value as ContractRecord).status !== 'active') continue
    const contract = compiled(record)
    const bought = byBuyer.get(contract.record.buyer)
    if (bought) bought.push(contract)
    else byBuyer.set(contract.record.buyer, [contract])
    if (contract.record.uses.includes('identity')) identity.push(contract)
    if (contract.regions !== '') lists.add(contract.regions)
  }
  return { byBuyer, identity, ...classify(lists) }
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

function classify(lists: ReadonlySet<string>): Pick<Contracts, 'classOf' | 'covers'> {
  const coveredBy: string[][] = Array.from({ length: COUNTRIES_COUNT }, () => [])
  for (const list of lists) for (const country of countriesIn(list)) coveredBy[country]!.push(list)
  const classes = new Map([['', 0]])
  const covers: ReadonlySet<string>[] = [new Set()]
  const classOf = new Uint16Array(COUNTRIES_COUNT)
  coveredBy.forEach((names, country) => {
    const signature = names.join('|')
    let known = classes.get(signature)
    if (known === undefined) {
      known = covers.push(new Set(names)) - 1
      classes.set(signature, known)
    }
    classOf[country] = known
  })
  return { classOf, covers }
}

/** Country indexes in a list of regions: `DEU EU` is every country of the EU, each once. */
function countriesIn(list: string): Set<number> {
  const countries = new Set<number>()
  for (const region of list.split(' ')) {
    const members = Object.hasOwn(REGIONS, region)
      ? REGIONS[region as keyof typeof REGIONS]
      : [region]
    for (const alpha3 of members) countries.add(countryOf(alpha3))
  }
  return countries
}
