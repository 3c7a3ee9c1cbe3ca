import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLongerThan } from '../../../audience/events/is-longer-than.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '€'), maxLength: 4 })
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null)),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(text, tie('json'), { maxKeys: 4 }),
  ),
}))

test('counts what JSON.stringify writes, where nothing has to be escaped', () => {
  fc.assert(
    fc.property(json, (value) => {
      const written = JSON.stringify(value)
      const bytes = Buffer.byteLength(written)
      // In an object each member is counted with a comma, the last one too.
      const objects = written.split('}').length - 1
      expect(isLongerThan(value, bytes + objects)).toBe(false)
      expect(isLongerThan(value, bytes - 1)).toBe(true)
    }),
  )
})

test('counts a hundred thousand levels, too', () => {
  const depth = 100_000
  const deep = JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
  expect(isLongerThan(deep, 2 * depth - 1)).toBe(true)
  expect(isLongerThan(deep, 2 * depth)).toBe(false)
})
