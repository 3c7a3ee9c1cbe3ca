import { calendarIn } from '../audience/calendar.ts'
import type { KindRecords } from '../audience/store/catalog-snapshot.ts'
import { LayeredMap } from '../audience/store/layered-map.ts'
import type { CatalogRecord } from '../audience/store/store.ts'
import { byRecord } from './by-record.ts'
import { regionsKey } from './compile-regions.ts'
import type { ContractRecord, Use } from './contract.ts'
import { Dated } from './dated.ts'
import { type Changes, type Groups, regroup, replaced, tally } from './groups.ts'
import { momentOf } from './moment.ts'
import type { Period } from './period.ts'

/** A contract whose status lets it live; whether it does now is a matter of dates and country. */
export interface CompiledContract {
  readonly id: string
  readonly record: ContractRecord
  readonly startsMs: number
  readonly endsMs: number
  /** Names its list of regions (compile-regions.ts); '' for everywhere. */
  readonly regions: string
  /** The time zone whose days its deliveries are counted by; '' where it does not bill on `delivered`. */
  readonly countedIn: string
}

export interface Contracts {
  readonly records: KindRecords
  /** Active contracts by buyer (partner id). */
  readonly byBuyer: LayeredMap<string, BuyerContracts>
  /** Active contracts with the use `identity`. */
  readonly identity: Dated<CompiledContract>
  /** The same with the use `modeling`. */
  readonly modeling: Dated<CompiledContract>
  /** How many of them name each list of regions. */
  readonly regions: ReadonlyMap<string, number>
}

/** The active contracts of one buyer. Where one bills on `delivered`, a day of its time zone is a date too. */
export class BuyerContracts extends Dated<CompiledContract> {
  /** By segment (id). */
  readonly bySegment: Groups<string, CompiledContract>

  /** How many count deliveries by the days of each time zone. */
  readonly zones: ReadonlyMap<string, number>

  private constructor(
    all: readonly CompiledContract[],
    bySegment: Groups<string, CompiledContract>,
    zones: ReadonlyMap<string, number>,
  ) {
    super(all)
    this.bySegment = bySegment
    this.zones = zones
  }

  static of(known: BuyerContracts | undefined, changes: Changes<CompiledContract>): BuyerContracts {
    return new BuyerContracts(
      replaced(known?.all ?? [], { ...changes, gone: new Set(changes.gone) }),
      regroup(
        known?.bySegment ?? LayeredMap.empty(),
        changes,
        (contract) => new Set(contract.record.segments),
      ),
      tally(known?.zones ?? new Map(), changes, ({ countedIn }) => countedIn),
    )
  }

  protected override include(period: Period): void {
    super.include(period)
    for (const zone of this.zones.keys()) {
      const calendar = calendarIn(zone)
      const day = calendar.dayOf(period.nowMs)
      period.include(calendar.startOf(day), calendar.startOf(day + 1))
    }
  }
}

const compiled = byRecord(({ id, value }: CatalogRecord): CompiledContract => {
  const record = value as ContractRecord
  return {
    id,
    record,
    startsMs: momentOf(record.startsAt, record.timeZone),
    endsMs: momentOf(record.endsAt, record.timeZone),
    regions: regionsKey(record.regions),
    countedIn: record.billOn === 'delivered' ? (record.timeZone ?? 'UTC') : '',
  }
})

/** With `before`, at the cost of what changed since. */
export function compileContracts(records: KindRecords, before = NO_CONTRACTS): Contracts {
  const changes = changesOf(before.records, records)
  const byBuyer: [string, BuyerContracts | undefined][] = []
  for (const [buyer, ofBuyer] of splitByBuyer(changes)) {
    const contracts = BuyerContracts.of(before.byBuyer.get(buyer), ofBuyer)
    byBuyer.push([buyer, contracts.all.length > 0 ? contracts : undefined])
  }
  return {
    records,
    byBuyer: before.byBuyer.with(byBuyer),
    identity: withUse(before.identity, 'identity', changes),
    modeling: withUse(before.modeling, 'modeling', changes),
    regions: tally(before.regions, changes, ({ regions }) => regions),
  }
}

function changesOf(before: KindRecords, after: KindRecords): Changes<CompiledContract> {
  const gone: CompiledContract[] = []
  const come: CompiledContract[] = []
  const isActive = (record: CatalogRecord) => (record.value as ContractRecord).status === 'active'
  for (const [, was, is] of before.differences(after)) {
    if (was && isActive(was)) gone.push(compiled(was))
    if (is && isActive(is)) come.push(compiled(is))
  }
  return { gone, come }
}

function splitByBuyer(changes: Changes<CompiledContract>) {
  const byBuyer = new Map<string, { gone: CompiledContract[]; come: CompiledContract[] }>()
  for (const side of ['gone', 'come'] as const)
    for (const contract of changes[side]) {
      const { buyer } = contract.record
      const known = byBuyer.get(buyer) ?? { gone: [], come: [] }
      byBuyer.set(buyer, known)
      known[side].push(contract)
    }
  return byBuyer
}

function withUse(
  before: Dated<CompiledContract>,
  use: Use,
  { gone, come }: Changes<CompiledContract>,
): Dated<CompiledContract> {
  const sells = (contract: CompiledContract) => contract.record.uses.includes(use)
  if (!gone.some(sells) && !come.some(sells)) return before
  return new Dated(replaced(before.all, { gone: new Set(gone), come: come.filter(sells) }))
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

const NO_CONTRACTS: Contracts = {
  records: LayeredMap.empty(),
  byBuyer: LayeredMap.empty(),
  identity: new Dated<CompiledContract>([]),
  modeling: new Dated<CompiledContract>([]),
  regions: new Map(),
}
