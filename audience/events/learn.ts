import { type History, packHistory } from '../../proto/history-blob.ts'
import { type Clock, DAY_MS } from '../clock.ts'
import { nameOf } from '../people/shared-reads.ts'
import type { Lesson } from '../store/event-stores.ts'
import type { IdRef, Store, UserKey } from '../store/store.ts'
import { type CollectedEvent, messageName } from './collected-event.ts'
import { evaluatePerson, type Verdict } from './evaluate-person.ts'
import { type GatheredId, type GatheredPerson, gatherPeople } from './gather-people.ts'
import { heldBy } from './held-by.ts'
import { dropForgotten, noteShown } from './note-event.ts'
import type { OwnerRules } from './rule-book.ts'

export interface LearnDeps {
  store: Pick<Store, 'people' | 'histories'>
  clock: Clock
}

/** An event of the owner's sources, and the id it is kept at. */
export interface EventAt {
  event: CollectedEvent
  ref: IdRef
}

/** What came of it. */
export interface Learned {
  /** Events that were counted. */
  counted: number
  /** Events whose message was counted before. */
  repeated: number
  /** Names of the messages of all of them. */
  messages: readonly Buffer[]
  /** Whom the rules were asked of. */
  people: LearnedPerson[]
  /** What came of the events, by source. */
  sources: Map<string, SourceLearned>
}

export interface LearnedPerson {
  /** Number of the owner whose rules were asked; -1 where that is nobody any more. */
  owner: number
  /** Its ids of which something is known. */
  keys: UserKey[]
  /** Segments it is in by rule. */
  segments: ReadonlyMap<number, unknown>
}

/** What came of the events of one source. */
export interface SourceLearned {
  counted: number
  repeated: number
  /** Of the counted ones, those about somebody who is known by another id, too. */
  matched: number
}

/** How often it is done anew where somebody else wrote the same histories meanwhile. */
const ATTEMPTS_MAX = 20

/**
 * Counts events of one owner at their ids, and asks the owner's rules of all people that they or `touched` belong to.
 * Each id of which something is known keeps the memberships of the person it belongs to, so that a match that ends
 * leaves both sides with what is their own. Safe to repeat: what was counted is not counted again.
 */
export async function learn(
  deps: LearnDeps,
  rules: OwnerRules,
  { events, touched }: { events: readonly EventAt[]; touched: readonly IdRef[] },
): Promise<Learned> {
  const earlier = new Set<string>()
  for (let attempt = 1; ; attempt++) {
    const round = new Round(deps, rules, earlier)
    const lessons = await round.lessons(events, touched)
    if (lessons.length === 0) return round.learned
    const outcomes = await deps.store.histories.learn(lessons)
    if (!outcomes.includes('changed')) return round.learned
    for (const [i, { messages }] of lessons.entries())
      if (outcomes[i] === 'done') for (const message of messages) earlier.add(textOf(message))
    if (attempt === ATTEMPTS_MAX) throw new Error('histories are changed by others all the time')
  }
}

class Round {
  readonly learned: Learned = {
    ...{ counted: 0, repeated: 0, messages: [], people: [], sources: new Map() },
  }
  readonly #deps: LearnDeps
  readonly #rules: OwnerRules
  readonly #nowMs: number
  /** Messages that an earlier attempt has counted already: seen by now, and not repeated. */
  readonly #earlier: ReadonlySet<string>
  /** Messages counted in this round, by the key they are counted at. */
  readonly #messages = new Map<string, Buffer[]>()

  constructor(deps: LearnDeps, rules: OwnerRules, earlier: ReadonlySet<string>) {
    this.#deps = deps
    this.#rules = rules
    this.#earlier = earlier
    this.#nowMs = deps.clock.now()
  }

  async lessons(events: readonly EventAt[], touched: readonly IdRef[]): Promise<Lesson[]> {
    const starts = [...events.map(({ ref }) => ref), ...touched]
    // Histories first, then what was counted: whoever counted in between is noticed in the history.
    const people = await gatherPeople(this.#deps, starts, this.#rules.number)
    await this.#count(events, people)
    return people.flatMap((person) =>
      person.isSuppressed ? forgetting(person) : this.#ofPerson(person),
    )
  }

  async #count(events: readonly EventAt[], people: readonly GatheredPerson[]): Promise<void> {
    const histories = new Map<string, History>()
    const matched = new Set<string>()
    for (const { ids } of people)
      for (const { key, history } of ids) {
        histories.set(nameOf(key), history)
        if (ids.length > 1) matched.add(nameOf(key))
      }
    const messages = events.map(({ event, ref }) => ({ key: ref.key, message: messageName(event) }))
    this.learned.messages = messages.map(({ message }) => message)
    const seen = await this.#deps.store.histories.seen(messages)
    const once = new Set<string>()
    for (const [i, { event, ref }] of events.entries()) {
      const { message } = messages[i]!
      const name = textOf(message)
      const isEarlier = this.#earlier.has(name)
      const ofSource = this.#ofSource(event.source)
      if ((seen[i] && !isEarlier) || once.has(name)) {
        this.learned.repeated++
        ofSource.repeated++
        continue
      }
      once.add(name)
      this.learned.counted++
      ofSource.counted++
      if (matched.has(nameOf(ref.key))) ofSource.matched++
      if (!isEarlier) this.#countOne(event, { key: nameOf(ref.key), message, histories })
    }
  }

  #ofSource(id: string): SourceLearned {
    const { sources } = this.learned
    let own = sources.get(id)
    if (!own) sources.set(id, (own = { counted: 0, repeated: 0, matched: 0 }))
    return own
  }

  #countOne(
    { traits, atMs }: CollectedEvent,
    at: { key: string; message: Buffer; histories: ReadonlyMap<string, History> },
  ): void {
    const history = at.histories.get(at.key)!
    const { calendar } = this.#rules
    for (const trait of traits) noteShown(history, { trait, atMs, calendar })
    const counted = this.#messages.get(at.key)
    if (counted) counted.push(at.message)
    else this.#messages.set(at.key, [at.message])
  }

  #ofPerson({ ids, splitDay }: GatheredPerson): Lesson[] {
    const known = ids.filter(({ history }) => this.#rules.owns(history))
    if (known.length === 0) return []
    for (const { history } of known) dropForgotten(history, this.#rules, this.#nowMs)
    const held = heldBy(this.#rules, ids, known)
    const histories = known.map(({ history }) => history)
    const verdict = evaluatePerson(this.#rules, { histories, held }, this.#nowMs)
    // A match that ends matters only where others had a say.
    if (known.length > 1 || held.size > 0)
      verdict.nextMs = Math.min(verdict.nextMs, splitDay * DAY_MS)
    const keys = known.map(({ key }) => key)
    this.learned.people.push({ owner: this.#rules.number, keys, segments: verdict.members })
    const gone = histories.filter(({ traits }) => traits.size === 0)
    return known.flatMap((id) => this.#lesson(id, verdict, gone))
  }

  /** `gone`: histories of ids of the same person that end here, all that they showed being forgotten. */
  #lesson(id: GatheredId, { members, nextMs }: Verdict, gone: readonly History[]): Lesson[] {
    const { key, held, history, profile } = id
    const { traits } = history
    const isEmpty = traits.size === 0
    const since = [history, ...gone]
    const segments = new Map(
      isEmpty ? [] : [...members.keys()].map((segment) => [segment, this.#sinceMs(segment, since)]),
    )
    const wakeMs = isEmpty || nextMs === Number.POSITIVE_INFINITY ? 0 : nextMs
    const packed = packHistory({ wakeMs, traits, segments })
    const expiries = new Map(id.memberships.map((one) => [one.segment, one.expiryDay]))
    const add = [...segments.keys()].flatMap((segment) => {
      const { expiryDay } = members.get(segment)!
      return expiries.get(segment) === expiryDay ? [] : [{ segment, expiryDay }]
    })
    const remove = [...history.segments.keys()].filter((segment) => !segments.has(segment))
    const messages = this.#messages.get(nameOf(key)) ?? []
    const isSame = Buffer.compare(packed, held) === 0
    if (isSame && add.length + remove.length + messages.length === 0) return []
    return [{ key, held, history: packed, add, remove, messages, profile }]
  }

  /**
   * Since when an id is in a segment, whoever it is one person with: a person is in it since the first of its ids is, and a
   * match that ends leaves each with its own. What an id that ends had stays with the person.
   */
  #sinceMs(segment: number, histories: readonly History[]): number {
    return Math.min(...histories.map(({ segments }) => segments.get(segment) ?? this.#nowMs))
  }
}

/** Of a person who is to be left alone nothing is kept. */
function forgetting({ ids }: GatheredPerson): Lesson[] {
  return ids.flatMap(({ key, held, history }) => {
    if (held.length === 0) return []
    const remove = [...history.segments.keys()]
    return [{ key, held, history: new Uint8Array(0), add: [], remove, messages: [] }]
  })
}

function textOf(message: Buffer): string {
  return message.toString('latin1')
}
