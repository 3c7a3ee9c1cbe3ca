import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Calendar } from '../../../audience/calendar.ts'
import { checkExpression } from '../../../audience/rules/check-expression.ts'
import { ruleHolds } from '../../../audience/rules/evaluate.ts'
import { type ExplainedPart, explainRule } from '../../../audience/rules/explain-rule.ts'
import type { Expression } from '../../../audience/rules/expression.ts'
import { parseExpression } from '../../../audience/rules/parse-expression.ts'
import { boundsOf, isInWindow } from '../../../audience/rules/window.ts'
import { anyHistory, START_MS } from './arbitrary-history.ts'
import { timedRule } from './arbitrary-rule.ts'
import { BruteForce } from './brute-force.ts'

const DAY_MS = 86_400_000
const zones = ['UTC', 'Europe/Paris', 'America/Sao_Paulo'].map((zone) => new Calendar(zone))
const isSound = (tree: Expression) => {
  const problems = checkExpression(tree, '', 'person')
  // What is only refused for whom it selects can be asked all the same.
  return problems.every(({ reason }) => reason.startsWith('holds for somebody'))
}
const asked = fc.record({
  tree: timedRule.filter(isSound),
  history: anyHistory,
  calendar: fc.constantFrom(...zones),
  nowMs: fc.integer({ min: START_MS - DAY_MS, max: START_MS + 45 * DAY_MS }),
})

test('every part of an explanation says what brute force says, and the root what decides', () => {
  fc.assert(
    fc.property(asked, ({ tree, history, calendar, nowMs }) => {
      const at = { nowMs, calendar }
      const brute = new BruteForce(history, nowMs, calendar.zone)
      fc.pre(!brute.isOnEdge(tree))
      const root = explainRule(tree, history, at)
      expect(root.holds).toBe(ruleHolds(tree, history, at))
      for (const part of partsOf(root)) {
        const read = parseExpression(part.rule)
        expect([part.rule, part.holds]).toEqual([part.rule, brute.holds(read)])
        if ('frequency' in read) {
          expect(part.value).toBe(brute.counted(read.frequency, read.window))
          expect(part.moments.reduce((sum, { count }) => sum + count, 0)).toBe(part.value)
        }
        for (const { atMs } of part.moments) expect(atMs).toBeLessThanOrEqual(nowMs)
      }
    }),
    { numRuns: 1_500 },
  )
})

test('a window holds the moments between its ends, and no other', () => {
  const duration = fc.oneof(
    fc.nat(40).map((n) => `${n}D`),
    fc.integer({ min: 1, max: 72 }).map((n) => `${n}H`),
  )
  const window = fc.record({ is: fc.constantFrom('<=' as const, '>=' as const), for: duration })
  const ms = fc.integer({ min: START_MS - 40 * DAY_MS, max: START_MS + 40 * DAY_MS })
  fc.assert(
    fc.property(window, fc.constantFrom(...zones), ms, ms, (one, calendar, nowMs, atMs) => {
      const at = { nowMs, calendar }
      const { fromMs, toMs } = boundsOf(one, at)
      const moments = [atMs, toMs, toMs + 1, ...(fromMs === null ? [] : [fromMs - 1, fromMs])]
      for (const moment of moments) {
        const isBetween = moment <= toMs && (fromMs === null || moment >= fromMs)
        expect(isInWindow(moment, one, at)).toBe(isBetween)
      }
    }),
    { numRuns: 3_000 },
  )
})

function* partsOf(part: ExplainedPart): Iterable<ExplainedPart> {
  yield part
  for (const one of part.parts) yield* partsOf(one)
}
