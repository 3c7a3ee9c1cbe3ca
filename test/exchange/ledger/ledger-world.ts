import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { type CatalogFeed, openCatalogFeed } from '../../../audience/store/catalog-feed.ts'
import type { TallyStore } from '../../../audience/store/store.ts'
import { type Ledger, openLedger } from '../../../exchange/ledger/open-ledger.ts'
import { type LedgerShipper, shipLedger } from '../../../exchange/ledger/ship-ledger.ts'
import { STREAM_SUFFIX } from '../../../exchange/ledger/stream-name.ts'
import type { DeliveredRecord } from '../../../exchange/usage/ledger-record.ts'
import { decodeField } from '../../../exchange/usage/tally-field.ts'
import { MemoryCatalog } from '../../support/memory-catalog.ts'
import { WoundClock } from '../../support/memory-store.ts'
import { MemoryTallies } from '../../support/memory-tallies.ts'

export const DAY = '2026-11-26'
/** Noon of that day. */
export const NOON_MS = Date.UTC(2026, 10, 26, 12)

/** A directory of streams, processes that write them, and a desk that counts them; ended behind each test. */
export class LedgerWorld {
  readonly clock = new WoundClock(NOON_MS)
  readonly feed: CatalogFeed
  readonly said: string[] = []
  readonly log = {
    info: (_details: object, message: string) => void this.said.push(message),
    error: (_details: object, message: string) => void this.said.push(message),
  }
  dir = ''
  tallies: TallyStore = new MemoryTallies()
  readonly #ends: (() => Promise<unknown>)[] = []

  constructor() {
    this.feed = openCatalogFeed({ store: new MemoryCatalog(), clock: this.clock })
  }

  static async open(): Promise<LedgerWorld> {
    const world = new LedgerWorld()
    world.dir = await mkdtemp(join(tmpdir(), 'ledger-'))
    await world.feed.poke()
    return world
  }

  behind(end: () => Promise<unknown>): void {
    this.#ends.push(end)
  }

  async ledger(process = 'bid 1'): Promise<Ledger> {
    const { dir, clock, log } = this
    const ledger = await openLedger({ dir, process, clock, log })
    this.behind(() => ledger.close())
    return ledger
  }

  async shipper(tallies = this.tallies): Promise<LedgerShipper> {
    const { dir, clock, log, feed } = this
    const shipper = await shipLedger({ dir, clock, log, feed, tallies, pollMs: 3_600_000 })
    this.behind(() => shipper.close())
    return shipper
  }

  /** Units counted, by segment. */
  async counted(tallies = this.tallies): Promise<Record<string, number>> {
    const found: Record<string, number> = {}
    for await (const { field, value } of tallies.read('0000-01-01', '9999-12-31')) {
      const { segment } = decodeField(field)!
      found[segment] = (found[segment] ?? 0) + Number(value)
    }
    return found
  }

  async streams(): Promise<string[]> {
    const names = (await readdir(this.dir)).filter((name) => name.endsWith(STREAM_SUFFIX))
    return names.sort().map((name) => name.slice(0, -STREAM_SUFFIX.length))
  }

  pathOf(stream: string): string {
    return join(this.dir, stream + STREAM_SUFFIX)
  }

  /** Rewrites a stream's lines. */
  async rewrite(stream: string, change: (lines: string[]) => string[]): Promise<void> {
    const lines = (await readFile(this.pathOf(stream), 'utf8')).split('\n').slice(0, -1)
    await writeFile(
      this.pathOf(stream),
      change(lines)
        .map((line) => `${line}\n`)
        .join(''),
    )
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end()
    await this.feed.close()
    await rm(this.dir, { recursive: true, force: true })
  }
}

/** The worlds of a file's tests. */
export function ledgerWorlds(): () => Promise<LedgerWorld> {
  const worlds: LedgerWorld[] = []
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close()
  })
  return async () => {
    const world = await LedgerWorld.open()
    worlds.push(world)
    return world
  }
}

export function delivered(units: number, segment = 's'): DeliveredRecord {
  const line = { contract: 'c', version: 1, segment, day: DAY, units }
  return { kind: 'delivered', fromMs: NOON_MS, toMs: NOON_MS, lines: [line] }
}
