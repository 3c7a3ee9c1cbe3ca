import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RuleSyntaxError } from '../../../audience/rules/lexer.ts'
import { parseExpression } from '../../../audience/rules/parse-expression.ts'
import { printExpression } from '../../../audience/rules/print-expression.ts'
import { readExpression } from '../../../audience/rules/read-expression.ts'
import { anyRule } from './arbitrary-rule.ts'

describe('the two spellings of a rule', () => {
  test('a printed rule is read as the same tree', () => {
    fc.assert(
      fc.property(anyRule, (tree) => {
        expect(parseExpression(printExpression(tree))).toEqual(tree)
      }),
      { numRuns: 3000 },
    )
  })

  test('a trait with a window after it was shown in it', () => {
    expect(parseExpression('NOT car_search >= 5D AND car_search <= 24H')).toEqual(
      parseExpression(
        'NOT FREQUENCY([car_search] >= 5D) >= 1 AND FREQUENCY([car_search] <= 24H) >= 1',
      ),
    )
    expect(parseExpression('total <= "5D"')).toMatchObject({ property: 'total' })
    for (const text of ['car_search < 5D', 'car_search == 5D', 'car_search <= ', 'total exists 5D'])
      expect(() => parseExpression(text)).toThrow(RuleSyntaxError)
  })

  test('a tree that went through JSON is the same tree', () => {
    fc.assert(
      fc.property(anyRule, (tree) => {
        expect(readExpression(JSON.parse(JSON.stringify(tree)), 'rule')).toEqual({ tree })
      }),
      { numRuns: 1000 },
    )
  })

  test('any text is read or refused at a place in it, and nothing else happens', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'AND',
        'OR',
        'NOT',
        '(',
        ')',
        '[',
        ']',
        'FREQUENCY(',
        'a',
        '>=',
        '3',
        '5D',
        'SEQUENCE(',
        'THEN',
        '"x"',
        'in',
        'SCORE(',
        'HALFLIFE',
      ),
    )
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const text = words.join(' ')
        try {
          parseExpression(text)
        } catch (error) {
          expect(error).toBeInstanceOf(RuleSyntaxError)
          expect((error as RuleSyntaxError).at).toBeLessThanOrEqual(text.length)
        }
      }),
      { numRuns: 3000 },
    )
  })

  test('the example of the contract is read', () => {
    expect(
      parseExpression('FREQUENCY([auto_search] <= 5D) >= 3 AND NOT SEGMENT(client_auto)'),
    ).toEqual({
      and: [
        { frequency: ['auto_search'], window: { is: '<=', for: '5D' }, is: '>=', times: 3 },
        { not: { segment: 'client_auto' } },
      ],
    })
    expect(
      parseExpression('event == "Products Searched" AND properties.category == "auto"'),
    ).toEqual({
      and: [
        { property: 'event', is: '==', value: 'Products Searched' },
        { property: 'properties.category', is: '==', value: 'auto' },
      ],
    })
  })

  test('the examples of the docs are the same tree in either', () => {
    const page = readFileSync(new URL('../../../docs/endpoints/rules.md', import.meta.url), 'utf8')
    const rows = [...page.matchAll(/^\| (?:`` (.+) ``|`([^`]+)`) \| `(\{.+\})` \|$/gm)]
    expect(rows).toHaveLength(11)
    for (const [, quoted, plain, tree] of rows) {
      const read = readExpression(JSON.parse(tree!), 'rule')
      expect(read).toEqual({ tree: parseExpression((quoted ?? plain)!) })
    }
  })

  test.each([
    ['a AND', 'at character 6: expected a condition, met the end'],
    [
      'FREQUENCY([a] <= 5X) >= 1',
      'at character 18: expected a duration such as 5D, 24H or 30M, met 5X',
    ],
    ['a b', 'at character 3: expected AND, OR or the end, met b'],
    ['event == ', 'at character 10: expected "text", a number, true or false, met the end'],
    ['event == "open', 'at character 10: " is never closed'],
    ['a % b', 'at character 3: % means nothing here'],
  ])('%s is refused where it goes wrong', (text, says) => {
    expect(() => parseExpression(text)).toThrow(says)
  })

  test('a tree is refused at its fields', () => {
    const given = {
      and: [
        { property: 'x', is: 'like', value: 1 },
        { frequency: ['A B'], is: '>=', times: 'three', often: 1 },
        { property: 'x', frequency: ['a'] },
        { sequence: [{ trait: 'a', within: '5' }], __proto__: null },
      ],
    }
    const read = readExpression(given, 'rule')
    expect('problems' in read && read.problems.map(({ field }) => field)).toEqual([
      'rule.and.0.is',
      'rule.and.1.often',
      'rule.and.1.frequency.0',
      'rule.and.1.times',
      'rule.and.2',
      'rule.and.3.sequence.0.within',
    ])
  })
})
