import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DAY_MS, dayOf } from '../../../audience/clock.ts'
import { evaluatePerson, type Verdict } from '../../../audience/events/evaluate-person.ts'
import { dropForgotten, noteShown } from '../../../audience/events/note-event.ts'
import { OwnerRules } from '../../../audience/events/rule-book.ts'
import type { Trait } from '../../../audience/events/trait.ts'
import { expiryDayOf } from '../../../audience/people/memberships.ts'
import { checkExpression } from '../../../audience/rules/check-expression.ts'
import { type Expression, traitsOf } from '../../../audience/rules/expression.ts'
import { printExpression } from '../../../audience/rules/print-expression.ts'
import type { Segment } from '../../../audience/segment.ts'
import { packHistory, unpackHistory } from '../../../proto/history-blob.ts'
import { type Random, seeded } from '../../support/random.ts'
import { memberRule, TRAITS, traitRule } from '../rules/arbitrary-rule.ts'
import { DAYS, RuleOracle, TRAIT_DAYS } from './rule-oracle.ts'

// What an id keeps and when it is looked at again, as the desk does it but for the store: a hundred thousand lives.

const LIVES = 100_000
const RULES = 400
const EVENTS_MAX = 3
const LOOKS = 2
const LIFE_MS = 20 * DAY_MS
/** A month with a day of 23 hours in it. */
const BEGIN_MS = Date.UTC(2026, 2, 10, 9)
const VIP = 103

test('at any instant, of 100,000 random histories, the wheel has left who is in by a full evaluation', () => {
  const random = seeded(4711)
  const rules = rulePairs().map(rulesOf)
  let members = 0
  let wakes = 0
  for (let n = 0; n < LIVES; n++) {
    const life = new Life(random.pick(rules), random)
    const told = life.tell()
    members += told.members
    wakes += told.wakes
  }
  // It would be no test if nobody ever came or went.
  expect(members).toBeGreaterThan(LIVES / 20)
  expect(wakes).toBeGreaterThan(LIVES)
}, 600_000)

interface Rules {
  rules: OwnerRules
  client: Expression
  vipClient: Expression
  /** Traits that either asks for: others would be shown in vain. */
  asked: string[]
}

function rulePairs(): [Expression, Expression][] {
  const isSound = (tree: Expression) => checkExpression(tree, '', 'person').length === 0
  const vipClient = memberRule.filter((tree) => isSound(tree) && traitsOf(tree).size > 0)
  return fc.sample(fc.tuple(traitRule.filter(isSound), vipClient), { numRuns: RULES, seed: 4711 })
}

function rulesOf([client, vipClient]: [Expression, Expression]): Rules {
  const trait = { name: '', owner: 'dmp', when: '', ttlDays: TRAIT_DAYS }
  const traits = new Map(TRAITS.map((id, i): [string, Trait] => [id, { ...trait, number: i + 1 }]))
  const segment = { name: '', owner: 'dmp', provenance: 'first_party' as const, ttlDays: 10 }
  const segments = new Map<string, Segment>([
    ['client', { ...segment, ...ruled(client, DAYS.client), number: 101 }],
    ['vipClient', { ...segment, ...ruled(vipClient, DAYS.vipClient), number: 102 }],
    ['vip', { ...segment, number: VIP }],
  ])
  const owner = { number: 5, timeZone: 'Europe/Paris' }
  const asked = [...new Set([...traitsOf(client), ...traitsOf(vipClient)])]
  return { rules: new OwnerRules('dmp', owner, { traits, segments }), client, vipClient, asked }
}

function ruled(tree: Expression, ttlDays: number) {
  return { rule: printExpression(tree), ttlDays }
}

/** One id: what is kept of it is packed and opened again with each event and each turn of the wheel. */
class Life {
  readonly #rules: Rules
  readonly #random: Random
  readonly #oracle: RuleOracle
  readonly #vipDay: number
  #kept: Uint8Array = new Uint8Array(0)
  #members: Verdict['members'] = new Map()
  #wakes = 0

  constructor(rules: Rules, random: Random) {
    this.#rules = rules
    this.#random = random
    this.#oracle = new RuleOracle(rules.client, rules.vipClient)
    this.#vipDay = random() < 0.5 ? expiryDayOf(BEGIN_MS, random.int(20)) : 0
    this.#oracle.vipDay = this.#vipDay
  }

  /** Goes through it: events when they come, the wheel when it is its turn, and looks in between. */
  tell(): { members: number; wakes: number } {
    const moments = [
      ...Array.from({ length: 1 + this.#random.int(EVENTS_MAX) }, () => this.#moment(true)),
      ...Array.from({ length: LOOKS }, () => this.#moment(false)),
    ].sort((a, b) => a.atMs - b.atMs)
    let members = 0
    for (const { atMs, isEvent } of moments) {
      this.#wakeUntil(atMs)
      if (isEvent) this.#happen(atMs)
      else members += this.#look(atMs)
    }
    return { members, wakes: this.#wakes }
  }

  #moment(isEvent: boolean) {
    return { atMs: BEGIN_MS + this.#random.int(LIFE_MS), isEvent }
  }

  #wakeUntil(atMs: number): void {
    for (;;) {
      const { wakeMs } = unpackHistory(this.#kept)
      if (wakeMs === 0 || wakeMs > atMs) return
      this.#wakes++
      this.#ask(wakeMs)
    }
  }

  #happen(nowMs: number): void {
    const trait = TRAITS.indexOf(this.#random.pick(this.#rules.asked))
    const lateMs = this.#random() < 0.7 ? 0 : this.#random.int(3 * DAY_MS)
    this.#oracle.note(0, TRAITS[trait]!, nowMs - lateMs)
    this.#ask(nowMs, { trait: trait + 1, atMs: nowMs - lateMs })
  }

  #ask(nowMs: number, shown?: { trait: number; atMs: number }): void {
    const { rules } = this.#rules
    const history = unpackHistory(this.#kept)
    if (shown) noteShown(history, { ...shown, calendar: rules.calendar })
    dropForgotten(history, rules, nowMs)
    const isVip = this.#vipDay > dayOf(nowMs)
    const held = new Map(isVip ? [[VIP, this.#vipDay]] : [])
    const { members, nextMs } = evaluatePerson(rules, { histories: [history], held }, nowMs)
    const isNothing = history.traits.size === 0
    this.#members = isNothing ? new Map() : members
    const since = [...this.#members].map(([segment, { sinceMs }]) => [segment, sinceMs] as const)
    const wakeMs = isNothing || nextMs === Number.POSITIVE_INFINITY ? 0 : nextMs
    this.#kept = packHistory({ ...history, wakeMs, segments: new Map(since) })
  }

  #look(nowMs: number): number {
    const found = [...this.#members].filter(([, { expiryDay }]) => expiryDay > dayOf(nowMs))
    const segments = found.map(([segment]) => segment).sort()
    const asked = this.#oracle.segments(0, nowMs)
    if (segments.join() !== asked.join())
      expect(this.#said(nowMs, segments)).toEqual(this.#said(nowMs, asked))
    return segments.length
  }

  #said(nowMs: number, segments: readonly number[]) {
    const { client, vipClient } = this.#rules
    const at = new Date(nowMs).toISOString()
    return { at, segments, client: printExpression(client), vipClient: printExpression(vipClient) }
  }
}
