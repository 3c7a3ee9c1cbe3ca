import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asWritten, parseLexical } from '../../proto/lexical-json.ts'

describe('JSON with its numbers as they were written', () => {
  test('is what JSON.parse makes of it where numbers are read as floats', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(parseLexical(text, Number)).toEqual(JSON.parse(text))
      }),
    )
  })

  test('hands over the lexeme of every number, and nothing that stands in a text', () => {
    const text = '{"a":[2.50,-0,1e400,"7 \\" 8",{"b\\"9":0.10}],"3":"4","c":12345678901234567890}'
    const seen: string[] = []
    const value = parseLexical(text, (lexeme, key) => {
      seen.push(`${key} ${lexeme}`)
      return lexeme
    })
    expect(seen.sort()).toEqual(
      ['0 2.50', '1 -0', '2 1e400', 'b"9 0.10', 'c 12345678901234567890'].sort(),
    )
    expect(value).toEqual({
      a: ['2.50', '-0', '1e400', '7 " 8', { 'b"9': '0.10' }],
      3: '4',
      c: '12345678901234567890',
    })
  })

  test('every decimal comes back to the letter', () => {
    const decimal = fc.stringMatching(/^(0|[1-9]\d{0,6})\.\d{1,9}$/)
    fc.assert(
      fc.property(decimal, (text) => {
        const read = asWritten(['price'])
        const { price, other } = parseLexical(`{"price":${text},"other":${text}}`, read) as {
          price: string | number
          other: unknown
        }
        expect(String(price)).toBe(text)
        expect(other).toBe(Number(text))
      }),
    )
  })

  test('what is no JSON is refused as JSON.parse refuses it', () => {
    for (const text of ['', '{', '[1,]', '01', '{"a":1.}', '{"a":.5}', '"\u0001"', '1 2', 'NaN'])
      expect([text, thrownBy(() => parseLexical(text, Number))]).toEqual([text, 'SyntaxError'])
  })

  test('long texts and many numbers are no trouble', () => {
    const long = {
      text: '\\"'.repeat(500_000),
      numbers: Array.from({ length: 200_000 }, (_, i) => i),
    }
    expect(parseLexical(JSON.stringify(long), Number)).toEqual(long)
  })
})

function thrownBy(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return (error as Error).name
  }
  return 'nothing'
}
