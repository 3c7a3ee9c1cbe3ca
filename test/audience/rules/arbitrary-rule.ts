import fc from 'fast-check'
import type { Expression, Scalar } from '../../../audience/rules/expression.ts'

/** Rules over a few traits, properties and segments, of every form there is; not all of them make sense. */
export const TRAITS = ['visit', 'search', 'cart', 'buy', '5d', 'a-b_c']
export const SEGMENTS = ['client', 'vip']

const trait = fc.constantFrom(...TRAITS)
const count = fc.integer({ min: 0, max: 4 })
const countOperator = fc.constantFrom('>=', '<=', '==', '>', '<') as fc.Arbitrary<'>='>
const duration = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map((n) => `${n}D`),
  fc.integer({ min: 1, max: 72 }).map((n) => `${n}H`),
  fc.integer({ min: 1, max: 300 }).map((n) => `${n}M`),
)
const window = fc.record({ is: fc.constantFrom('<=', '>=') as fc.Arbitrary<'<='>, for: duration })
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n))
export const scalar: fc.Arbitrary<Scalar> = fc.oneof(
  fc.string(),
  fc.constantFrom('auto', 'x"y\\z', 'é\u2028', '5', '5.0', ''),
  number,
  fc.integer({ min: -3, max: 3 }),
  fc.boolean(),
)
const path = fc.oneof(
  fc.constantFrom(
    'event',
    'properties.category',
    'properties.price',
    'AND',
    'in',
    '5',
    'x y',
    '$a.b-c',
  ),
  fc.string({ minLength: 1, maxLength: 12 }).filter((text) => !/[`\u0000-\u001f]/.test(text)),
)

const property: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({
    property: path,
    is: fc.constantFrom(
      '==',
      '!=',
      '>',
      '<',
      '>=',
      '<=',
      'contains',
      'startswith',
      'endswith',
    ) as fc.Arbitrary<'=='>,
    value: scalar,
  }),
  fc.record({ property: path, is: fc.constant('exists' as const) }),
  fc.record({
    property: path,
    is: fc.constant('in' as const),
    value: fc.array(scalar, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({
    property: path,
    is: fc.constant('matchesregex' as const),
    value: fc.constantFrom('^a.*z$', 'au+to', '[0-9]+'),
  }),
  fc.record({
    property: path,
    is: fc.constant('between' as const),
    value: fc.tuple(number, number).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]),
  }),
)

const frequency: fc.Arbitrary<Expression> = fc.record(
  {
    frequency: fc.uniqueArray(trait, { minLength: 1, maxLength: 3 }),
    window,
    is: countOperator,
    times: count,
  },
  { requiredKeys: ['frequency', 'is', 'times'] },
)

const positive = fc.record({ trait, within: duration }, { requiredKeys: ['trait'] })
const negative = trait.map((one) => ({ trait: one, not: true as const }))
const ending = fc.record({ trait, within: duration, not: fc.constant(true as const) })
const sequence: fc.Arbitrary<Expression> = fc
  .tuple(
    trait.map((one) => ({ trait: one })),
    fc.array(fc.oneof(positive, negative), { maxLength: 3 }),
    fc.oneof(positive, ending),
  )
  .map(([first, middle, last]) => ({ sequence: [first, ...middle, last] }))

const score: fc.Arbitrary<Expression> = fc.record({
  score: fc.array(fc.record({ trait, weight: fc.integer({ min: -3, max: 10 }) }), {
    minLength: 1,
    maxLength: 3,
  }),
  halfLife: fc.constantFrom('30M', '6H', '3D'),
  is: fc.constantFrom('>=', '<=', '>', '<') as fc.Arbitrary<'>='>,
  value: fc.integer({ min: -5000, max: 20_000 }).map((n) => n / 1000 || 0),
})

const segment: fc.Arbitrary<Expression> = fc.record(
  { segment: fc.constantFrom(...SEGMENTS), since: window },
  { requiredKeys: ['segment'] },
)

function treesOf(leaf: fc.Arbitrary<Expression>): fc.Arbitrary<Expression> {
  return fc.letrec<{ tree: Expression }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      leaf,
      fc.array(tie('tree'), { minLength: 2, maxLength: 3 }).map((and) => ({ and })),
      fc.array(tie('tree'), { minLength: 2, maxLength: 3 }).map((or) => ({ or })),
      tie('tree').map((not) => ({ not })),
    ),
  })).tree
}

/** Of one event. */
export const eventRule = treesOf(property)
/** Of a person, without properties. */
export const timedRule = treesOf(fc.oneof(frequency, sequence, score, segment))
export const anyRule = treesOf(fc.oneof(property, frequency, sequence, score, segment))
/** Of what traits have shown, and of being in a segment whenever since. */
export const memberRule = treesOf(
  fc.oneof(frequency, sequence, score, fc.record({ segment: fc.constantFrom(...SEGMENTS) })),
)
export const traitRule = treesOf(fc.oneof(frequency, sequence, score))
