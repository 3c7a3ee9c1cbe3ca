import { expect, test } from 'vitest'
import { LIMITS } from '../../../exchange/limits.ts'
import { ToldImps } from '../../../exchange/usage/told-imps.ts'

test('a token tells of so many impressions, each as often as it likes', () => {
  const told = new ToldImps()
  const admitted = ['a', 'b', 'a', 'c', 'b'].map((imp) => told.admits('t', imp, 2))
  expect(admitted).toEqual([true, true, true, false, true])
  expect(told.admits('other', 'c', 1)).toBe(true)
})

test('of so many tokens that memory would grow the oldest are forgotten', () => {
  const told = new ToldImps()
  told.admits('first', 'a', 1)
  for (let i = 0; i < LIMITS.toldImpsMax - 1; i++) told.admits(`t${i}`, 'a', 1)
  expect(told.admits('first', 'b', 1)).toBe(false)
  told.admits('last', 'a', 1)
  expect(told.admits('first', 'b', 1)).toBe(true)
})
