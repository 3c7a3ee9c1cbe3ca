import { expect, test } from 'vitest'
import { Remembered } from '../../audience/remembered.ts'

test('what was worked out of a text is worked out once, within bounds', () => {
  const worked: string[] = []
  const lengths = new Remembered({ max: 2, charsMax: 3 }, (text) => worked.push(text) && undefined)
  for (const text of ['a', 'b', 'a', 'b', 'long', 'long']) lengths.of(text)
  expect(worked).toEqual(['a', 'b', 'long', 'long'])
  lengths.of('c')
  lengths.of('c')
  lengths.of('a')
  expect(worked.slice(4)).toEqual(['c', 'a'])
})
