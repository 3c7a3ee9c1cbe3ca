import { Flag, type Frame } from './frames.ts'
import { HpackDecoder } from './hpack-decoder.ts'
import { HTTP2_LIMITS } from './limits.ts'
import { Http2Error } from './reasons.ts'
import { areFields, RequestHead } from './request-head.ts'

/** Puts the heads of one connection together (RFC 9113 §4.3), and decodes them. */
export class HeadReader {
  readonly #hpack = new HpackDecoder()
  #parts: Buffer[] = []
  #bytes = 0
  /** The last head and its block, while neither changed the table: clients repeat themselves, and the same bytes mean the same. */
  #last: RequestHead | undefined
  #lastBlock: Buffer = Buffer.alloc(0)
  #lastVersion = -1

  /** Whether CONTINUATION has to follow. */
  get isOpen(): boolean {
    return this.#parts.length > 0
  }

  /** A part of a block that more follow; copied. */
  keep({ bytes, start, stop }: Frame): void {
    this.#bytes += stop - start
    const isTooMuch = this.#bytes > HTTP2_LIMITS.headBlockBytesMax
    if (isTooMuch || this.#parts.length > HTTP2_LIMITS.continuationsMax)
      throw new Http2Error('head_too_large')
    this.#parts.push(Buffer.from(bytes.subarray(start, stop)))
  }

  /** The head whose block ends with this frame. Throws for the stream where it is malformed or too large. */
  head(frame: Frame): RequestHead {
    const { bytes, start, stop } = this.#whole(frame)
    const { table } = this.#hpack
    if (this.#last !== undefined && this.#lastVersion === table.version)
      if (bytes.compare(this.#lastBlock, 0, this.#lastBlock.length, start, stop) === 0)
        return this.#last
    const before = table.version
    const head = RequestHead.of(this.#decode(bytes, start, stop, frame.streamId))
    if (head === undefined) throw new Http2Error('malformed', frame.streamId)
    if (before === table.version) this.#repeatable(head, bytes.subarray(start, stop))
    return head
  }

  /** Trailers: nobody reads them, but they change the table, and they may be malformed. */
  trailers(frame: Frame): void {
    const { bytes, start, stop } = this.#whole(frame)
    if (!areFields(this.#decode(bytes, start, stop, frame.streamId)))
      throw new Http2Error('malformed', frame.streamId)
  }

  /** Of a stream that is not served: decoded for the table's sake. */
  skip(frame: Frame): void {
    const { bytes, start, stop } = this.#whole(frame)
    this.#hpack.decode(bytes, start, stop)
  }

  #decode(bytes: Buffer, start: number, stop: number, streamId: number): string[] {
    const fields = this.#hpack.decode(bytes, start, stop)
    if (fields === undefined) throw new Http2Error('head_too_large', streamId)
    return fields
  }

  #whole(frame: Frame): Pick<Frame, 'bytes' | 'start' | 'stop'> {
    if (!this.isOpen) return frame
    this.keep(frame)
    const bytes = Buffer.concat(this.#parts)
    this.#parts = []
    this.#bytes = 0
    return { bytes, start: 0, stop: bytes.length }
  }

  #repeatable(head: RequestHead, block: Buffer): void {
    this.#last = head
    this.#lastBlock = Buffer.from(block)
    this.#lastVersion = this.#hpack.table.version
  }
}

/** RFC 9113 §6.1, §6.2: takes padding, and priorities, off a frame; returns how much went. */
export function trimmed(frame: Frame): number {
  const before = frame.stop - frame.start
  if (frame.flags & Flag.padded) {
    const padding = before === 0 ? 0 : frame.bytes[frame.start]!
    if (padding >= before) throw new Http2Error('padding')
    frame.start++
    frame.stop -= padding
  }
  return before - (frame.stop - frame.start)
}
