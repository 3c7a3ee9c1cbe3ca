import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eventValues } from '../../../audience/rules/event-values.ts'
import { holdsForEvent, MatchIndex } from '../../../audience/rules/match-index.ts'
import { parseExpression } from '../../../audience/rules/parse-expression.ts'
import { eventRule, scalar } from './arbitrary-rule.ts'

const BOUNDS = { depthMax: 8, valuesMax: 1000 }

describe('an index of many rules', () => {
  const event = fc.record({
    event: scalar,
    properties: fc.record({
      category: fc.oneof(scalar, fc.array(scalar, { maxLength: 4 })),
      price: fc.oneof(scalar, fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 3 })),
    }),
  })

  test('finds exactly the rules that hold, event after event', () => {
    fc.assert(
      fc.property(
        fc.array(eventRule, { minLength: 1, maxLength: 20 }),
        fc.array(event, { minLength: 1, maxLength: 5 }),
        (trees, events) => {
          const rules = trees.map((rule, id) => ({ id, rule }))
          const index = new MatchIndex(rules)
          for (const one of events) {
            const values = eventValues(one, BOUNDS)
            const held = rules.filter(({ rule }) => holdsForEvent(rule, values)).map(({ id }) => id)
            expect(index.match(values).sort((a, b) => a - b)).toEqual(held)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('a condition that several values meet counts once', () => {
    const rule = parseExpression('c in ["a", "b"] AND d == 1')
    const index = new MatchIndex([{ id: 'x', rule }])
    expect(index.match(eventValues({ c: ['a', 'b', 'a'] }, BOUNDS))).toEqual([])
    expect(index.match(eventValues({ c: ['a', 'b'], d: [1, '1'] }, BOUNDS))).toEqual(['x'])
  })

  test('texts that a property contains, begins with or ends with are found among many, wherever they stand', () => {
    const piece = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '𝄞', '5'), maxLength: 6 })
    const is = fc.constantFrom('contains', 'startswith', 'endswith') as fc.Arbitrary<'contains'>
    const asked = fc.record({ property: fc.constant('t'), is, value: piece })
    const rule = fc.oneof(
      asked,
      fc.record({ and: fc.tuple(asked, asked) }),
      fc.record({ not: asked }),
    )
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 30 }), fc.array(piece), (trees, texts) => {
        const index = new MatchIndex(trees.map((tree, id) => ({ id, rule: tree })))
        for (let times = 0; times < 2; times++) {
          const values = eventValues({ t: texts }, BOUNDS)
          const held = trees.flatMap((tree, id) => (holdsForEvent(tree, values) ? [id] : []))
          expect(index.match(values).sort((a, b) => a - b)).toEqual(held)
        }
      }),
    )
  })

  test('a rule of too many alternatives is found all the same', () => {
    const either = (name: string) =>
      `(${Array.from({ length: 10 }, (_, i) => `${name}${i} == 1`).join(' OR ')})`
    const rule = parseExpression(`a == 1 AND ${either('b')} AND ${either('c')}`)
    const index = new MatchIndex([{ id: 'x', rule }])
    expect(index.match(eventValues({ a: 1, b3: 1, c4: 1 }, BOUNDS))).toEqual(['x'])
    expect(index.match(eventValues({ a: 1, b3: 1 }, BOUNDS))).toEqual([])
  })

  test('lists in an event are looked through, and nothing behind the bounds is', () => {
    const products = [{ category: 'auto', price: 3 }, { category: 'home' }, null]
    const values = eventValues({ properties: { products } }, BOUNDS)
    expect(values.get('properties.products.category')).toEqual(['auto', 'home'])
    expect(eventValues({ a: { b: { c: 1 } } }, { depthMax: 1, valuesMax: 9 }).size).toBe(0)
    expect(eventValues({ a: [1, 2, 3] }, { depthMax: 9, valuesMax: 2 }).get('a')).toEqual([1, 2])
    // No rule may ask for a path so long, and a thousand of them would be megabytes.
    expect(eventValues({ ['n'.repeat(257)]: { a: 1 } }, BOUNDS).size).toBe(0)
  })

  test('values of an event can be asked when others were read since, and a name with dots is a path', () => {
    const first = eventValues({ a: { b: 1 }, 'a.b': [2], c: 'x' }, BOUNDS)
    const second = eventValues({ a: { b: 3 }, d: true }, BOUNDS)
    expect(first.get('a.b')).toEqual([1, 2])
    expect(first.get('c')).toEqual(['x'])
    expect(first.get('d')).toBeUndefined()
    expect(second.get('a.b')).toEqual([3])
    expect(second.get('c')).toBeUndefined()
    const index = new MatchIndex([{ id: 'x', rule: parseExpression('c == "x" AND a.b == 2') }])
    const other = new MatchIndex([{ id: 'y', rule: parseExpression('c == "x" AND NOT a.b == 3') }])
    expect([index.match(first), other.match(first), index.match(second)]).toEqual([
      ['x'],
      ['y'],
      [],
    ])
  })

  test('paths are begun anew when there are too many, and events are read as before', () => {
    const index = new MatchIndex([{ id: 'x', rule: parseExpression('p.a == 1') }])
    for (let i = 0; i < 25; i++) {
      const names = Array.from({ length: 1000 }, (_, k) => [`n${i}_${k}`, 1] as const)
      const values = eventValues({ p: { a: 1 }, q: Object.fromEntries(names) }, BOUNDS)
      expect(index.match(values)).toEqual(['x'])
      expect(values.get(`q.n${i}_7`)).toEqual([1])
    }
  })
})
