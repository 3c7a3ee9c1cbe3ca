import { Rounds } from '../../audience/rounds.ts'
import type { CatalogFeed } from '../../audience/store/catalog-feed.ts'
import type { CatalogSnapshot, KindRecords } from '../../audience/store/catalog-snapshot.ts'
import {
  CatalogConflict,
  type CatalogStore,
  type CatalogWrite,
} from '../../audience/store/store.ts'
import {
  CAP_KIND,
  type CapRecord,
  isUncounted,
  type ReachedCap,
  type UncountedCap,
  UncountedReasons,
  type UncountedWord,
} from '../cap.ts'
import type { ContractRecord } from '../contract.ts'
import { LIMITS } from '../limits.ts'
import type { Contracts } from './cap-usage.ts'
import { CapComparison, type CapLane } from './compare-caps.ts'
import type { CompareCapsOptions, Compared } from './compared.ts'

export interface WatchCapsOptions extends CompareCapsOptions {
  catalog: CatalogStore
  feed: CatalogFeed
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
  /** Contracts that stop, or are about to, because their usage cannot be compared with their caps. */
  findings(): { finding: string; advice: string }[]
  close(): Promise<void>
}

/**
 * Compares what is counted with the caps of active contracts, and keeps in the catalog which of them are
 * reached (cap.ts): from there every process has it. Desks of several instances on one store all do so, and
 * come to the same. A contract whose usage cannot be compared stops likewise, until it can: what is too much at once,
 * what cannot be read after a while, so that a store that is away for a moment stops nobody.
 */
export function watchCaps(options: WatchCapsOptions): CapsWatcher {
  return new Watcher(options)
}

const LATE =
  'Comparing usage with caps takes so long that more is served after a cap than its contract says: cap fewer contracts, or give the desk and its store more processor.'

type Wanted = Omit<ReachedCap, 'reachedAt'> | Omit<UncountedCap, 'reachedAt'>

class Watcher implements CapsWatcher {
  readonly #options: WatchCapsOptions
  readonly #lanes: readonly Rounds[]
  #records: KindRecords | undefined
  #contracts: Contracts = new Map()
  /** Since when (monotonic ms) the usage of a contract is not read, or its stop was written. */
  readonly #unreadSinceMs = new Map<string, number>()
  readonly #failures = new Map<CapLane, string>()
  /** How long the last comparison took. */
  readonly #tookMs = new Map<CapLane, number>()

  constructor(options: WatchCapsOptions) {
    this.#options = options
    const everyMs = options.everyMs ?? LIMITS.capsEveryMs
    const { lanes } = new CapComparison(options)
    this.#lanes = lanes.map((lane) => new Rounds(everyMs, () => this.#round(lane)))
  }

  async poke(): Promise<void> {
    await Promise.all(this.#lanes.map((rounds) => rounds.poke()))
  }

  findings(): { finding: string; advice: string }[] {
    const unread = new Set(this.#unreadSinceMs.keys())
    const tooMuch: string[] = []
    for (const [id, { value }] of this.#options.feed.current()?.kind(CAP_KIND) ?? []) {
      const { limit } = value as CapRecord
      if (limit === 'too_much') tooMuch.push(id)
      else if (limit === 'unread') unread.add(id)
    }
    const stopped = [...finding('too_much', tooMuch), ...finding('unread', [...unread])]
    const tookMs = Math.max(0, ...this.#tookMs.values())
    if (tookMs <= LIMITS.capsTookMsMax) return stopped
    return [...stopped, { finding: 'caps_late', advice: `${LATE} (${tookMs} ms)` }]
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((rounds) => rounds.stop()))
  }

  async #round(lane: CapLane): Promise<void> {
    const { feed, catalog, log } = this.#options
    const snapshot = feed.current()
    if (snapshot === undefined || !feed.confirmed()) return
    const contracts = this.#watched(snapshot)
    if (contracts.size === 0 && snapshot.kind(CAP_KIND).size === 0) return
    try {
      const beganMs = this.#options.clock.elapsed()
      const compared = await lane.compare(contracts)
      this.#tookMs.set(lane, Math.round(this.#options.clock.elapsed() - beganMs))
      this.#tell(lane, compared)
      const writes = this.#writes(snapshot, contracts, compared)
      if (writes.length === 0) return
      await catalog.write(writes)
      for (const { id, value } of writes) logChange(log, id, value as CapRecord | null)
    } catch (error) {
      // Somebody else, or this desk a moment ago, wrote the same: the next round sees it.
      if (error instanceof CatalogConflict) return
      this.#fail(lane, error instanceof Error ? error.message : String(error))
    }
  }

  /** What goes wrong is logged once. */
  #tell(lane: CapLane, compared: ReadonlyMap<string, Compared>): void {
    for (const one of compared.values())
      if ('uncounted' in one && one.uncounted === 'unread') {
        this.#fail(lane, one.error)
        return
      }
    this.#failures.delete(lane)
  }

  #fail(lane: CapLane, error: string): void {
    const isKnown = [...this.#failures.values()].includes(error)
    if (!isKnown) this.#options.log.error({ error }, 'caps could not be compared')
    this.#failures.set(lane, error)
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
    for (const id of this.#unreadSinceMs.keys())
      if (!contracts.has(id)) this.#unreadSinceMs.delete(id)
    return contracts
  }

  /** What has to be written so that the catalog says what is so. */
  #writes(
    snapshot: CatalogSnapshot,
    contracts: Contracts,
    compared: ReadonlyMap<string, Compared>,
  ): CatalogWrite[] {
    const nowMs = this.#options.clock.now()
    const known = snapshot.kind(CAP_KIND)
    const writes: CatalogWrite[] = []
    for (const [id, one] of compared) {
      const contract = contracts.get(id)!
      const held = known.get(id)
      const wanted = this.#wanted(id, contract, one)
      if (wanted === 'as_it_is') continue
      if (stays(held?.value as CapRecord | undefined, wanted, { contract, nowMs })) continue
      const value = wanted ? { ...wanted, reachedAt: new Date(nowMs).toISOString() } : null
      writes.push({ kind: CAP_KIND, id, value, expect: held?.version ?? 0 })
    }
    for (const [id, { version }] of known)
      if (!contracts.has(id)) writes.push({ kind: CAP_KIND, id, value: null, expect: version })
    return writes
  }

  #wanted(
    id: string,
    { buyer, version }: ContractRecord,
    compared: Compared,
  ): Wanted | undefined | 'as_it_is' {
    if (!('uncounted' in compared)) {
      this.#unreadSinceMs.delete(id)
      return compared.reached
    }
    const uncounted = { buyer, per: 'contract', limit: compared.uncounted, version } as const
    if (compared.uncounted === 'too_much') {
      this.#unreadSinceMs.delete(id)
      return uncounted
    }
    const nowMs = this.#options.clock.elapsed()
    const sinceMs = this.#unreadSinceMs.get(id) ?? nowMs
    this.#unreadSinceMs.set(id, sinceMs)
    if (nowMs - sinceMs < LIMITS.capsUnreadMsMax) return 'as_it_is'
    // Where another instance's desk can read it, and takes the stop back, this one waits as long again.
    this.#unreadSinceMs.set(id, nowMs)
    return uncounted
  }
}

/**
 * True where what the catalog says is right. A cap once reached stays so under the same terms until its day is
 * over, whatever is counted now: less than before means that usage is being counted anew.
 */
function stays(
  held: CapRecord | undefined,
  wanted: Wanted | undefined,
  { contract, nowMs }: { contract: ContractRecord; nowMs: number },
): boolean {
  if (!held) return wanted === undefined
  if (held.version !== contract.version) return false
  if (isUncounted(held)) return held.limit === wanted?.limit
  if (held.day && (nowMs < held.day.fromMs || nowMs >= held.day.untilMs)) return false
  return held.per === 'contract' || wanted?.per !== 'contract'
}

function finding(word: UncountedWord, contracts: readonly string[]) {
  if (contracts.length === 0) return []
  const more = contracts.length > LIMITS.namedMax ? ' …' : ''
  const named = contracts.toSorted().slice(0, LIMITS.namedMax).join(', ') + more
  const advice = `Contracts give nothing while their caps cannot be compared: ${named}. ${UncountedReasons[word]}`
  return [{ finding: `caps_${word}`, advice }]
}

function logChange(log: CapsLog, contract: string, cap: CapRecord | null): void {
  if (cap === null || !isUncounted(cap)) log.info({ contract, cap }, 'a cap changed')
  else {
    const advice = UncountedReasons[cap.limit]
    log.error({ contract, cap, advice }, 'a contract stops: its caps cannot be compared')
  }
}
