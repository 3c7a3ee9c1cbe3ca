import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type History, packHistory, unpackHistory, wakeOf } from '../../proto/history-blob.ts'

const atMs = fc.integer({ min: 1_500_000_000_000, max: 2_000_000_000_000 })
const number = fc.integer({ min: 1, max: 2 ** 31 - 1 })
const moments = fc
  .uniqueArray(atMs, { minLength: 1, maxLength: 20 })
  .chain((times) =>
    fc.tuple(
      ...times
        .sort((a, b) => a - b)
        .map((time) => fc.integer({ min: 1, max: 5_000 }).map((count) => ({ atMs: time, count }))),
    ),
  )
const histories: fc.Arbitrary<History> = fc.record({
  wakeMs: fc.oneof(fc.constant(0), atMs),
  traits: fc
    .array(fc.tuple(number, moments), { minLength: 1, maxLength: 8 })
    .map((entries) => new Map(entries)),
  segments: fc.array(fc.tuple(number, atMs), { maxLength: 8 }).map((entries) => new Map(entries)),
})

const byNumber = (history: History) => ({
  wakeMs: history.wakeMs,
  traits: [...history.traits].sort(([a], [b]) => a - b),
  segments: [...history.segments].sort(([a], [b]) => a - b),
})

describe('a packed history', () => {
  test('says what was packed', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const blob = packHistory(history)
        expect(byNumber(unpackHistory(blob))).toEqual(byNumber(history))
        expect(wakeOf(blob)).toBe(history.wakeMs)
      }),
    )
  })

  test('that is cut off or damaged reads without an error', () => {
    fc.assert(
      fc.property(histories, fc.nat(), fc.nat(255), (history, at, byte) => {
        const blob = packHistory(history)
        const bent = Uint8Array.from(blob)
        bent[at % bent.length] = byte
        unpackHistory(bent)
        unpackHistory(blob.subarray(0, at % blob.length))
      }),
    )
  })

  test('of nothing is no bytes, and 30 traits of one moment each stay below 200', () => {
    expect(packHistory({ wakeMs: 5, traits: new Map(), segments: new Map() })).toHaveLength(0)
    const traits = new Map(
      Array.from({ length: 30 }, (_, i) => [
        1000 + 7 * i,
        [{ atMs: 1_795_309_185_180 + i * 3_600_123, count: 1 }],
      ]),
    )
    const blob = packHistory({ wakeMs: 1_795_400_000_000, traits, segments: new Map() })
    expect(blob.length).toBeLessThan(200)
  })
})
