import {
  ErrorCode,
  Flag,
  type Frame,
  FrameType,
  uint32s,
  WINDOW_DEFAULT,
  WINDOW_MAX,
} from './frames.ts'
import { HeadReader, trimmed } from './head-reader.ts'
import { type BodyTaker, checkLength, Http2Stream, type StreamHost } from './http2-stream.ts'
import { HTTP2_LIMITS } from './limits.ts'
import type { Nuisances } from './nuisances.ts'
import type { Outbox } from './outbox.ts'
import { Http2Error } from './reasons.ts'
import { ReceiveWindow } from './receive-window.ts'
import { SendWindow } from './send-window.ts'

/** Takes a request whose head is there; undefined where nothing more of it is asked. */
export type Serve = (stream: Http2Stream) => BodyTaker | undefined

export interface StreamsOptions {
  outbox: Outbox
  nuisances: Nuisances
  remoteAddress: string | undefined
  serve: Serve
  /** More answers wait than may. */
  onFull: () => void
  /** A stream is over. */
  onOver: () => void
}

const NONE = Buffer.alloc(0)
const PRIORITY_BYTES = 5
/** A dynamic table size update to nothing (RFC 7541 §6.3). */
const EMPTY_TABLE = Buffer.from([0x20])

/** The streams of a connection that are open, and the frames that are about them. Of one that is over nothing is kept. */
export class OpenStreams implements StreamHost {
  readonly outbox: Outbox
  readonly remoteAddress: string | undefined
  /** Of the connection. */
  readonly window = new SendWindow()
  /** The highest that was opened; streams below it that are not open are over. */
  lastId = 0
  /** Streams above it are not served: so we told the client (GOAWAY). */
  idMax = Number.POSITIVE_INFINITY
  readonly #serve: Serve
  readonly #onFull: () => void
  readonly #onOver: () => void
  readonly #nuisances: Nuisances
  readonly #received: ReceiveWindow
  readonly #heads = new HeadReader()
  readonly #open = new Map<number, Http2Stream>()
  /** Those whose answer waits for a window; the ones that did so at the last sweep too, with how often. */
  readonly #blocked = new Map<Http2Stream, number>()
  readonly #resets = new Set<number>()
  /** Between these no stream was opened, when ids were left out for the last time. */
  #passedFrom = 0
  #passedTo = 0
  #waitingBytes = 0
  #windowBytes = WINDOW_DEFAULT
  #owesTable = false
  #hasSaidTable = false
  /** Of the head that CONTINUATION goes on with. */
  #headId = 0
  #headFlags = 0

  constructor({ outbox, nuisances, remoteAddress, serve, onFull, onOver }: StreamsOptions) {
    this.outbox = outbox
    this.remoteAddress = remoteAddress
    this.#nuisances = nuisances
    this.#serve = serve
    this.#onFull = onFull
    this.#onOver = onOver
    this.#received = new ReceiveWindow(outbox)
  }

  /** Whether nobody has opened it. */
  isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId > this.lastId
  }

  get count(): number {
    return this.#open.size
  }

  /** Whether nothing but CONTINUATION may come. */
  get isHeadOpen(): boolean {
    return this.#heads.isOpen
  }

  /** RFC 9113 §6.1 */
  data(frame: Frame): void {
    const { streamId } = frame
    const bytes = frame.stop - frame.start
    this.#received.take(bytes)
    const padding = trimmed(frame)
    const stream = this.#open.get(streamId)
    if (stream !== undefined && !stream.isWhole) this.#body(stream, frame, padding)
    else {
      this.#received.give(bytes)
      this.#late(streamId)
    }
  }

  #body(stream: Http2Stream, frame: Frame, padding: number): void {
    if (padding > 0) this.#giveBack(stream.id, padding)
    const isLast = (frame.flags & Flag.endStream) !== 0
    if (frame.start === frame.stop && !isLast) this.#nuisances.count()
    stream.bodyBytes += frame.stop - frame.start
    if (stream.bodyBytes > HTTP2_LIMITS.streamWindowBytes)
      throw new Http2Error('window_beyond', stream.id)
    this.#part(stream, frame.bytes.subarray(frame.start, frame.stop), isLast)
  }

  /** RFC 9113 §6.2 */
  headers(frame: Frame): void {
    if (frame.streamId % 2 === 0) throw new Http2Error('wrong_stream')
    trimmed(frame)
    if (frame.flags & Flag.priority) frame.start += PRIORITY_BYTES
    if (frame.start > frame.stop) throw new Http2Error('frame_length')
    this.#headId = frame.streamId
    this.#headFlags = frame.flags
    if (frame.flags & Flag.endHeaders) this.#head(frame)
    else this.#heads.keep(frame)
  }

  /** RFC 9113 §6.10 */
  continuation(frame: Frame): void {
    if (!this.#heads.isOpen || frame.streamId !== this.#headId) throw new Http2Error('wrong_stream')
    if (frame.flags & Flag.endHeaders) this.#head(frame)
    else this.#heads.keep(frame)
  }

  /** RFC 9113 §6.4 */
  rstStream({ streamId, start, stop }: Frame): void {
    if (stop - start !== 4) throw new Http2Error('frame_length')
    const stream = this.#open.get(streamId)
    if (stream === undefined) this.#checkKnown(streamId)
    this.#nuisances.count()
    if (stream !== undefined) this.#left(stream)
  }

  /** RFC 9113 §6.9 */
  windowUpdate({ streamId, bytes, start, stop }: Frame): void {
    if (stop - start !== 4) throw new Http2Error('frame_length')
    this.#nuisances.count()
    const more = bytes.readUInt32BE(start) & WINDOW_MAX
    const stream = this.#open.get(streamId)
    if (streamId === 0) {
      this.window.widen(more)
      this.#resume()
    } else if (stream !== undefined) {
      stream.window.widen(more)
      stream.resume()
    } else this.#checkKnown(streamId)
  }

  /** The client's window of every stream, of those that are open too (RFC 9113 §6.9.2). */
  setWindow(bytes: number): void {
    const more = bytes - this.#windowBytes
    this.#windowBytes = bytes
    for (const { window } of this.#open.values()) {
      if (window.left + more > WINDOW_MAX) throw new Http2Error('window_setting')
      window.left += more
    }
    this.#resume()
  }

  /** The next block of fields begins with the size of our table: none, once and for all (RFC 9113 §4.3.1, RFC 7541 §4.2). */
  saysTable(): void {
    if (!this.#hasSaidTable) this.#owesTable = true
  }

  sendFields(streamId: number, flags: number, block: Buffer): void {
    const whole = this.#owesTable ? Buffer.concat([EMPTY_TABLE, block]) : block
    this.#hasSaidTable ||= this.#owesTable
    this.#owesTable = false
    this.outbox.frame(FrameType.headers, flags, streamId, whole)
  }

  /** Ends a stream that did something wrong. */
  reset(streamId: number, code: number): void {
    this.#sendReset(streamId, code)
    const stream = this.#open.get(streamId)
    if (stream !== undefined) this.#left(stream)
  }

  /** The connection is gone. */
  leave(): void {
    for (const stream of [...this.#open.values()]) this.#left(stream)
  }

  /** Ends the streams whose client opened no window for `sweepsMax` sweeps. */
  sweep(sweepsMax: number): void {
    for (const [stream, sweeps] of this.#blocked) {
      this.#blocked.set(stream, sweeps + 1)
      if (sweeps >= sweepsMax) this.reset(stream.id, ErrorCode.enhanceYourCalm)
    }
  }

  waits(stream: Http2Stream, bytes: number): void {
    this.#waitingBytes += bytes
    if (stream.isWaiting) this.#blocked.set(stream, 0)
    else this.#blocked.delete(stream)
    if (this.#waitingBytes > HTTP2_LIMITS.waitingBytesMax) this.#onFull()
  }

  answered(stream: Http2Stream): void {
    this.#nuisances.forgive(HTTP2_LIMITS.nuisancesPerAnswer)
    // What its client still sends is not read any more (RFC 9113 §8.1).
    if (!stream.isWhole) this.#sendReset(stream.id, ErrorCode.noError)
    this.#close(stream)
  }

  #head(frame: Frame): void {
    const { streamId } = frame
    const isLast = (this.#headFlags & Flag.endStream) !== 0
    const stream = this.#open.get(streamId)
    if (stream !== undefined) this.#trailers(stream, frame, isLast)
    else if (streamId > this.lastId) this.#begin(frame, isLast)
    else {
      this.#heads.skip(frame)
      if (this.#resets.has(streamId)) return
      // RFC 9113 §5.1.1: one that was passed over never was open.
      throw new Http2Error(
        streamId > this.#passedFrom && streamId < this.#passedTo ? 'wrong_stream' : 'stream_over',
      )
    }
  }

  #begin(frame: Frame, isLast: boolean): void {
    const { streamId } = frame
    if (streamId > this.lastId + 2) [this.#passedFrom, this.#passedTo] = [this.lastId, streamId]
    this.lastId = streamId
    const isFull = this.#open.size >= HTTP2_LIMITS.streamsMax
    if (isFull || streamId > this.idMax) {
      this.#heads.skip(frame)
      if (streamId > this.idMax) return
      throw new Http2Error('too_many_streams', streamId)
    }
    const stream = new Http2Stream(this, streamId, this.#heads.head(frame), this.#windowBytes)
    this.#open.set(streamId, stream)
    stream.taker = this.#serve(stream)
    if (isLast && !stream.isOver) this.#part(stream, NONE, true)
  }

  #trailers(stream: Http2Stream, frame: Frame, isLast: boolean): void {
    if (!stream.isWhole && isLast) {
      this.#heads.trailers(frame)
      this.#part(stream, NONE, true)
    } else {
      this.#heads.skip(frame)
      throw new Http2Error(stream.isWhole ? 'stream_over' : 'malformed', stream.id)
    }
  }

  #part(stream: Http2Stream, bytes: Buffer, isLast: boolean): void {
    stream.isWhole = isLast
    checkLength(stream)
    if (isLast) this.#received.give(stream.bodyBytes)
    stream.taker?.take(bytes, isLast)
  }

  /** A frame of the body on a stream that is not open for one. */
  #late(streamId: number): void {
    this.#checkKnown(streamId)
    if (!this.#resets.has(streamId) && streamId <= this.idMax)
      throw new Http2Error('stream_over', streamId)
  }

  /** A stream that was never opened has no frames (RFC 9113 §5.1). */
  #checkKnown(streamId: number): void {
    if (this.isIdle(streamId)) throw new Http2Error('wrong_stream')
  }

  #left(stream: Http2Stream): void {
    const { taker } = stream
    this.#close(stream)
    taker?.left()
  }

  #close(stream: Http2Stream): void {
    this.#open.delete(stream.id)
    stream.drop()
    if (!stream.isWhole) this.#received.give(stream.bodyBytes)
    this.#onOver()
  }

  #resume(): void {
    for (const stream of [...this.#blocked.keys()]) stream.resume()
  }

  /** Padding is held by nobody. */
  #giveBack(streamId: number, bytes: number): void {
    this.#received.give(bytes)
    this.outbox.frame(FrameType.windowUpdate, 0, streamId, uint32s(bytes))
  }

  #sendReset(streamId: number, code: number): void {
    this.outbox.frame(FrameType.rstStream, 0, streamId, uint32s(code))
    this.#resets.add(streamId)
    if (this.#resets.size <= HTTP2_LIMITS.resetsKept) return
    for (const oldest of this.#resets) {
      this.#resets.delete(oldest)
      break
    }
  }
}
