import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Line, LineSplitter } from '../../console/imports/line-splitter.ts'
import { LIMITS } from '../../console/limits.ts'

describe('lines', () => {
  test('are the same however the bytes are cut', () => {
    const piece = fc.oneof(
      fc.constantFrom('\n', '\r\n', ' ', 'é', '😀', '{"a":1}', 'x'.repeat(LIMITS.lineBytesMax / 2)),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(200)), (pieces, cuts) => {
        const text = pieces.join('')
        const bytes = Buffer.from(text)
        const whole = text.split('\n').map((line, i) => ({ number: i + 1, text: line }))
        const wanted = whole
          .map((line) =>
            Buffer.byteLength(line.text) > LIMITS.lineBytesMax
              ? { number: line.number, fault: 'too_long' }
              : { ...line, text: Buffer.from(line.text).toString().trim() },
          )
          .filter((line) => !('text' in line) || line.text !== '')
        expect(split(bytes, cuts)).toEqual(wanted)
      }),
      { numRuns: 300 },
    )
  })

  function split(bytes: Buffer, cuts: readonly number[]): Line[] {
    const lines: Line[] = []
    const splitter = new LineSplitter((line) => lines.push(line))
    let at = 0
    for (const cut of cuts) {
      // A door may use its memory again at once.
      const chunk = Buffer.from(bytes.subarray(at, at + cut))
      splitter.push(chunk)
      chunk.fill(0x7a)
      at += cut
    }
    splitter.push(bytes.subarray(Math.min(at, bytes.length)))
    splitter.end()
    return lines
  }
})
