import { DynamicTable, ENTRY_BYTES } from './dynamic-table.ts'
import { decodeHuffman } from './huffman.ts'
import { HTTP2_LIMITS } from './limits.ts'
import { Http2Error } from './reasons.ts'

const [INDEXED, INCREMENTAL, RESIZE] = [0x80, 0x40, 0x20] as const
const HUFFMAN = 0x80
/** Five bytes of seven bits: more than any length here. */
const SHIFT_MAX = 28

/** Where a string of Huffman codes is written; a block has at most headBlockBytesMax, a byte of it less than two of these. */
const scratch = Buffer.allocUnsafe(2 * HTTP2_LIMITS.headBlockBytesMax)

/** Decodes the heads of one connection (RFC 7541). Names and values are latin1, as bytes. */
export class HpackDecoder {
  readonly #table: DynamicTable
  #bytes: Buffer = scratch
  #at = 0
  #stop = 0

  constructor(tableBytesMax: number = HTTP2_LIMITS.tableBytesMax) {
    this.#table = new DynamicTable(tableBytesMax)
  }

  get table(): Pick<DynamicTable, 'version' | 'bytes'> {
    return this.#table
  }

  /**
   * Names and values by turns; undefined where they are beyond what a head may have: the block is decoded to its end all the same, since
   * later ones build on it. Throws `hpack`, which ends the connection.
   */
  decode(bytes: Buffer, start: number, stop: number): string[] | undefined {
    this.#bytes = bytes
    this.#at = start
    this.#stop = stop
    const fields: string[] = []
    let left: number = HTTP2_LIMITS.headBytesMax
    let mayResize = true
    while (this.#at < stop) {
      if ((bytes[this.#at]! & 0xe0) === RESIZE) {
        if (!mayResize) throw new Http2Error('hpack')
        this.#table.resize(this.#integer(5))
        continue
      }
      mayResize = false
      left -= this.#field(fields, left)
    }
    this.#bytes = scratch
    return left < 0 || fields.length > 2 * HTTP2_LIMITS.headersMax ? undefined : fields
  }

  /** Returns what the field counts; nothing more is kept once `left` is used up. */
  #field(fields: string[], left: number): number {
    const first = this.#bytes[this.#at]!
    let name: string
    let value: string
    if (first >= INDEXED) {
      const index = this.#integer(7)
      name = this.#table.name(index)
      value = this.#table.value(index)
    } else {
      const isKept = first >= INCREMENTAL
      const index = this.#integer(isKept ? 6 : 4)
      name = index === 0 ? this.#string() : this.#table.name(index)
      value = this.#string()
      if (isKept) this.#table.add(name, value)
    }
    if (left >= 0) fields.push(name, value)
    return name.length + value.length + ENTRY_BYTES
  }

  /** RFC 7541 §5.1 */
  #integer(prefixBits: number): number {
    const most = (1 << prefixBits) - 1
    let value = this.#byte() & most
    if (value < most) return value
    for (let shift = 0; shift <= SHIFT_MAX; shift += 7) {
      const byte = this.#byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new Http2Error('hpack')
  }

  /** RFC 7541 §5.2 */
  #string(): string {
    const isHuffman = (this.#bytes[this.#at] ?? 0) >= HUFFMAN
    const length = this.#integer(7)
    const start = this.#at
    if (length > this.#stop - start) throw new Http2Error('hpack')
    this.#at = start + length
    if (!isHuffman) return this.#bytes.toString('latin1', start, this.#at)
    const end = decodeHuffman(this.#bytes, start, this.#at, scratch)
    if (end < 0) throw new Http2Error('hpack')
    return scratch.toString('latin1', 0, end)
  }

  #byte(): number {
    if (this.#at >= this.#stop) throw new Http2Error('hpack')
    return this.#bytes[this.#at++]!
  }
}
