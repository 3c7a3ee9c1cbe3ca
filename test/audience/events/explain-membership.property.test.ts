import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DAY_MS } from '../../../audience/clock.ts'
import { evaluatePerson } from '../../../audience/events/evaluate-person.ts'
import { explainMembership } from '../../../audience/events/explain-membership.ts'
import { OwnerRules } from '../../../audience/events/rule-book.ts'
import type { Trait } from '../../../audience/events/trait.ts'
import { checkExpression } from '../../../audience/rules/check-expression.ts'
import type { Expression } from '../../../audience/rules/expression.ts'
import { printExpression } from '../../../audience/rules/print-expression.ts'
import type { History } from '../../../proto/history-blob.ts'
import { anyHistory, START_MS } from '../rules/arbitrary-history.ts'
import { TRAITS, traitRule } from '../rules/arbitrary-rule.ts'

const SEGMENT = 101
const isSound = (tree: Expression) => checkExpression(tree, '', 'person').length === 0

test('an explanation says who is in, as the desk does, and when that turns with time alone', () => {
  const rule = traitRule.filter(isSound)
  const nowMs = fc.integer({ min: START_MS, max: START_MS + 25 * DAY_MS })
  const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
    minLength: 3,
    maxLength: 3,
  })
  fc.assert(
    fc.property(rule, anyHistory, nowMs, shares, (tree, shown, at, between) => {
      const rules = rulesOf(tree)
      const known = { histories: [historyOf(shown)], held: new Map<number, number>() }
      const isIn = (ms: number) => evaluatePerson(rules, known, ms).members.has(SEGMENT)
      const explained = explainMembership(rules, rules.rules[0]!, { known, nowMs: at })
      expect(explained.isIn).toBe(isIn(at))
      expect(explained.rule.rule).toBe(printExpression(tree))
      if (explained.isIn) expect(explained.rule.holds).toBe(true)
      const { turnsAtMs, turnsBy, turning } = explained
      const untilMs = turnsAtMs ?? at + 60 * DAY_MS
      for (const share of [...between, 1]) {
        const ms = share === 1 ? untilMs - 1 : at + Math.floor(share * (untilMs - at))
        expect(isIn(ms)).toBe(explained.isIn)
      }
      if (turnsAtMs === undefined) return
      expect(isIn(turnsAtMs)).toBe(!explained.isIn)
      if (turnsBy === 'condition') expect(turning).not.toEqual([])
    }),
    { numRuns: 600 },
  )
})

function rulesOf(tree: Expression): OwnerRules {
  const trait = { name: '', owner: 'dmp', when: '', ttlDays: 12 }
  const traits = new Map(TRAITS.map((id, i): [string, Trait] => [id, { ...trait, number: i + 1 }]))
  const segment = { name: '', owner: 'dmp', provenance: 'first_party' as const, ttlDays: 15 }
  const segments = new Map([['s', { ...segment, number: SEGMENT, rule: printExpression(tree) }]])
  return new OwnerRules('dmp', { number: 5, timeZone: 'Europe/Paris' }, { traits, segments })
}

type Shown = typeof anyHistory extends fc.Arbitrary<infer T> ? T : never

function historyOf(person: Shown): History {
  const traits = TRAITS.flatMap((id, i) => {
    const moments = person.shown(id)
    return moments.length > 0 ? [[i + 1, moments.map((one) => ({ ...one }))] as const] : []
  })
  return { wakeMs: 0, traits: new Map(traits), segments: new Map() }
}
