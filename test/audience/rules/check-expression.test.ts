import { describe, expect, test } from 'vitest'
import { calendarIn } from '../../../audience/calendar.ts'
import { checkExpression, type RuleSubject } from '../../../audience/rules/check-expression.ts'
import { nextChangeMs } from '../../../audience/rules/evaluate.ts'
import type { PersonHistory } from '../../../audience/rules/history.ts'
import { isFoundIn } from '../../../audience/rules/pattern.ts'
import { readExpression } from '../../../audience/rules/read-expression.ts'

const NOW_MS = Date.parse('2026-11-27T12:00:00Z')

/** What is said of a rule; '' where nothing is wrong. */
function saysOf(rule: unknown, subject: RuleSubject = 'person'): string {
  const read = readExpression(rule, 'rule')
  const problems = 'problems' in read ? read.problems : checkExpression(read.tree, 'rule', subject)
  return problems.map(({ reason }) => reason).join('; ')
}

/** Somebody who showed every trait a thousand times a moment ago. */
const somebody: PersonHistory = {
  shown: () => [{ atMs: NOW_MS - 1, count: 1_000 }],
  property: () => [],
  memberSinceMs: () => undefined,
}

describe('numbers a rule cannot be reckoned with are refused', () => {
  test.each([
    ['SCORE(a * 1e400 HALFLIFE 1D) >= 1', 'a number that can be reckoned with, met 1e400'],
    ['SCORE(a HALFLIFE 1D) >= 1e400', 'a number that can be reckoned with, met 1e400'],
    ['properties.total > 1e400', 'a number that can be reckoned with, met 1e400'],
    ['properties.total in [1, -1e400]', 'a number that can be reckoned with, met -1e400'],
    ['SCORE(a * 1e308, b * 1e308 HALFLIFE 1D) >= 1', 'a weight is from -1000000000 to 1000000000'],
    ['SCORE(a HALFLIFE 0D) >= 1', 'a HALFLIFE is longer than 0D'],
    ['SEQUENCE(a THEN WITHIN 0D b)', 'WITHIN is longer than 0D'],
    ['SEQUENCE(a THEN NOT WITHIN 0D b)', 'WITHIN is longer than 0D'],
    ['FREQUENCY([a, b, a]) >= 2', 'a FREQUENCY names each trait once'],
  ])('%s', (rule, says) => {
    expect(saysOf(rule)).toContain(says)
  })

  test('the largest that are not have an end that is found', () => {
    const rule = 'SCORE(a * 1e9, b * 1e9 HALFLIFE 400D) >= 1e-6'
    expect(saysOf(rule)).toBe('')
    const { tree } = readExpression(rule, 'rule') as Extract<
      ReturnType<typeof readExpression>,
      { tree: unknown }
    >
    const at = { nowMs: NOW_MS, calendar: calendarIn('UTC') }
    expect(nextChangeMs(tree, somebody, at)).toBeGreaterThan(NOW_MS)
  })
})

test('what a tree may not have in one condition, a text may not either', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `t${i}`)
  const says = 'a condition has 1 to 50 parts'
  expect(saysOf(`FREQUENCY([${many(50).join(', ')}]) >= 1`)).toBe('')
  expect(saysOf(`FREQUENCY([${many(51).join(', ')}]) >= 1`)).toContain(says)
  expect(saysOf(`SCORE(${many(51).join(', ')} HALFLIFE 1D) >= 1`)).toContain(says)
  expect(saysOf(`SEQUENCE(${many(51).join(' THEN ')})`)).toContain(says)
  expect(saysOf(`event in [${many(1_001).map((one) => `"${one}"`)}]`, 'event')).toContain(
    'in takes 1 to 1000 values',
  )
})

describe('a pattern costs what its bound says at most', () => {
  test('one that comes to too many steps is refused, with how many', () => {
    const pattern = '.{0,1000}'.repeat(50)
    expect(saysOf(`event matchesregex "${pattern}x"`, 'event')).toMatch(
      /^the pattern cannot be used: it comes to \d+ steps, at most 1000 are allowed$/,
    )
    expect(saysOf('event matchesregex "^[a-z0-9._%+-]{1,64}@example[.](com|org)$"', 'event')).toBe(
      '',
    )
  })

  test('a text so long that a large pattern would take seconds is not looked at', () => {
    const large = '(?:[ab].{0,450})[xy]$'
    expect(isFoundIn(large, `a${'d'.repeat(400)}x`)).toBe(true)
    expect(isFoundIn(large, `${'d'.repeat(30_000)}a${'d'.repeat(400)}x`)).toBe(false)
    expect(isFoundIn('a[xy]$', `${'d'.repeat(32_000)}ax`)).toBe(true)
  })
})
