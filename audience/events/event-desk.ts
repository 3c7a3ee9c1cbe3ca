import type { Audience } from '../audience.ts'
import { type Clock, dayOf } from '../clock.ts'
import { followChanges } from '../people/follow-changes.ts'
import { knownFrom } from '../people/known.ts'
import type { ParkReason } from '../people/reasons.ts'
import { nameOf } from '../people/shared-reads.ts'
import { Turns } from '../people/turns.ts'
import { Rounds } from '../rounds.ts'
import type { CountedEvent } from '../store/event-stores.ts'
import type { Change, IdRef, UserKey } from '../store/store.ts'
import { StoreFailed } from '../store/store-failed.ts'
import { entryOf } from '../vault/vault-record.ts'
import { Backfill } from './backfill.ts'
import type { CollectedEvent } from './collected-event.ts'
import { notesOf } from './counted-event.ts'
import { EventIntake, type ProcessedEvents } from './event-intake.ts'
import { type EventAt, type Learned, type LearnedPerson, learn } from './learn.ts'
import { EVENT_LIMITS } from './limits.ts'
import { LinkEvents } from './link-events.ts'
import { nothingKnown } from './nothing-known.ts'
import type { OwnerRules, RuleBook, RuleBooks } from './rule-book.ts'
import type { SourceObserver } from './source-observer.ts'
import { whoseRules } from './whose-rules.ts'

export interface EventDeskOptions {
  audience: Audience
  books: RuleBooks
  clock: Clock
  log: EventDeskLog
  /** Told what came of each source's events; absent: nobody asks. */
  sources?: SourceObserver
  /** Default EVENT_LIMITS.pollMs; tests poke. */
  pollMs?: number
  /** Default EVENT_LIMITS.sliceEveryMs and sliceIds. */
  sliceEveryMs?: number
  sliceIds?: number
}

export interface EventDeskLog {
  warn(details: object, message: string): void
}

export interface EventDeskCounts {
  /** Events that were counted, that had been before, and that went to the quarantine. */
  counted: number
  repeated: number
  quarantined: number
  /** Claims of events that were refused, and those that were kept and join nobody, by why. */
  linkRefused: number
  linkParked: Record<ParkReason, number>
  /** Ids looked at because their time had come, because something around them changed, and in sweeps. */
  due: number
  changed: number
  swept: number
  /** Rounds the store took nothing of. */
  failures: number
}

/**
 * Makes memberships of what was collected: takes events from the queue, looks again at whom the wheel says it is
 * time to, at whom a match or an import changed, and, where rules changed or changes were missed, at everybody
 * (`backfill`). One process of an instance does; two at once do no harm.
 */
export class EventDesk {
  readonly backfill: Backfill
  readonly #options: EventDeskOptions
  readonly #links: LinkEvents
  readonly #intake: EventIntake
  readonly #counts: EventDeskCounts = {
    ...{ counted: 0, repeated: 0, quarantined: 0, linkRefused: 0 },
    linkParked: { another_customer: 0, shared_id: 0, namespace_full: 0, too_many_ids: 0 },
    ...{ due: 0, changed: 0, swept: 0, failures: 0 },
  }
  readonly #rounds: Rounds[]
  readonly #slices: Rounds
  readonly #endNews: (() => void) | undefined
  readonly #follower
  readonly #dirty = new Map<string, UserKey>()
  /** In which rules are asked: what older ones said is kept before newer ones are asked. */
  readonly #turns = new Turns()
  /** Ends the rest between two slices of a backfill. */
  #endRest = () => {}
  /** UTC day on which parked claims were settled last. */
  #settledDay: number | undefined
  #isClosed = false

  constructor(options: EventDeskOptions) {
    this.#options = options
    const { audience, clock } = options
    this.#links = new LinkEvents(audience)
    this.#intake = new EventIntake({
      events: audience.store.events,
      clock,
      process: (events) => this.#process(events),
      onPutAside: (reason) => {
        this.#counts.quarantined++
        options.log.warn({ reason }, 'an event was put aside: see GET /api/events/quarantine')
      },
    })
    const { histories } = audience.store
    const ask = (keys: readonly UserKey[]) => this.#askAnew(keys)
    const { books, sliceIds = EVENT_LIMITS.sliceIds } = options
    this.backfill = new Backfill({ histories, books, clock, sliceIds, ask })
    const pollMs = options.pollMs ?? EVENT_LIMITS.pollMs
    this.#follower = followChanges({
      store: audience.store.people,
      clock,
      onChange: (change) => this.#note(change),
      onGap: () => this.backfill.everybody(),
    })
    const intake = new Rounds(pollMs, (isPoked) => this.#trying(() => this.#take(isPoked)))
    this.#rounds = [
      intake,
      new Rounds(EVENT_LIMITS.wheelMs, () => this.#trying(() => this.#takeDue())),
      new Rounds(EVENT_LIMITS.wheelMs, () => this.#trying(() => this.#takeChanged())),
      new Rounds(EVENT_LIMITS.settlePollMs, () => this.#trying(() => this.#settle())),
    ]
    const lookMs = Math.max(EVENT_LIMITS.sliceLookMs, options.sliceEveryMs ?? 0)
    this.#slices = new Rounds(lookMs, () => this.#trying(() => this.#walk()))
    this.#endNews = audience.store.events.onNews?.(() => intake.soon())
  }

  /** Resolves when all that was collected, came due or changed before the call has been seen to. Never rejects. */
  async poke(): Promise<void> {
    for (const round of this.#rounds) {
      await this.#follower.poke()
      await round.poke()
    }
  }

  /** Resolves when everybody was asked who is to be, without a rest; rejects where the store does. */
  async fill(): Promise<void> {
    while (await this.backfill.step());
  }

  counts(): EventDeskCounts {
    return { ...this.#counts, linkParked: { ...this.#counts.linkParked } }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#endNews?.()
    this.#endRest()
    this.#intake.close()
    const rounds = [...this.#rounds, this.#slices].map((round) => round.stop())
    await Promise.all([...rounds, this.#follower.close()])
    await this.#trying(() => this.backfill.save())
  }

  /** What the store refuses is tried again in the next round: nothing is acknowledged that was not done. */
  async #trying(work: () => Promise<void>): Promise<void> {
    if (!this.#options.audience.ready()) return
    try {
      await work()
    } catch (error) {
      this.#counts.failures++
      if (!(error instanceof StoreFailed))
        this.#options.log.warn({ error: String(error) }, 'events could not be processed')
    }
  }

  async #take(isPoked: boolean): Promise<void> {
    if (isPoked || !this.#options.audience.store.events.isQuiet?.()) await this.#intake.take()
  }

  async #process(events: readonly CollectedEvent[]): Promise<ProcessedEvents> {
    const { refused, parked } = await this.#links.link(events)
    this.#counts.linkRefused += refused
    for (const [reason, count] of parked) this.#counts.linkParked[reason] += count
    await this.#options.audience.vault.keep(
      events.flatMap(({ about, vault }) =>
        vault ? [{ person: this.#links.refOf(about).key, entries: vault.map(entryOf) }] : [],
      ),
    )
    const learned = await this.#inTurn(() => this.#count(events))
    for (const one of learned) this.#add(one)
    this.#options.sources?.processed?.(events, this.#options.clock.now())
    return {
      messages: learned.flatMap(({ messages }) => messages),
      notes: learned.flatMap(({ notes }) => notes),
    }
  }

  async #count(events: readonly CollectedEvent[]): Promise<Counted[]> {
    const book = await this.#bookFor(events)
    const byOwner = new Map<OwnerRules, { events: EventAt[]; touched: IdRef[] }>()
    for (const event of events) {
      const rules = book.ownerByNumber(event.owner)
      if (rules === undefined) continue
      const own = byOwner.get(rules) ?? { events: [], touched: [] }
      byOwner.set(rules, own)
      const ref = this.#links.refOf(event.about)
      // Of traits that are no more there is nothing to count.
      if (event.traits.some((trait) => rules.traitByNumber.has(trait)))
        own.events.push({ event, ref })
      else if (event.sameAs || event.contacts) own.touched.push(ref)
    }
    const counted: Counted[] = []
    for (const [rules, own] of byOwner) {
      const learned = await this.#learn(rules, own)
      counted.push({ ...learned, owner: rules.number, notes: notesOf(own.events, learned) })
    }
    return counted
  }

  /** The collector may know of a trait a moment before this process does. */
  async #bookFor(events: readonly CollectedEvent[]): Promise<RuleBook> {
    const { audience, books } = this.#options
    const book = books.now()
    const isKnown = (trait: number) => book.ownerOfTrait(trait) !== undefined
    if (events.every(({ traits }) => traits.every(isKnown))) return book
    await audience.feed.poke()
    return books.now()
  }

  async #takeDue(): Promise<void> {
    const { histories } = this.#options.audience.store
    for (let isMore = true; isMore && !this.#isClosed; ) {
      const due = await histories.due(this.#options.clock.now(), EVENT_LIMITS.dueMax)
      if (due.length === 0) return
      await this.#lookAgain(due)
      // Of whom nothing is known any more, nothing is to be waited for.
      const blobs = await histories.read(due)
      const gone = due.filter((_, i) => blobs[i]!.length === 0)
      if (gone.length > 0) await histories.learn(gone.map(nothingKnown))
      this.#counts.due += due.length
      isMore = due.length === EVENT_LIMITS.dueMax
    }
  }

  /** Matches and imports of others: whoever has a history around them is asked again. */
  async #takeChanged(): Promise<void> {
    const { audience, clock } = this.#options
    const { store } = audience
    while (this.#dirty.size > 0 && !this.#isClosed) {
      const some = [...this.#dirty].slice(0, EVENT_LIMITS.dueMax)
      // What changes while they are looked at is looked at once more.
      for (const [name] of some) this.#dirty.delete(name)
      try {
        const starts = some.map(([, key]) => refOf(key))
        const { ids } = await knownFrom({ store: store.people, clock }, starts, () => true)
        await this.#lookAgain(ids.map(({ key }) => key))
      } catch (error) {
        for (const [name, key] of some) this.#dirty.set(name, key)
        throw error
      }
      this.#counts.changed += some.length
    }
  }

  #note({ what, key, added, removed }: Change): void {
    if (what === 'unlink' || what === 'forget') this.#links.forget(key)
    const book = this.#options.books.now()
    if (book.isEmpty || what === 'suppress') return
    const isAsked = (segment: number) => book.asksForImported(segment)
    if (what === 'assign' && !added.some(isAsked) && !removed.some(isAsked)) return
    if (this.#dirty.size >= EVENT_LIMITS.changedMax) this.backfill.everybody()
    else this.#dirty.set(nameOf(key), key)
  }

  /** Slice by slice, as long as there is somebody to ask. It gives way to events, and to everybody else: it rests as long as it worked. */
  async #walk(): Promise<void> {
    const { clock, sliceEveryMs = EVENT_LIMITS.sliceEveryMs } = this.#options
    for (let isMore = true; isMore && !this.#isClosed; ) {
      const beganMs = clock.elapsed()
      if (!this.#intake.isBehind) isMore = await this.backfill.step()
      const tookMs = clock.elapsed() - beganMs
      if (isMore) await this.#rest(Math.max(sliceEveryMs - tookMs, tookMs))
    }
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#endRest = resolve
      setTimeout(resolve, ms).unref()
    })
  }

  async #askAnew(keys: readonly UserKey[]): Promise<LearnedPerson[]> {
    const people = await this.#lookAgain(keys)
    this.#counts.swept += keys.length
    return people
  }

  /** What claims gave way to ends at midnight (UTC), silently. */
  async #settle(): Promise<void> {
    const { audience, clock } = this.#options
    const today = dayOf(clock.now())
    if (this.#settledDay === today) return
    await audience.settle(() => this.#isClosed)
    this.#settledDay = today
  }

  /** Asks the rules anew of ids that have a history. */
  #lookAgain(keys: readonly UserKey[]): Promise<LearnedPerson[]> {
    return this.#inTurn(() => this.#lookAgainNow(keys))
  }

  async #lookAgainNow(keys: readonly UserKey[]): Promise<LearnedPerson[]> {
    const { audience, books } = this.#options
    const blobs = await audience.store.histories.read(keys)
    const book = books.now()
    const byOwner = new Map<OwnerRules, IdRef[]>()
    for (const [i, key] of keys.entries()) {
      if (blobs[i]!.length === 0) continue
      const rules = whoseRules(blobs[i]!, book)
      const own = byOwner.get(rules)
      if (own) own.push(refOf(key))
      else byOwner.set(rules, [refOf(key)])
    }
    const people: LearnedPerson[] = []
    for (const [rules, touched] of byOwner)
      people.push(...(await this.#learn(rules, { events: [], touched })).people)
    return people
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.inTurn('rules', work)
  }

  #learn(
    rules: OwnerRules,
    what: { events: readonly EventAt[]; touched: readonly IdRef[] },
  ): Promise<Learned> {
    const { audience, clock } = this.#options
    return learn({ store: audience.store, clock }, rules, what)
  }

  #add({ owner, counted, repeated, sources }: Counted): void {
    this.#counts.counted += counted
    this.#counts.repeated += repeated
    for (const [id, learned] of sources) this.#options.sources?.add({ id, owner }, learned)
  }
}

interface Counted extends Learned {
  /** Number of whose rules were asked. */
  owner: number
  /** What is remembered of it. */
  notes: CountedEvent[]
}

/** A key of which no more is known than that. */
function refOf(key: UserKey): IdRef {
  return { key, namespace: 0, value: '' }
}
