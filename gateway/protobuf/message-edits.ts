import { writeVarint } from '../../proto/varint.ts'

/** A message within a request: where its fields begin and end. Before them stand its length and its tag. */
export interface MessageSpan {
  readonly open: number
  readonly close: number
}

interface Edit {
  at: number
  /** How many bytes it takes the place of. */
  gone: number
  piece: Uint8Array
}

/** Additions to place between the bytes of a request in protobuf; the lengths of the messages around them grow. */
export class MessageEdits {
  /** By how much the request grows. */
  growth = 0
  readonly #edits: Edit[] = []

  /** Adds fields at the end of the last of `within`, each of which lies in the one before it; none: of the request. */
  append(source: Uint8Array, within: readonly MessageSpan[], fields: Uint8Array): void {
    const inner = within.at(-1)
    this.#add({ at: inner?.close ?? source.length, gone: 0, piece: fields })
    let more = fields.length
    for (const { open, close } of [...within].reverse()) {
      const at = lengthAt(source, open)
      const piece = varintOf(close - open + more)
      this.#add({ at, gone: open - at, piece })
      more += piece.length - (open - at)
    }
  }

  compose(source: Uint8Array): Uint8Array {
    const out = Buffer.allocUnsafe(source.length + this.growth)
    let [from, to] = [0, 0]
    for (const { at, gone, piece } of this.#edits.sort((a, b) => a.at - b.at)) {
      out.set(source.subarray(from, at), to)
      to += at - from
      out.set(piece, to)
      to += piece.length
      from = at + gone
    }
    out.set(source.subarray(from), to)
    return out
  }

  #add(edit: Edit): void {
    this.#edits.push(edit)
    this.growth += edit.piece.length - edit.gone
  }
}

/** Where the length before the fields of a message begins: its last byte is below 0x80, as is that of the tag before it. */
function lengthAt(source: Uint8Array, open: number): number {
  let at = open - 1
  while (source[at - 1]! >= 0x80) at--
  return at
}

function varintOf(value: number): Uint8Array {
  const bytes: number[] = []
  writeVarint(bytes, value)
  return Uint8Array.from(bytes)
}
