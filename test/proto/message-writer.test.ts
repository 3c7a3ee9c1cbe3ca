import fc from 'fast-check'
import protobuf from 'protobufjs'
import { expect, test } from 'vitest'
import { MessageWriter } from '../../proto/message-writer.ts'

// What is written is what the writer of protobufjs writes, whatever the lengths.

type Node = { field: number } & (
  | { text: string }
  | { number: number }
  | { double: number }
  | { bytes: Uint8Array }
  | { inner: Node[] }
)

const field = fc.integer({ min: 1, max: 5_000 })
const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ field, text: fc.string({ unit: 'grapheme', maxLength: 300 }) }),
    fc.record({ field, number: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
    fc.record({ field, double: fc.double({ noNaN: true }) }),
    fc.record({ field, bytes: fc.uint8Array({ maxLength: 17_000, size: 'max' }) }),
    fc.record({ field, inner: fc.array(tie('node'), { maxLength: 4 }) }),
  ) as fc.Arbitrary<Node>,
}))

test('messages within messages are as protobufjs writes them', () => {
  const ours = new MessageWriter()
  fc.assert(
    fc.property(fc.array(node, { maxLength: 5 }), (nodes) => {
      ours.begin()
      for (const one of nodes) write(ours, one)
      const theirs = protobuf.Writer.create()
      for (const one of nodes) writeTheirs(theirs, one)
      expect(Buffer.compare(ours.end(), theirs.finish())).toBe(0)
    }),
    { numRuns: 100 },
  )
})

function write(to: MessageWriter, one: Node): void {
  if ('text' in one) to.text(one.field, one.text)
  else if ('number' in one) to.number(one.field, one.number)
  else if ('double' in one) to.double(one.field, one.double)
  else if ('bytes' in one) to.bytes(one.field, one.bytes)
  else {
    const opened = to.open(one.field)
    for (const part of one.inner) write(to, part)
    to.close(opened)
  }
}

function writeTheirs(to: protobuf.Writer, one: Node): void {
  const tag = (type: number) => to.uint32(one.field * 8 + type)
  if ('text' in one) tag(2).string(one.text)
  else if ('number' in one) tag(0).uint32(one.number)
  else if ('double' in one) tag(1).double(one.double)
  else if ('bytes' in one) tag(2).bytes(one.bytes)
  else {
    tag(2).fork()
    for (const part of one.inner) writeTheirs(to, part)
    to.ldelim()
  }
}
