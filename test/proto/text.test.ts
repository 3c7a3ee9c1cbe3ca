import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Kind } from '../../proto/bid-facts.ts'
import { textBytes, textOf } from '../../proto/text.ts'

describe('text of a span', () => {
  it('is what JSON.parse makes of it, as a string and as bytes, wherever it stands', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(9), (text, offset) => {
        const json = JSON.stringify(text).slice(1, -1)
        const escaped = text.split('').map(escapeUnit).join('')
        for (const [lexeme, kind] of [
          [json, json.includes('\\') ? Kind.escapedText : Kind.text],
          [escaped, Kind.escapedText],
        ] as const) {
          const bytes = Buffer.from(`${'x'.repeat(offset)}${lexeme}yy`)
          const end = bytes.length - 2
          expect(textOf(bytes, kind, offset, end)).toBe(text)
          const span = textBytes(bytes, kind, offset, end)
          expect(Buffer.from(span.bytes.subarray(span.start, span.end))).toEqual(Buffer.from(text))
        }
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('is not copied where it has no escapes', () => {
    const bytes = Buffer.from('"plain"')
    expect(textBytes(bytes, Kind.text, 1, 6)).toMatchObject({ start: 1, end: 6 })
    expect(textBytes(bytes, Kind.text, 1, 6).bytes).toBe(bytes)
  })

  it('keeps a number as written, a byte order mark, and a lone surrogate as U+FFFD in bytes', () => {
    expect(textOf(Buffer.from('12345678901234567890'), Kind.number, 0, 20)).toBe(
      '12345678901234567890',
    )
    expect(textOf(Buffer.from('\ufeffa'), Kind.text, 0, 4)).toBe('\ufeffa')
    const span = textBytes(Buffer.from('\\ud800'), Kind.escapedText, 0, 6)
    expect(Buffer.from(span.bytes.subarray(0, span.end)).toString('hex')).toBe('efbfbd')
  })
})

/** Two of three UTF-16 units as `\\uXXXX`, in either case of letters; the third as JSON.stringify would. */
function escapeUnit(unit: string, i: number): string {
  const hex = unit.charCodeAt(0).toString(16).padStart(4, '0')
  const isHalf = /[\ud800-\udfff]/.test(unit)
  if (i % 3 === 2 && !isHalf) return JSON.stringify(unit).slice(1, -1)
  return `\\u${i % 2 ? hex.toUpperCase() : hex}`
}
