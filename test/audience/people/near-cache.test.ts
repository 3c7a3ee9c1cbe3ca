import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../audience/limits.ts'
import { NO_ROW } from '../../../audience/people/lru-cache.ts'
import { NearCache } from '../../../audience/people/near-cache.ts'
import { RecordSpan } from '../../../audience/people/record-span.ts'
import { WoundClock } from '../../support/memory-store.ts'
import { seeded } from '../../support/random.ts'

function open(max: number, hashMask?: number) {
  const clock = new WoundClock()
  const cache = new NearCache({ clock, max, ...(hashMask === undefined ? {} : { hashMask }) })
  const span = new RecordSpan()
  /** The record kept for a key, or undefined. */
  const read = (key: Uint32Array): Buffer | undefined => {
    const row = cache.find(key, 0, cache.tick())
    if (row === NO_ROW) return undefined
    cache.open(row, span)
    return Buffer.from(span.bytes.subarray(span.start, span.end))
  }
  const keep = (key: Uint32Array, bytes: Uint8Array) => cache.keep(key, spanOf(bytes), cache.tick())
  return { clock, cache, read, keep }
}

/** A third of it memberships, the rest matches. */
function spanOf(bytes: Uint8Array): RecordSpan {
  const span = new RecordSpan()
  span.set(bytes, 0, { edgesStart: Math.floor(bytes.length / 3), end: bytes.length })
  return span
}

const keyOf = (n: number) => Uint32Array.of(Math.imul(n, 0x9e3779b1), n, 7, n ^ 3)

describe('near-cache', () => {
  it('keeps records of any length up to its bound, each as it was', () => {
    const { read, keep } = open(1_000)
    const lengths = [0, 1, 111, 112, 113, 239, 240, 241, 1_000, 6_000]
    const records = lengths.map((length, i) => Buffer.alloc(length, i + 1))
    for (const [i, record] of records.entries()) keep(keyOf(i), record)
    for (const [i, record] of records.entries()) expect(read(keyOf(i))).toEqual(record)
  })

  it('answers only for the whole key: a colliding one takes the row’s place', () => {
    const { cache, read, keep } = open(10, 0)
    keep(keyOf(1), Buffer.from('one'))
    expect(read(keyOf(2))).toBeUndefined()
    keep(keyOf(2), Buffer.from('two'))
    expect([read(keyOf(1)), read(keyOf(2))]).toEqual([undefined, Buffer.from('two')])
    cache.drop(keyOf(1))
    expect(read(keyOf(2))).toEqual(Buffer.from('two'))
    cache.drop(keyOf(2))
    expect([read(keyOf(2)), cache.counts().people]).toEqual([undefined, 0])
  })

  it('forgets the least recently used to make room, and never grows beyond its bound', () => {
    const { cache, read, keep } = open(3)
    for (const n of [1, 2, 3]) keep(keyOf(n), Buffer.from([n]))
    read(keyOf(1))
    keep(keyOf(4), Buffer.from([4]))
    expect([1, 2, 3, 4].map((n) => read(keyOf(n)) !== undefined)).toEqual([true, false, true, true])
    expect(cache.counts()).toMatchObject({ people: 3, evictions: 1 })
  })

  it('lets big records push out what was not used for long, and keeps none beyond its bounds', () => {
    const { cache, read, keep } = open(10)
    keep(keyOf(1), Buffer.from('old'))
    keep(keyOf(1), Buffer.alloc(LIMITS.nearCacheRecordBytesMax + 1))
    expect([read(keyOf(1)), cache.counts().unkept, cache.counts().people]).toEqual([
      undefined,
      1,
      0,
    ])
    // The pool for big records has 5 blocks of 128 bytes here.
    keep(keyOf(2), Buffer.alloc(112 + 4 * 128, 2))
    keep(keyOf(3), Buffer.alloc(112 + 2 * 128, 3))
    expect([read(keyOf(2)), read(keyOf(3))?.length]).toEqual([undefined, 368])
    keep(keyOf(4), Buffer.alloc(112 + 5 * 128, 4))
    expect([read(keyOf(3)), read(keyOf(4))?.length]).toEqual([undefined, 752])
    keep(keyOf(4), Buffer.alloc(112 + 6 * 128))
    expect([read(keyOf(4)), cache.counts().unkept, cache.counts().people]).toEqual([
      undefined,
      2,
      0,
    ])
  })

  it('forgets everything at once', () => {
    const { cache, read, keep } = open(10)
    keep(keyOf(1), Buffer.from('one'))
    cache.clear()
    expect(read(keyOf(1))).toBeUndefined()
    keep(keyOf(1), Buffer.from('new'))
    expect(read(keyOf(1))).toEqual(Buffer.from('new'))
  })

  it('serves a record for ten minutes, stale after one; a stranger for half a minute', () => {
    const { clock, cache, read, keep } = open(10)
    keep(keyOf(1), Buffer.from('one'))
    keep(keyOf(2), Buffer.alloc(0))
    const isStale = () => cache.isStale(cache.find(keyOf(1), 0, cache.tick()), cache.tick())
    clock.wind(LIMITS.strangerMsMax - 100)
    expect(read(keyOf(2))).toEqual(Buffer.alloc(0))
    clock.wind(100)
    expect([read(keyOf(2)), isStale()]).toEqual([undefined, false])
    clock.wind(LIMITS.freshMsMax - LIMITS.strangerMsMax)
    expect(isStale()).toBe(true)
    clock.wind(LIMITS.staleMsMax - LIMITS.freshMsMax - 100)
    expect(read(keyOf(1))).toEqual(Buffer.from('one'))
    clock.wind(100)
    expect(read(keyOf(1))).toBeUndefined()
  })

  it('agrees with a plain Map over random writes, drops and evictions, with and without collisions', () => {
    for (const hashMask of [0x3fff_ffff, 0xf]) {
      const seed = Number(process.env['SEED'] ?? 7_301)
      const random = seeded(seed)
      const { cache, read, keep } = open(200, hashMask)
      const model = new Map<number, Buffer>()
      let kept = 0
      for (let step = 0; step < 20_000; step++) {
        const n = random.int(400)
        const what = random()
        if (what < 0.45) {
          const record = Buffer.alloc(random.int(random() < 0.9 ? 112 : 900), n + step)
          keep(keyOf(n), record)
          model.set(n, record)
        } else if (what < 0.55) {
          cache.drop(keyOf(n))
          model.delete(n)
        } else if (what < 0.5503) {
          cache.clear()
          model.clear()
        } else {
          const record = read(keyOf(n))
          if (record === undefined) continue
          kept++
          if (!model.get(n)?.equals(record)) expect.fail(`seed ${seed} step ${step}`)
        }
      }
      expect(kept).toBeGreaterThan(100)
      expect(cache.counts().people).toBeLessThanOrEqual(200)
    }
  })

  it('refuses nothing it has room for after any number of evictions', () => {
    const { cache, read, keep } = open(100)
    for (let n = 0; n < 5_000; n++) {
      keep(keyOf(n), Buffer.alloc(100 + (n % 2) * 50, n))
      expect(read(keyOf(n))?.equals(Buffer.alloc(100 + (n % 2) * 50, n))).toBe(true)
    }
    expect(cache.counts()).toMatchObject({ evictions: 4_900, unkept: 0 })
  })
})
