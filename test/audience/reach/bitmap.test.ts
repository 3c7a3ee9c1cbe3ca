import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Bitmap, CHUNK_SIZE, CHUNK_WORDS } from '../../../audience/reach/bitmap.ts'
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
  const SIZE = 200_000
  const numbers = [0, 1, 31, 32, 65_535, 65_536, 65_600, 131_071, 131_072, SIZE - 1]
  const number = fc.constantFrom(...numbers)
  const sets = fc.nat(2)
  const step = fc.oneof(
    fc.record({ what: fc.constant('add' as const), to: sets, number }),
    fc.record({ what: fc.constantFrom('unite', 'keep', 'drop', 'copy'), to: sets, of: sets }),
    fc.record({
      what: fc.constant('borrow' as const),
      to: sets,
      at: fc.nat(3),
      isList: fc.boolean(),
    }),
  )
  /** A chunk of words that are nobody's to write to, and who is in it. */
  const lent = Int32Array.from({ length: CHUNK_WORDS }, (_, i) => (i % 2 === 0 ? 0b11 : 0))
  const inLent = (at: number) =>
    numbers.filter((one) => one >>> 16 === at && [0, 1].includes(one & 63))
  /** The same of a list, behind whose end there is something else. */
  const list = Uint16Array.of(0, 31, 64, 65_535, 7)
  const inList = (at: number) =>
    numbers.filter((one) => one >>> 16 === at && list.indexOf(one & 65_535) >= 0)

  test('unites, keeps, drops, copies and counts as a plain set does, and changes nothing but itself', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const made = [0, 1, 2].map(() => new PeopleSet(SIZE))
        const plain = [0, 1, 2].map(() => new Set<number>())
        for (const one of steps) {
          const [set, model] = [made[one.to]!, plain[one.to]!]
          if ('number' in one) {
            set.add(one.number)
            model.add(one.number)
          } else if ('at' in one) {
            set.borrow(one.at, one.isList ? { list, count: 4 } : lent)
            for (const person of (one.isList ? inList : inLent)(one.at)) model.add(person)
          } else if (one.what === 'copy') {
            made[one.to] = made[one.of]!.copy()
            plain[one.to] = new Set(plain[one.of])
          } else {
            set[one.what as 'unite'](made[one.of]!)
            const other = plain[one.of]!
            const after = {
              unite: [...model, ...other],
              keep: [...model].filter((person) => other.has(person)),
              drop: [...model].filter((person) => !other.has(person)),
            }
            plain[one.to] = new Set(after[one.what as 'unite'])
          }
        }
        for (const [i, set] of made.entries()) {
          const next = made[(i + 1) % 3]!
          const counted = [set.count(), set.countWith(next)]
          const all = [...set.parts()].flatMap((part) => [...part])
          const both = all.filter((person) => next.has(person))
          expect(counted).toEqual([all.length, both.length])
          const asked = numbers.filter((person) => set.has(person))
          expect(asked).toEqual(numbers.filter((person) => plain[i]!.has(person)))
          expect(all.filter((person) => numbers.includes(person))).toEqual(asked)
        }
        expect(lent.every((word, i) => word === (i % 2 === 0 ? 0b11 : 0))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('counts each of its bits, whichever they are', () => {
    const words = fc.array(fc.integer(), { minLength: 8, maxLength: 8 })
    fc.assert(
      fc.property(words, words, fc.nat(CHUNK_WORDS - 8), (a, b, from) => {
        const made = [a, b].map((some) => {
          const whole = new Int32Array(CHUNK_WORDS)
          whole.set(some, from)
          const set = new PeopleSet(CHUNK_SIZE)
          set.addWords(0, whole)
          return set
        })
        const ones = (word: number) => (word >>> 0).toString(2).replaceAll('0', '').length
        const sum = (some: number[]) => some.reduce((all, word) => all + ones(word), 0)
        expect(made[0]!.count()).toBe(sum(a))
        expect(made[0]!.countWith(made[1]!)).toBe(sum(a.map((word, i) => word & b[i]!)))
      }),
    )
  })
})
