import { expect, test } from 'vitest'
import { checker, Type } from '../../audience/schema.ts'

const check = checker(
  Type.Object(
    {
      kind: Type.Optional(Type.Enum(['web', 'app'])),
      flag: Type.Optional(Type.Enum([0, 1])),
      many: Type.Optional(Type.Enum(Array.from({ length: 50 }, (_, i) => `v${i}`))),
      only: Type.Optional(Type.Literal('x')),
    },
    { additionalProperties: false },
  ),
)

test('a value that is none of those allowed is told which are', () => {
  expect(check({ kind: 'shop', flag: '0', only: 'y' })).toEqual([
    { field: 'kind', reason: 'must be one of web, app' },
    { field: 'flag', reason: 'must be one of 0, 1' },
    { field: 'only', reason: 'must be "x"' },
  ])
})

test('of many allowed values the first are named, and how many there are', () => {
  const [problem] = check({ many: 'x' })
  expect(problem!.reason).toMatch(/^must be one of 50 values: v0, v1, .*, v39 …$/)
})
