import type { Clock } from '../../audience/clock.ts'
import { Rounds } from '../../audience/rounds.ts'
import type { CatalogFeed } from '../../audience/store/catalog-feed.ts'
import type { CatalogSnapshot, KindRecords } from '../../audience/store/catalog-snapshot.ts'
import {
  CatalogConflict,
  type CatalogStore,
  type CatalogWrite,
  type TallyStore,
} from '../../audience/store/store.ts'
import { CAP_KIND, type CapRecord } from '../cap.ts'
import type { ContractRecord } from '../contract.ts'
import { LIMITS } from '../limits.ts'
import { dayIn } from '../moment.ts'
import { needsAllDays, reachedCap } from './reached-cap.ts'
import { readUsage } from './read/read-usage.ts'
import { addDays } from './read/stretches.ts'
import type { UsageLine } from './read/usage-line.ts'
import type { UsageLookups } from './read/usage-lookups.ts'
import { decodeField } from './tally-field.ts'

export interface WatchCapsOptions {
  tallies: TallyStore
  catalog: CatalogStore
  feed: CatalogFeed
  /** What counters are read with, by the catalog as it is now. */
  lookups(): UsageLookups
  clock: Clock
  log: CapsLog
  /** Default LIMITS.capsEveryMs. */
  everyMs?: number
}

export interface CapsLog {
  info(details: object, message: string): void
  error(details: object, message: string): void
}

/** Compares usage with the caps of contracts. */
export interface CapsWatcher {
  /** Compares now. Never rejects. */
  poke(): Promise<void>
  close(): Promise<void>
}

/**
 * Compares what is counted with the caps of active contracts, and keeps in the catalog which of them are
 * reached (cap.ts): from there every process has it. Desks of several instances on one store all do so, and
 * come to the same.
 */
export function watchCaps(options: WatchCapsOptions): CapsWatcher {
  return new Watcher(options)
}

type Contracts = ReadonlyMap<string, ContractRecord>

class Watcher implements CapsWatcher {
  readonly #options: WatchCapsOptions
  readonly #rounds: Rounds
  #records: KindRecords | undefined
  #contracts: Contracts = new Map()
  /** Lines of days that hardly change any more, of contracts whose caps look at all days. */
  #old: { key: string; readAtMs: number; lines: readonly UsageLine[] } | undefined
  #failure: string | undefined

  constructor(options: WatchCapsOptions) {
    this.#options = options
    this.#rounds = new Rounds(options.everyMs ?? LIMITS.capsEveryMs, () => this.#compare())
  }

  poke(): Promise<void> {
    return this.#rounds.poke()
  }

  close(): Promise<void> {
    return this.#rounds.stop()
  }

  async #compare(): Promise<void> {
    const { feed, catalog, log } = this.#options
    const snapshot = feed.current()
    if (snapshot === undefined || !feed.confirmed()) return
    const contracts = this.#watched(snapshot)
    if (contracts.size === 0 && snapshot.kind(CAP_KIND).size === 0) return
    try {
      const writes = this.#writes(snapshot, contracts, await this.#lines(contracts))
      if (writes.length > 0) await catalog.write(writes)
      for (const { id, value } of writes) log.info({ contract: id, cap: value }, 'a cap changed')
      this.#failure = undefined
    } catch (error) {
      // Somebody else, or this desk a moment ago, wrote the same: the next round sees it.
      if (error instanceof CatalogConflict) return
      const failure = error instanceof Error ? error.message : String(error)
      if (failure !== this.#failure) log.error({ error: failure }, 'caps could not be compared')
      this.#failure = failure
    }
  }

  #watched(snapshot: CatalogSnapshot): Contracts {
    const records = snapshot.kind('contract')
    if (records === this.#records) return this.#contracts
    const contracts = new Map<string, ContractRecord>()
    for (const [id, { value }] of records) {
      const contract = value as ContractRecord
      if (contract.status === 'active' && contract.caps?.length) contracts.set(id, contract)
    }
    this.#records = records
    this.#contracts = contracts
    return contracts
  }

  async #lines(contracts: Contracts): Promise<Map<string, UsageLine[]>> {
    const { clock } = this.#options
    const today = dayIn(clock.now())
    const from = addDays(today, -LIMITS.capsRecentDays)
    const recent = await this.#read(contracts, { from, to: addDays(today, 1) })
    const lines = new Map<string, UsageLine[]>()
    for (const line of [...(await this.#oldLines(contracts, from)), ...recent]) {
      const known = lines.get(line.contract)
      if (known) known.push(line)
      else lines.set(line.contract, [line])
    }
    return lines
  }

  async #oldLines(contracts: Contracts, before: string): Promise<readonly UsageLine[]> {
    const all = new Map([...contracts].filter(([, contract]) => needsAllDays(contract)))
    if (all.size === 0) return []
    const key = [before, ...[...all].map(([id, { version }]) => `${id}@${version}`)].join(' ')
    const nowMs = this.#options.clock.elapsed()
    const known = this.#old
    if (known?.key === key && nowMs - known.readAtMs < LIMITS.capsOldEveryMs) return known.lines
    const lines = await this.#read(all, { from: '0000-01-01', to: addDays(before, -1) })
    this.#old = { key, readAtMs: nowMs, lines }
    return lines
  }

  async #read(contracts: Contracts, { from, to }: { from: string; to: string }) {
    const { tallies, lookups } = this.#options
    // Of segments that compete for an impression, what falls to one hangs on all of them.
    const withSets = [...contracts.values()].some(({ attribution }) => attribution !== undefined)
    const isWanted = (name: string) => {
      const field = decodeField(name)
      return (
        field !== undefined && (contracts.has(field.contract) || (withSets && field.set !== ''))
      )
    }
    const wants = ({ contract }: { contract: string }) => contracts.has(contract)
    return readUsage(tallies.read(from, to, isWanted), { ...lookups(), wants })
  }

  /** What has to be written so that the catalog says what is so. */
  #writes(
    snapshot: CatalogSnapshot,
    contracts: Contracts,
    lines: ReadonlyMap<string, readonly UsageLine[]>,
  ): CatalogWrite[] {
    const { clock, lookups } = this.#options
    const { terms } = lookups()
    const nowMs = clock.now()
    const known = snapshot.kind(CAP_KIND)
    const writes: CatalogWrite[] = []
    for (const [id, contract] of contracts) {
      const held = known.get(id)
      const reached = reachedCap(contract, lines.get(id) ?? [], { terms, nowMs })
      if (stays(held?.value as CapRecord | undefined, reached, { contract, nowMs })) continue
      const value = reached ? { ...reached, reachedAt: new Date(nowMs).toISOString() } : null
      writes.push({ kind: CAP_KIND, id, value, expect: held?.version ?? 0 })
    }
    for (const [id, { version }] of known)
      if (!contracts.has(id)) writes.push({ kind: CAP_KIND, id, value: null, expect: version })
    return writes
  }
}

/**
 * True where what the catalog says is right. A cap once reached stays so under the same terms until its day is
 * over, whatever is counted now: less than before means that usage is being counted anew.
 */
function stays(
  held: CapRecord | undefined,
  reached: Omit<CapRecord, 'reachedAt'> | undefined,
  { contract, nowMs }: { contract: ContractRecord; nowMs: number },
): boolean {
  if (!held) return reached === undefined
  if (held.version !== contract.version) return false
  if (held.day && (nowMs < held.day.fromMs || nowMs >= held.day.untilMs)) return false
  return held.per === 'contract' || reached?.per !== 'contract'
}
