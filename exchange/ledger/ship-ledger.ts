import { type Clock, DAY_MS } from '../../audience/clock.ts'
import { Rounds } from '../../audience/rounds.ts'
import type { CatalogFeed } from '../../audience/store/catalog-feed.ts'
import { TallyGap, type TallyStore } from '../../audience/store/store.ts'
import type { LedgerRecord } from '../usage/ledger-record.ts'
import { knowsTerms, tallyEntriesOf } from '../usage/tally-entries.ts'
import { type UsageTerms, usageTerms } from '../usage/usage-terms.ts'
import { LIMITS } from './limits.ts'
import { LocalStreams } from './local-streams.ts'
import type { ChainDamage, ChainPlace, PlacedLine } from './read-chain.ts'
import { ledgerFinding } from './reasons.ts'
import { retireStreams } from './retire-streams.ts'
import { readShipped, type Shipped, writeShipped } from './shipped-file.ts'
import type { StreamFollower } from './stream-follower.ts'
import { openedMs } from './stream-name.ts'
import { type StreamPart, streamParts } from './stream-parts.ts'
import { type StreamReport, verifyLedger } from './verify-ledger.ts'

export interface ShipOptions {
  /** `PASSERELLE_DATA/ledger`. */
  dir: string
  tallies: TallyStore
  feed: CatalogFeed
  clock: Clock
  log: {
    info(details: object, message: string): void
    error(details: object, message: string): void
  }
  /** Called after a round in which something was counted. */
  onApplied?: () => void
  /** Default LIMITS.shipPollMs. */
  pollMs?: number
}

/** A stream, and how much of it is counted. */
export interface StreamState {
  stream: string
  openedAt: string
  bytes: number
  /** Records counted. */
  applied: number
  /** Hash of the last of them; '' for none. */
  chain: string
  damage?: { damage: string; seq: number }
}

/** Brings what the processes of this machine wrote into their ledgers to the tallies. */
export interface LedgerShipper {
  /** Looks now: what was in the ledger before the call is counted after it, where the store takes it. Never rejects. */
  poke(): Promise<void>
  /** Every stream of this directory, and those of it that are gone. */
  streams(): StreamState[]
  /** Age (ms) of the oldest record that is read and not counted; 0 where there is none. */
  lagMs(): number
  counts(): { applied: number; failures: number }
  findings(): { finding: string; advice: string }[]
  /** Forgets all that was counted, and counts every stream of this directory anew; others' desks count theirs. */
  rebuild(): Promise<void>
  /** Reads every stream of this directory, and says which are not what was written, or counted. */
  damaged(): Promise<StreamReport[]>
  /** Day of the newest stream that retention removed: usage of that day and before cannot be counted anew. */
  retiredThrough(): string
  close(): Promise<void>
}

/**
 * Follows every stream in the ledger's directory, also of processes long dead. Each record is checked against its
 * chain, turned into counter changes and applied together with the stream's position, so that it counts once
 * whatever dies in between. Positions are compared with the store's regularly: one that went back, because
 * the store lost its last writes, or all, is shipped from there again. One process of an instance does it.
 */
export async function shipLedger(options: ShipOptions): Promise<LedgerShipper> {
  return new Shipper(options, await readShipped(options.dir))
}

class Shipper implements LedgerShipper {
  readonly #options: ShipOptions
  readonly #shipped: Shipped
  readonly #local: LocalStreams
  readonly #rounds: Rounds
  readonly #counts = { applied: 0, failures: 0 }
  #comparedMs = Number.NEGATIVE_INFINITY
  #retiredMs = Number.NEGATIVE_INFINITY
  #isShippedChanged = false
  #failure: string | undefined

  constructor(options: ShipOptions, shipped: Shipped) {
    this.#options = options
    this.#shipped = shipped
    this.#local = new LocalStreams(options.dir)
    this.#rounds = new Rounds(options.pollMs ?? LIMITS.shipPollMs, () => this.#oneRound())
  }

  poke(): Promise<void> {
    return this.#rounds.poke()
  }

  streams(): StreamState[] {
    const gone = [...this.#shipped.streams.keys()].filter((stream) => !this.#local.has(stream))
    return [
      ...this.#local.all.map(stateOf),
      ...gone.map((stream) => missingState(stream, this.#shipped)),
    ].sort((a, b) => (a.stream < b.stream ? -1 : 1))
  }

  lagMs(): number {
    const nowMs = this.#options.clock.now()
    return this.#local.all.reduce(
      (lag, { pendingAt = nowMs }) => Math.max(lag, nowMs - pendingAt),
      0,
    )
  }

  counts(): { applied: number; failures: number } {
    return { ...this.#counts }
  }

  findings(): { finding: string; advice: string }[] {
    const damaged = this.streams().find(({ damage }) => damage)
    return [
      ...(this.#failure === undefined ? [] : [ledgerFinding('ledger_unshipped', this.#failure)]),
      ...(damaged ? [ledgerFinding('ledger_damaged', damageText(damaged))] : []),
    ]
  }

  async rebuild(): Promise<void> {
    await this.#options.tallies.clear()
    this.#comparedMs = Number.NEGATIVE_INFINITY
    await this.poke()
  }

  async damaged(): Promise<StreamReport[]> {
    const { dir, tallies } = this.#options
    const damaged: StreamReport[] = []
    for await (const report of verifyLedger(dir, await tallies.applied()))
      if (report.damage) damaged.push(report)
    return damaged
  }

  retiredThrough(): string {
    return this.#shipped.retiredThrough
  }

  async close(): Promise<void> {
    await this.#rounds.stop()
    // What the processes wrote last, before they closed, is counted too.
    await this.poke()
    await writeShipped(this.#options.dir, this.#shipped)
  }

  async #oneRound(): Promise<void> {
    const nowMs = this.#options.clock.elapsed()
    const { applied } = this.#counts
    try {
      const isDue = nowMs - this.#comparedMs >= LIMITS.compareEveryMs
      await this.#local.refresh(isDue)
      if (isDue) await this.#compare(nowMs)
      while (await this.#shipAll(nowMs));
      if (nowMs - this.#retiredMs >= LIMITS.retireEveryMs) await this.#retire(nowMs)
      this.#failure = undefined
    } catch (error) {
      this.#counts.failures++
      const failure = error instanceof Error ? error.message : String(error)
      if (this.#failure === undefined)
        this.#options.log.error({ error: failure }, 'usage could not be counted; it is tried again')
      this.#failure = failure
    }
    if (this.#counts.applied > applied) this.#options.onApplied?.()
  }

  /** Goes to where the store is, with each stream. */
  async #compare(nowMs: number): Promise<void> {
    const applied = await this.#options.tallies.applied()
    for (const follower of this.#local.all) {
      const { stream, place, damage } = follower
      const held = applied.get(stream) ?? { seq: 0, digest: '' }
      if (held.seq === place.seq && (held.seq === 0 || held.digest === place.chain)) continue
      if (damage && nowMs < follower.restsUntilMs) continue
      if (held.seq < place.seq)
        this.#options.log.info({ stream, from: held.seq }, 'the store lost usage: counted again')
      await follower.locate(held)
      follower.restsUntilMs = follower.damage ? nowMs + LIMITS.restMs : 0
    }
    this.#comparedMs = nowMs
    if (!this.#isShippedChanged) return
    await writeShipped(this.#options.dir, this.#shipped)
    this.#isShippedChanged = false
  }

  /** True where there is more. */
  async #shipAll(nowMs: number): Promise<boolean> {
    let isMore = false
    const due = this.#local.all.filter(({ restsUntilMs }) => nowMs >= restsUntilMs)
    for (let from = 0; from < due.length; from += LIMITS.shipStreamsAtOnce) {
      const some = due.slice(from, from + LIMITS.shipStreamsAtOnce)
      const more = await Promise.all(some.map((follower) => this.#ship(follower, nowMs)))
      isMore ||= more.includes(true)
    }
    return isMore
  }

  /** A stretch of one stream; true where there is more. One of an earlier day with nothing new rests a while. */
  async #ship(follower: StreamFollower, nowMs: number): Promise<boolean> {
    const lines = await readOr(follower)
    follower.pendingAt = lines[0]?.at
    if (lines.length === 0) {
      const isOld = this.#options.clock.now() - follower.openedMs > 2 * DAY_MS
      if (follower.damage || isOld) follower.restsUntilMs = nowMs + LIMITS.restMs
      return false
    }
    const terms = await this.#termsFor(lines)
    const { parts, unknown } = streamParts(lines, (record) => tallyEntriesOf(record, terms))
    const isApplied = await this.#applyAll(follower, parts)
    if (isApplied && unknown) follower.damage = unknownAt(follower.place)
    if (isApplied) follower.pendingAt = undefined
    if (follower.damage) follower.restsUntilMs = nowMs + LIMITS.restMs
    return !follower.damage && (!isApplied || follower.place.offset < follower.bytes)
  }

  async #applyAll(follower: StreamFollower, parts: readonly StreamPart[]): Promise<boolean> {
    for (const part of parts) if (!(await this.#apply(follower, part))) return false
    return true
  }

  /** False where the store is at another place, from which it goes on. */
  async #apply(follower: StreamFollower, { entries, last, lines }: StreamPart): Promise<boolean> {
    const { stream, place } = follower
    const upTo = { seq: last.seq, digest: last.chain }
    try {
      await this.#options.tallies.apply({ stream, after: place.seq, upTo, entries })
    } catch (error) {
      if (error instanceof TallyGap) await follower.locate(error.applied)
      else if (error instanceof RangeError) follower.damage = unknownAt(place)
      else throw error
      return false
    }
    follower.place = { seq: last.seq, chain: last.chain, offset: last.offset }
    this.#counts.applied += lines
    this.#shipped.streams.set(stream, upTo)
    this.#isShippedChanged = true
    return true
  }

  /** The catalog may be a moment behind the bid process whose records these are. */
  async #termsFor(lines: readonly PlacedLine[]): Promise<UsageTerms> {
    const { feed } = this.#options
    const known = feed.current()
    const terms = known && usageTerms(known)
    if (terms && lines.every(({ record }) => knowsTerms(record as LedgerRecord, terms)))
      return terms
    await feed.poke()
    const fresh = feed.current()
    if (!fresh || !feed.confirmed()) throw new Error('the catalog could not be read')
    return usageTerms(fresh)
  }

  async #retire(nowMs: number): Promise<void> {
    const { dir, clock, tallies, log } = this.#options
    const beforeMs = clock.now() - LIMITS.retentionDays * DAY_MS
    const old = this.#local.all.filter(
      ({ openedMs: at, damage, place, bytes }) =>
        at < beforeMs && !damage && place.offset === bytes,
    )
    await retireStreams({ dir, shipped: this.#shipped, tallies, streams: old })
    for (const { stream } of old) log.info({ stream }, 'a stream of the ledger was removed by age')
    this.#retiredMs = nowMs
  }
}

/** A file that cannot be read is this stream's trouble, and no other's. */
async function readOr(follower: StreamFollower): Promise<PlacedLine[]> {
  try {
    return await follower.read()
  } catch (error) {
    const { seq, offset } = follower.place
    // One that was removed just now is found gone in the next round.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      follower.damage = { damage: 'unreadable', seq: seq + 1, offset }
    return []
  }
}

/** The next record is nothing that can be counted; nothing of it was done. */
function unknownAt({ seq, offset }: ChainPlace): ChainDamage {
  return { damage: 'unknown', seq: seq + 1, offset }
}

function stateOf(follower: StreamFollower): StreamState {
  const { stream, openedMs: at, bytes, place, damage } = follower
  return {
    stream,
    openedAt: new Date(at).toISOString(),
    bytes,
    applied: place.seq,
    chain: place.seq > 0 ? place.chain : '',
    ...(damage ? { damage: { damage: damage.damage, seq: damage.seq } } : {}),
  }
}

function missingState(stream: string, { streams }: Shipped): StreamState {
  const { seq, digest } = streams.get(stream)!
  return {
    stream,
    openedAt: new Date(openedMs(stream) ?? 0).toISOString(),
    bytes: 0,
    applied: seq,
    chain: digest,
    damage: { damage: 'file_missing', seq: 1 },
  }
}

function damageText({ stream, damage }: StreamState): string {
  return `${stream}, record ${damage?.seq}: ${damage?.damage}`
}
