import { expect, test } from 'vitest'
import { LIMITS } from '../../../exchange/limits.ts'
import { countPopulations } from '../../../exchange/usage/populations.ts'
import { WoundClock } from '../../support/memory-store.ts'

test('people are counted in the store, once an hour for all who ask, and again after a failure', async () => {
  const clock = new WoundClock()
  const asked: number[] = []
  let isAway = false
  const people = {
    async *holders(segment: number) {
      asked.push(segment)
      if (isAway) throw new Error('away')
      yield [Buffer.alloc(16), Buffer.alloc(16)]
      yield [Buffer.alloc(16)]
    },
  }
  const numbers: Record<string, number> = { cars: 1, vans: 2 }
  const segment = (id: string) => (numbers[id] ? { number: numbers[id] } : undefined)
  const count = countPopulations({ people, clock, segment })
  const both = await Promise.all([count(new Set(['cars', 'gone'])), count(new Set(['cars']))])
  expect([...both[0], ...both[1]]).toEqual([
    ['cars', 3n],
    ['gone', 0n],
    ['cars', 3n],
  ])
  expect(asked).toEqual([1])
  clock.wind(LIMITS.populationMs)
  await count(new Set(['cars']))
  expect(asked).toEqual([1, 1])
  isAway = true
  await expect(count(new Set(['vans']))).rejects.toThrow('away')
  isAway = false
  expect((await count(new Set(['vans']))).get('vans')).toBe(3n)
})
