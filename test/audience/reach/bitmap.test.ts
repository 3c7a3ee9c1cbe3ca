import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Bitmap } from '../../../audience/reach/bitmap.ts'
import { PeopleSet } from '../../../audience/reach/people-set.ts'
import { seeded } from '../../support/random.ts'

const numbers = fc.oneof(fc.nat(300_000), fc.integer({ min: 65_530, max: 65_545 }))

describe('a bitmap', () => {
  test('holds what a plain set holds, whatever is added and removed', () => {
    const acts = fc.array(fc.record({ add: fc.boolean(), number: numbers }), { maxLength: 200 })
    fc.assert(
      fc.property(acts, (list) => {
        const bitmap = new Bitmap()
        const model = new Set<number>()
        for (const { add, number } of list) {
          if (add) bitmap.add(number)
          else bitmap.remove(number)
          if (add) model.add(number)
          else model.delete(number)
        }
        expect([...bitmap]).toEqual([...model].sort((a, b) => a - b))
        expect(bitmap.count).toBe(model.size)
        for (const { number } of list) expect(bitmap.has(number)).toBe(model.has(number))
      }),
    )
  })

  test('is the same as it becomes bits, and a list again', () => {
    const random = seeded(3)
    const bitmap = new Bitmap()
    const model = new Set<number>()
    for (const share of [0.9, 0.1, 0.8, 0.2])
      for (let i = 0; i < 30_000; i++) {
        const number = random.int(12_000)
        if (random() < share) {
          bitmap.add(number)
          model.add(number)
        } else {
          bitmap.remove(number)
          model.delete(number)
        }
      }
    expect([...bitmap]).toEqual([...model].sort((a, b) => a - b))
    expect(bitmap.count).toBe(model.size)
  })

  test('takes bytes by what it holds: few of many cost little, and half of all an eighth of a byte each', () => {
    const few = new Bitmap()
    for (let i = 0; i < 1_000; i++) few.add(i * 10_000)
    expect(few.bytes).toBeLessThan(20_000)
    const half = new Bitmap()
    for (let i = 0; i < 1_000_000; i += 2) half.add(i)
    expect(half.bytes).toBeLessThanOrEqual(16 * 8_192)
  })
})

describe('a set of people', () => {
  test('unites, keeps, drops and counts as a plain set does', () => {
    const people = fc.uniqueArray(fc.nat(199))
    fc.assert(
      fc.property(people, people, (a, b) => {
        const set = (list: number[]) => {
          const made = new PeopleSet(200)
          for (const one of list) made.add(one)
          return made
        }
        const both = a.filter((one) => b.includes(one)).length
        expect(set(a).count()).toBe(a.length)
        expect(set(a).countWith(set(b))).toBe(both)
        expect(set(a).keep(set(b)).count()).toBe(both)
        expect(set(a).drop(set(b)).count()).toBe(a.length - both)
        expect(set(a).unite(set(b)).count()).toBe(a.length + b.length - both)
      }),
    )
  })
})
