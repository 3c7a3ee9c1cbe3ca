import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HpackDecoder } from '../../../gateway/http2/hpack-decoder.ts'
import { literalFields } from '../../../gateway/http2/literal-fields.ts'
import { RequestHead } from '../../../gateway/http2/request-head.ts'

interface Case {
  name: string
  tableBytesMax: number
  blocks: { hex: string; fields: string[]; tableBytes: number }[]
}

const path = '../../cases/http2/exemplary/rfc7541-appendix-c.json'
const cases: Case[] = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))

const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const decode = (hex: string, decoder = new HpackDecoder()) => {
  const bytes = bytesOf(hex)
  return decoder.decode(bytes, 0, bytes.length)
}

describe('RFC 7541, Appendix C', () => {
  test.for(cases.map((one) => [one.name, one] as const))('%s', ([, { tableBytesMax, blocks }]) => {
    const decoder = new HpackDecoder(tableBytesMax)
    for (const { hex, fields, tableBytes } of blocks) {
      expect(decode(hex, decoder)).toEqual(fields)
      expect(decoder.table.bytes).toBe(tableBytes)
    }
  })
})

describe('a block', () => {
  test('of literals, as we write them, is what was written', () => {
    const name = fc.stringMatching(/^[a-z-]{1,200}$/)
    const value = fc.string({ unit: 'binary-ascii', maxLength: 300 })
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (fields) => {
        const block = literalFields(fields)
        expect(new HpackDecoder().decode(block, 0, block.length)).toEqual(fields.flat())
      }),
    )
  })

  test.for<[string, string]>([
    ['an index of zero', '80'],
    ['an index beyond the table', 'be'],
    ['an index that never ends', 'ffffffffffffffffffff'],
    ['a text that is cut off', '400a 6375'],
    ['a field that is cut off', '40'],
    ['a table larger than was allowed', '3fe2 1f'],
    ['a change of the table behind a field', '8220'],
    ['Huffman codes padded with zeros', '0001 6181 18'],
    ['Huffman codes with eight bits of padding', '0001 6182 1fff'],
    ['the code for the end of a text', '0001 6184 ffff ffff'],
  ])('with %s cannot be decoded', ([, hex]) => {
    expect(() => decode(hex)).toThrow('A head cannot be decoded')
  })

  test('may empty the table and use it again', () => {
    const decoder = new HpackDecoder()
    expect(decode('4001 6101 62', decoder)).toEqual(['a', 'b'])
    expect(decode('be', decoder)).toEqual(['a', 'b'])
    expect(decode('20 3fe1 1f 4001 6301 64 be', decoder)).toEqual(['c', 'd', 'c', 'd'])
  })

  test('of few bytes that stands for many is not kept, and the table goes on', () => {
    const decoder = new HpackDecoder()
    expect(decode(`4001 61 7fa1 1e ${'62'.repeat(4_000)}`, decoder)).toHaveLength(2)
    expect(decode('be'.repeat(10_000), decoder)).toBeUndefined()
    expect(decode('be', decoder)).toHaveLength(2)
  })

  test('of any bytes is decoded, or refused as such', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }), (blocks) => {
        const decoder = new HpackDecoder()
        for (const block of blocks)
          try {
            decoder.decode(Buffer.from(block), 0, block.length)
          } catch (error) {
            expect((error as Error).message).toMatch(/^A head cannot be decoded/)
            return
          }
        expect(decoder.table.bytes).toBeLessThanOrEqual(4_096)
      }),
      { numRuns: 1_000 },
    )
  })
})

const REQUEST = [':method', 'POST', ':scheme', 'http', ':path', '/a']

describe('a head', () => {
  test('is known by its names, the first of each', () => {
    const head = RequestHead.of([...REQUEST, 'a', '1', 'b', '2', 'a', '3'])!
    expect([head.method, head.path, head.get('a'), head.get('b'), head.get('c')]).toEqual([
      ...['POST', '/a', '1', '2', undefined],
    ])
  })

  test.for<[string, string[]]>([
    ['no method', [':scheme', 'http', ':path', '/']],
    ['no scheme', [':method', 'GET', ':path', '/']],
    ['no path', [':method', 'GET', ':scheme', 'http']],
    ['an empty path', [':method', 'GET', ':scheme', 'http', ':path', '']],
    ['a method twice', [...REQUEST, ':method', 'GET']],
    ['what only answers have', [...REQUEST, ':status', '200']],
    ['a name with a colon behind others', [...REQUEST, 'a', 'b', ':authority', 'c']],
    ['a name in capitals', [...REQUEST, 'A', 'b']],
    ['an empty name', [...REQUEST, '', 'b']],
    ['a line break', [...REQUEST, 'a', 'b\nc']],
    ['a field of connections', [...REQUEST, 'connection', 'close']],
    ['a coding of transfer', [...REQUEST, 'transfer-encoding', 'chunked']],
    ['another te than trailers', [...REQUEST, 'te', 'gzip']],
    ['a length that is none', [...REQUEST, 'content-length', '-1']],
    ['CONNECT with a path', [...REQUEST.with(1, 'CONNECT'), 'host', 'a']],
  ])('with %s is malformed', ([, fields]) => {
    expect(RequestHead.of(fields)).toBeUndefined()
  })
})
