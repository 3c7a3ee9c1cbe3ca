import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packChange, unpackChange } from '../../../audience/store/redis/change-codec.ts'
import { Layout, logOf, validBuckets } from '../../../audience/store/redis/layout.ts'
import { formatCursor, parseCursor } from '../../../audience/store/redis/log-cursor.ts'
import type { Change } from '../../../audience/store/store.ts'

const keys = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes))
const layouts = fc.integer({ min: 6, max: 24 }).map((bits) => new Layout(2 ** bits))
const seed = 20_260_101

describe('the layout of people in Redis', () => {
  test('a bucket and a field tell the whole key again', () => {
    fc.assert(
      fc.property(layouts, keys, (layout, key) => {
        const bucket = layout.bucket(key)
        expect(bucket).toBeLessThan(layout.buckets)
        expect(layout.keyOf(bucket, layout.field(key))).toEqual(key)
      }),
      { seed },
    )
  })

  test('a record and its log stand under one hash tag, one of 64', () => {
    fc.assert(
      fc.property(layouts, keys, (layout, key) => {
        const tag = logOf(layout.partition(key)).slice(0, -':log'.length)
        expect(tag).toMatch(/^\{p([0-9]|[1-5][0-9]|6[0-3])\}$/)
        for (const part of ['profile', 'edges'] as const) {
          expect(layout.hash(part, layout.bucket(key)).startsWith(`${tag}:`)).toBe(true)
        }
      }),
      { seed },
    )
  })

  test('buckets have names of their own', () => {
    const layout = new Layout(4096)
    const names = Array.from({ length: 4096 }, (_, bucket) => layout.hash('profile', bucket))
    expect(new Set(names).size).toBe(4096)
  })

  test('only powers of two from 64 on are numbers of buckets', () => {
    expect([64, 8192, 2 ** 24].every(validBuckets)).toBe(true)
    expect([0, 1, 32, 100, 2 ** 25, -64, 64.5, Number.NaN].some(validBuckets)).toBe(false)
  })
})

describe('the change log in Redis', () => {
  const segments = fc.array(fc.integer({ min: 1, max: 0x7fff_ffff }), { maxLength: 40 })
  const whats = fc.constantFrom('assign', 'link', 'unlink', 'forget') as fc.Arbitrary<
    Change['what']
  >
  const changes = fc.record({ what: whats, key: keys, added: segments, removed: segments })

  test('a packed change is read back as it was', () => {
    fc.assert(
      fc.property(changes, (change) => {
        expect(unpackChange(packChange(change))).toEqual(change)
      }),
      { seed },
    )
  })

  test('an entry of a kind this version does not know is not guessed at', () => {
    const bytes = packChange({ what: 'link', key: Buffer.alloc(16), added: [], removed: [] })
    bytes[0] = 200
    expect(unpackChange(bytes)).toBeUndefined()
    expect(unpackChange(Buffer.alloc(0))).toBeUndefined()
  })

  test('any bytes at all are read without harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        unpackChange(Buffer.from(bytes))
      }),
      { seed },
    )
  })

  test('a cursor is read back as it was, and nothing else is a cursor', () => {
    const points = Array.from({ length: 64 }, (_, i) =>
      i % 3 ? { id: `178900000000${i}-${i}`, number: i } : { id: '0-0', number: 0 },
    )
    expect(parseCursor(formatCursor(points))).toEqual(points)
    for (const text of ['', '{}', '[]', '["1-1 1"]', formatCursor(points).replace('-1 1', 'x')]) {
      expect(parseCursor(text)).toBeUndefined()
    }
  })
})
