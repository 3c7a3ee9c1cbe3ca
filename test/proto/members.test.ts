import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Kind } from '../../proto/bid-facts.ts'
import { eachItem, eachMember, notePlace } from '../../proto/members.ts'
import { Place } from '../../proto/request-places.ts'
import { type OrderedValue, parseOrdered } from '../support/ordered-json.ts'

const space = fc.constantFrom('', ' ', '\n\t', '\r\n')

/** JSON of an object, with white space anywhere and keys that repeat or are escaped. */
const { object } = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('null', 'true', 'false', '0', '-1.50e+3', '""', '"a\\"}]"', '"\\\\"', '"é🙂"'),
    tie('object'),
    fc
      .tuple(fc.array(tie('value'), { maxLength: 3 }), space)
      .map(([all, s]) => `[${s}${all.join(`${s},${s}`)}${s}]`),
  ),
  object: fc
    .tuple(
      fc.array(
        fc.tuple(fc.constantFrom('"a"', '"eids"', '"\\u0065ids"', '"b\\"{"', '""'), tie('value')),
        { maxLength: 4 },
      ),
      space,
    )
    .map(
      ([all, s]) =>
        `{${s}${all.map(([key, one]) => `${key}${s}:${s}${one}`).join(`${s},${s}`)}${s}}`,
    ),
}))

/** Of a parsed value: where it begins and ends with its quotes, which the parse leaves out of texts. */
function spanOf({ kind, start, end }: OrderedValue): [number, number] {
  const quote = kind === Kind.text || kind === Kind.escapedText ? 1 : 0
  return [start - quote, end + quote]
}

test('members are told in their order, each with the span of its value, and noted as the scanner notes places', () => {
  fc.assert(
    fc.property(object, space, (text, before) => {
      const bytes = Buffer.from(`${before}${text}`)
      const told: [string, number, number][] = []
      eachMember(bytes, before.length, (...one) => told.push(one))
      const { members } = parseOrdered(bytes)
      expect(told).toEqual(members.map(([key, value]) => [key, ...spanOf(value)]))
      for (const [i, [, start, end]] of told.entries()) {
        const place = new Place()
        notePlace(bytes, place, start, end)
        const { kind, members: inner, items } = members[i]![1]
        const isContainer = kind === Kind.object || kind === Kind.array
        const empty = isContainer && inner.length + items.length === 0
        expect(place).toMatchObject({
          ...{ count: 1, kind: isContainer ? kind : 0, empty },
          ...(isContainer ? { open: start, close: end - 1 } : { open: -1, close: -1 }),
        })
      }
    }),
  )
})

test('items of an array are told in their order', () => {
  fc.assert(
    fc.property(fc.array(object, { maxLength: 4 }), space, (all, s) => {
      const bytes = Buffer.from(`[${s}${all.join(`${s},${s}`)}${s}]`)
      const told: string[] = []
      eachItem(bytes, 0, (start, end) => told.push(bytes.subarray(start, end).toString()))
      expect(told).toEqual(all)
    }),
  )
})

test('bytes that are no object come to an end, too', () => {
  const odd = fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', '1') })
  fc.assert(
    fc.property(odd, (text) => {
      for (const each of [eachMember, eachItem])
        try {
          each(Buffer.from(text), 0, () => {})
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError)
        }
    }),
  )
})
