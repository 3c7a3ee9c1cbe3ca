import { FRAME_HEAD_BYTES, type Frame } from './frames.ts'
import { HTTP2_LIMITS } from './limits.ts'
import { Http2Error } from './reasons.ts'

/** RFC 9113 §3.4 */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const NONE = Buffer.alloc(0)

/**
 * Cuts what arrives into frames (RFC 9113 §4.1), after the preface. A frame that is whole in what arrives is not copied; one that is not is kept
 * in bytes of its own.
 */
export class FrameReader {
  readonly #take: (frame: Frame) => void
  readonly #frame: Frame = { type: 0, flags: 0, streamId: 0, bytes: NONE, start: 0, stop: 0 }
  #prefaceBytes = 0
  /** A frame's first bytes; as long as its head, and as the whole frame once that is known. */
  #rest: Buffer = NONE
  #filled = 0

  constructor(take: (frame: Frame) => void) {
    this.#take = take
  }

  get hasBegun(): boolean {
    return this.#prefaceBytes === PREFACE.length
  }

  read(chunk: Buffer): void {
    let at = this.hasBegun ? 0 : this.#preface(chunk)
    while (at < chunk.length) {
      const left = chunk.length - at
      if (this.#filled === 0 && left >= FRAME_HEAD_BYTES) {
        const end = at + FRAME_HEAD_BYTES + payloadBytes(chunk, at)
        if (end <= chunk.length) {
          this.#tell(chunk, at, end)
          at = end
          continue
        }
      }
      at = this.#keep(chunk, at)
    }
  }

  #preface(chunk: Buffer): number {
    const count = Math.min(chunk.length, PREFACE.length - this.#prefaceBytes)
    const from = this.#prefaceBytes
    this.#prefaceBytes += count
    if (chunk.compare(PREFACE, from, this.#prefaceBytes, 0, count) !== 0)
      throw new Http2Error('bad_preface')
    return count
  }

  /** Returns where the rest of the chunk begins. */
  #keep(chunk: Buffer, at: number): number {
    if (this.#filled === 0) this.#rest = Buffer.allocUnsafe(FRAME_HEAD_BYTES)
    const count = chunk.copy(this.#rest, this.#filled, at)
    this.#filled += count
    if (this.#filled === FRAME_HEAD_BYTES) this.#lengthen()
    if (this.#filled === this.#rest.length) {
      const bytes = this.#rest
      this.#rest = NONE
      this.#filled = 0
      this.#tell(bytes, 0, bytes.length)
    }
    return at + count
  }

  #lengthen(): void {
    const whole = Buffer.allocUnsafe(FRAME_HEAD_BYTES + payloadBytes(this.#rest, 0))
    this.#rest.copy(whole)
    this.#rest = whole
  }

  #tell(bytes: Buffer, at: number, stop: number): void {
    const frame = this.#frame
    frame.type = bytes[at + 3]!
    frame.flags = bytes[at + 4]!
    frame.streamId = bytes.readUInt32BE(at + 5) & 0x7fffffff
    frame.bytes = bytes
    frame.start = at + FRAME_HEAD_BYTES
    frame.stop = stop
    this.#take(frame)
  }
}

function payloadBytes(bytes: Buffer, at: number): number {
  const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
  if (length > HTTP2_LIMITS.frameBytesMax) throw new Http2Error('frame_too_long')
  return length
}
