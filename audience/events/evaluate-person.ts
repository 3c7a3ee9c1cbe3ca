import type { History, Moment } from '../../proto/history-blob.ts'
import { DAY_MS, dayOf } from '../clock.ts'
import { expiryDayOf } from '../people/memberships.ts'
import { nextChangeMs, ruleHolds } from '../rules/evaluate.ts'
import type { PersonHistory, RuleTime } from '../rules/history.ts'
import { windowChangeMs } from '../rules/window.ts'
import type { BookRule, BookTrait } from './book-rules.ts'
import type { OwnerRules } from './rule-book.ts'

/** What is known of one person, at all of its ids. */
export interface PersonKnown {
  histories: readonly History[]
  /** Live memberships, of whatever origin: segment number → first UTC day on which it no longer holds. */
  held: ReadonlyMap<number, number>
}

/** What an owner's rules make of a person at a moment. */
export interface Verdict {
  /** Segments it is in by rule → since when, and the first UTC day on which it ends at the latest. */
  members: Map<number, { sinceMs: number; expiryDay: number }>
  /** First moment at which, with nothing new happening, the answer may be another; Infinity: none. */
  nextMs: number
}

/**
 * Asks every rule that anything shown of a person has a say in. A segment's rule holds as long as it says so, and
 * at most `ttlDays` from the last event of a trait it asks for.
 */
export function evaluatePerson(rules: OwnerRules, known: PersonKnown, nowMs: number): Verdict {
  return new Evaluation(rules, known, nowMs).run()
}

/** What an owner's traits have shown of a person, as its rules ask for it; of its segments nothing is known. */
export function shownOf(
  rules: OwnerRules,
  known: PersonKnown,
  nowMs: number,
): Pick<PersonHistory, 'shown'> {
  return new Evaluation(rules, known, nowMs)
}

/** The same, with the person as the rules saw it. */
export function seePerson(
  rules: OwnerRules,
  known: PersonKnown,
  nowMs: number,
): { verdict: Verdict; history: PersonHistory } {
  const history = new Evaluation(rules, known, nowMs)
  return { verdict: history.run(), history }
}

class Evaluation implements PersonHistory {
  readonly #rules: OwnerRules
  readonly #known: PersonKnown
  readonly #at: RuleTime
  readonly #today: number
  /** Traits that anything was shown of, and the moments of those that may be used, by id. */
  readonly #traits: readonly BookTrait[]
  readonly #shown = new Map<string, readonly Moment[]>()
  readonly #members: Verdict['members'] = new Map()
  /** Segments with a rule, by id, as far as they were asked: all others have no say. */
  readonly #asked = new Map<string, BookRule>()
  #nextMs = Number.POSITIVE_INFINITY

  constructor(rules: OwnerRules, known: PersonKnown, nowMs: number) {
    this.#rules = rules
    this.#known = known
    this.#at = { nowMs, calendar: rules.calendar }
    this.#today = dayOf(nowMs)
    this.#traits = this.#traitsShown()
    // What may not be used now waits, and shows nothing.
    for (const trait of this.#traits)
      if (trait.untilMs > 0) this.#shown.set(trait.id, this.#momentsOf(trait))
  }

  run(): Verdict {
    for (const trait of this.#traits) this.#noteEnd(trait)
    for (const rule of this.#rules.rulesOf(this.#traits)) {
      this.#asked.set(rule.id, rule)
      this.#ask(rule)
    }
    return { members: this.#members, nextMs: this.#nextMs }
  }

  shown(id: string): readonly Moment[] {
    return this.#shown.get(id) ?? NONE
  }

  property(): readonly never[] {
    return NONE
  }

  memberSinceMs(id: string): number | undefined {
    const rule = this.#asked.get(id)
    if (rule) return this.#members.get(rule.segment)?.sinceMs
    const imported = this.#rules.imported.get(id)
    // Since when is not known of imported ones, and is not asked of them (exchange/desk/check-rule.ts).
    return imported !== undefined && this.#known.held.has(imported) ? 0 : undefined
  }

  #ask(rule: BookRule): void {
    this.#wake(nextChangeMs(rule.tree, this, this.#at))
    for (const id of rule.asked) {
      const held = this.#known.held.get(this.#rules.imported.get(id) ?? 0)
      if (held !== undefined) this.#wake(held * DAY_MS)
    }
    if (!ruleHolds(rule.tree, this, this.#at)) return
    // What a contract gave is over with the contract.
    const expiryDay = Math.min(
      expiryDayOf(this.#lastShownMs(rule), rule.ttlDays),
      Math.floor(rule.untilMs / DAY_MS),
    )
    if (expiryDay <= this.#today) return
    this.#members.set(rule.segment, { sinceMs: this.#sinceMs(rule.segment), expiryDay })
    this.#wake(expiryDay * DAY_MS)
  }

  /** When the first of its ids came into the segment: what is known already stands. */
  #sinceMs(segment: number): number {
    const { nowMs } = this.#at
    return this.#known.histories.reduce(
      (since, history) => Math.min(since, history.segments.get(segment) ?? nowMs),
      nowMs,
    )
  }

  #lastShownMs({ reach }: BookRule): number {
    let lastMs = 0
    for (const id of reach)
      for (const { atMs } of this.shown(id))
        if (atMs <= this.#at.nowMs) lastMs = Math.max(lastMs, atMs)
    return lastMs
  }

  #wake(atMs: number): void {
    if (atMs > this.#at.nowMs) this.#nextMs = Math.min(this.#nextMs, atMs)
  }

  #noteEnd(trait: BookTrait): void {
    const [oldest] = trait.untilMs > 0 ? this.shown(trait.id) : this.#momentsOf(trait)
    const is = { is: '<=', for: `${trait.ttlDays}D` } as const
    if (oldest) this.#wake(windowChangeMs(oldest.atMs, is, this.#at))
  }

  #traitsShown(): BookTrait[] {
    const numbers = new Set(this.#known.histories.flatMap(({ traits }) => [...traits.keys()]))
    return [...numbers].flatMap((number) => this.#rules.traitByNumber.get(number) ?? [])
  }

  /** Of all ids, in order, as long as the trait remembers them. */
  #momentsOf({ number, ttlDays }: BookTrait): readonly Moment[] {
    const { calendar, nowMs } = this.#at
    const { histories } = this.#known
    const shown = histories.flatMap(({ traits }) => traits.get(number) ?? [])
    const oldestMs = calendar.startOf(calendar.dayOf(nowMs) - ttlDays)
    const live = shown.filter(({ atMs }) => atMs >= oldestMs)
    return histories.length > 1 ? merged(live) : live
  }
}

const NONE: readonly never[] = []

function merged(moments: readonly Moment[]): Moment[] {
  const sorted = [...moments].sort((a, b) => a.atMs - b.atMs)
  const found: Moment[] = []
  for (const moment of sorted) {
    const last = found.at(-1)
    if (last?.atMs === moment.atMs) last.count += moment.count
    else found.push({ ...moment })
  }
  return found
}
