import { Flag, FrameType } from './frames.ts'
import { HTTP2_LIMITS } from './limits.ts'
import type { Outbox } from './outbox.ts'
import { Http2Error } from './reasons.ts'
import type { RequestHead } from './request-head.ts'
import { SendWindow } from './send-window.ts'

/** Who is told of a request's body, and of its client. */
export interface BodyTaker {
  /** Bytes as they arrive, valid only until this returns unless copied; once `isLast` the request is whole. */
  take(bytes: Buffer, isLast: boolean): void
  /** The client reset the stream, or its connection is gone, before it was answered to the end. */
  left(): void
}

/** What a stream knows of its connection. */
export interface StreamHost {
  readonly outbox: Outbox
  readonly window: SendWindow
  readonly remoteAddress: string | undefined
  /** A head or trailers, as HPACK has them. */
  sendFields(streamId: number, flags: number, block: Buffer): void
  /** Bytes of answers that wait for a window: more by so many, or fewer. */
  waits(stream: Http2Stream, bytes: number): void
  /** All was said by us; the client may still owe the end of its request. */
  answered(stream: Http2Stream): void
}

const NONE = Buffer.alloc(0)

/** One request and its answer (RFC 9113 §5.1). What is sent after its end goes nowhere. */
export class Http2Stream {
  readonly id: number
  readonly head: RequestHead
  /** The client said all. */
  isWhole = false
  /** No answer is owed any more, or can be given. */
  isOver = false
  /** Body bytes that arrived, without padding. */
  bodyBytes = 0
  taker: BodyTaker | undefined
  readonly window: SendWindow
  readonly #host: StreamHost
  #waiting: Buffer = NONE
  #trailers: Buffer | undefined

  constructor(host: StreamHost, id: number, head: RequestHead, windowBytes: number) {
    this.#host = host
    this.id = id
    this.head = head
    this.window = new SendWindow(id, windowBytes)
  }

  get remoteAddress(): string | undefined {
    return this.#host.remoteAddress
  }

  /** Whether a part of the answer waits for a window. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** The head of an answer, as HPACK has it; alone where `isAll`. */
  sendHead(block: Buffer, isAll = false): void {
    if (this.isOver) return
    const flags = isAll ? Flag.endHeaders | Flag.endStream : Flag.endHeaders
    this.#host.sendFields(this.id, flags, block)
    if (isAll) this.#host.answered(this)
  }

  /** A part of the body; copied where it has to wait for a window. */
  sendBody(bytes: Buffer): void {
    if (this.isOver) return
    if (this.#waiting.length > 0) this.#wait(Buffer.concat([this.#waiting, bytes]))
    else this.#wait(this.#sendNow(bytes))
  }

  /** Ends the answer once its body went. */
  sendTrailers(block: Buffer): void {
    if (this.isOver) return
    this.#trailers = block
    if (this.#waiting.length === 0) this.#end()
  }

  /** Where a window was widened. */
  resume(): void {
    if (this.#waiting.length === 0) return
    this.#wait(this.#sendNow(this.#waiting))
    if (this.#waiting.length === 0 && this.#trailers !== undefined) this.#end()
  }

  /** Lets go of what waited. */
  drop(): void {
    this.isOver = true
    this.#wait(NONE)
  }

  /** Returns what has to wait. */
  #sendNow(bytes: Buffer): Buffer {
    const { outbox, window } = this.#host
    let at = 0
    while (at < bytes.length) {
      const most = Math.min(HTTP2_LIMITS.frameBytesMax, window.left, this.window.left)
      if (most <= 0) break
      const part = at === 0 && bytes.length <= most ? bytes : bytes.subarray(at, at + most)
      outbox.frame(FrameType.data, 0, this.id, part)
      window.left -= part.length
      this.window.left -= part.length
      at += part.length
    }
    return at === bytes.length ? NONE : bytes.subarray(at)
  }

  #wait(bytes: Buffer): void {
    const more = bytes.length - this.#waiting.length
    if (more === 0) return
    this.#waiting = more > 0 ? Buffer.from(bytes) : bytes
    this.#host.waits(this, more)
  }

  #end(): void {
    const flags = Flag.endHeaders | Flag.endStream
    this.#host.sendFields(this.id, flags, this.#trailers!)
    this.#host.answered(this)
  }
}

/** What a stream may still send of a body whose length it said (RFC 9113 §8.1.1). */
export function checkLength({ head, id, bodyBytes, isWhole }: Http2Stream): void {
  const { contentLength } = head
  if (bodyBytes > contentLength || (isWhole && bodyBytes < contentLength))
    throw new Http2Error('body_length', id)
}
