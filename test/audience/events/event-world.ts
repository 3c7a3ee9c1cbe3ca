import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Audience, openAudience } from '../../../audience/audience.ts'
import type { Clock } from '../../../audience/clock.ts'
import { type CollectedEvent, packEvent } from '../../../audience/events/collected-event.ts'
import { EventDesk } from '../../../audience/events/event-desk.ts'
import type { SourceLearned } from '../../../audience/events/learn.ts'
import { RuleBooks } from '../../../audience/events/rule-book.ts'
import { openStore } from '../../../audience/store/open-store.ts'
import type { CatalogWrite, Store } from '../../../audience/store/store.ts'
import { unpackProfile } from '../../../proto/profile-blob.ts'
import { WoundClock } from '../../support/memory-store.ts'

const quiet = { info: () => {}, warn: () => {}, debug: () => {}, error: () => {} }

export const ANONYMOUS = 11
export const USER = 12
export const OWNER = 5
/** Ids a backfill asks in one step. */
export const SLICE_IDS = 20

/** A desk of events over a store, with a clock that is wound; nothing happens unless it is poked. */
export class EventWorld {
  readonly clock = new WoundClock(Date.UTC(2026, 2, 2, 9))
  readonly warnings: string[] = []
  /** What came of all events, as whoever asks for it by source is told. */
  readonly learned = { counted: 0, repeated: 0, matched: 0 }
  store!: Store
  audience!: Audience
  desk!: EventDesk
  #close: () => void = () => {}
  #messages = 0

  static async open(options: { store?: (clock: Clock) => Store; address?: string } = {}) {
    const world = new EventWorld()
    const { clock } = world
    const dir = mkdtempSync(join(tmpdir(), 'passerelle-events-'))
    world.#close = () => rmSync(dir, { recursive: true, force: true })
    const address = options.address ?? `embedded:${dir}`
    world.store = options.store?.(clock) ?? (await openStore(address, { clock, dataDir: dir }))
    await world.start()
    return world
  }

  async start({ isFilled = true } = {}): Promise<void> {
    const { store, clock } = this
    this.audience = await openAudience({ store, clock, log: quiet })
    this.desk = this.anotherDesk()
    await this.desk.poke()
    if (isFilled) await this.desk.fill()
  }

  /** One more on the same store. */
  anotherDesk(): EventDesk {
    const { audience, clock } = this
    const books = new RuleBooks(
      () => audience.feed.current(),
      () => ({ number: OWNER, timeZone: 'Europe/Paris' }),
    )
    const log = { warn: (_: object, message: string) => void this.warnings.push(message) }
    const sources = { add: (_: object, learned: SourceLearned) => this.#sum(learned) }
    return new EventDesk({
      audience,
      sources,
      books,
      clock,
      log,
      pollMs: 1e9,
      sliceEveryMs: 1e9,
      sliceIds: SLICE_IDS,
    })
  }

  #sum(more: SourceLearned): void {
    for (const name of ['counted', 'repeated', 'matched'] as const) this.learned[name] += more[name]
  }

  /** All that is to be seen to has been, and everybody was asked who is to be. */
  async settle(): Promise<void> {
    await this.desk.poke()
    await this.desk.fill()
  }

  async close(): Promise<void> {
    await this.desk.close()
    await this.audience.close()
    await this.store.close()
    this.#close()
  }

  /** Traits 1, 2, 3 … by id, and segments 101, 102 … by id with their rules ('': none). */
  async rules(
    traits: Record<string, { ttlDays?: number }>,
    segments: Record<string, { rule: string; ttlDays?: number }>,
  ): Promise<void> {
    const owner = 'dmp'
    const writes: CatalogWrite[] = []
    for (const [i, [id, { ttlDays = 100 }]] of Object.entries(traits).entries())
      writes.push({
        kind: 'trait',
        id,
        value: { name: id, owner, when: `event == "${id}"`, ttlDays, number: i + 1 },
      })
    for (const [i, [id, { rule, ttlDays = 200 }]] of Object.entries(segments).entries()) {
      const value = { name: id, owner, provenance: 'first_party', ttlDays, number: 101 + i }
      writes.push({ kind: 'segment', id, value: rule === '' ? value : { ...value, rule } })
    }
    await this.store.catalog.write(writes)
    await this.audience.feed.poke()
  }

  /** Wall time alone: a process that polls is not one that was away. */
  pass(ms: number): void {
    this.clock.nowMs += ms
  }

  event(about: string, traits: number[], more: Partial<CollectedEvent> = {}): CollectedEvent {
    const namespace = about.startsWith('u') ? USER : ANONYMOUS
    const messageId = `m${++this.#messages}`
    const atMs = this.clock.now()
    return {
      ...{ source: 'shop', owner: OWNER, messageId, atMs, traits },
      ...{ about: { namespace, value: about } },
      ...more,
    }
  }

  async collect(...events: CollectedEvent[]): Promise<void> {
    await this.store.events.append(events.map(packEvent))
    await this.settle()
  }

  /** Segments kept at one id, that hold now. */
  async segments(value: string): Promise<number[]> {
    const namespace = value.startsWith('u') ? USER : ANONYMOUS
    const key = this.audience.userKeys()!.of(namespace, value)
    const today = Math.floor(this.clock.now() / 86_400_000)
    const [record] = await this.store.people.recall([key])
    const held = record ? unpackProfile(record.profile) : []
    return held.filter(({ expiryDay }) => expiryDay > today).map(({ segment }) => segment)
  }
}
