import type { Socket } from 'node:net'
import type { Clock } from '../../audience/clock.ts'
import { FrameReader } from './frame-reader.ts'
import { ErrorCode, Flag, type Frame, FrameType, STREAM_ID_MAX, uint32s } from './frames.ts'
import { HTTP2_LIMITS } from './limits.ts'
import { Nuisances } from './nuisances.ts'
import { OpenStreams, type Serve } from './open-streams.ts'
import { Outbox, type Scratches } from './outbox.ts'
import { Http2Error, type Http2Refusal, Http2Refusals } from './reasons.ts'
import { OUR_SETTINGS, OUR_WINDOW, readSettings } from './settings.ts'

/** What the connections of a server share. */
export interface ConnectionOptions {
  serve: Serve
  clock: Clock
  scratches: Scratches
  /** Told of what is our own fault; the connection is ended. */
  onFailed: (error: unknown) => void
}

const NONE = Buffer.alloc(0)
const PRIORITY_BYTES = 5
const PING_BYTES = 8
const GOAWAY_BYTES = 8
const SWEEPS_MAX = HTTP2_LIMITS.stallMsMax / HTTP2_LIMITS.sweepMs

/**
 * One connection of HTTP/2 (RFC 9113), seen from the server: what comes in one event is handled whole, and all answers to it leave in one
 * write. Ends by GOAWAY, then reads on without looking until its client has read that, or the next sweep but one.
 */
export class Http2Connection {
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #outbox: Outbox
  readonly #streams: OpenStreams
  readonly #nuisances = new Nuisances()
  readonly #reader = new FrameReader((frame) => this.#frame(frame))
  readonly #sinceMs: number
  #heardMs: number
  #isHeard = false
  #hasSettings = false
  #isAcknowledged = false
  #isLeaving = false
  #sweepsEnded = -1
  #sweepsStalled = 0
  #sentBytes = 0

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.#sinceMs = this.#heardMs = options.clock.elapsed()
    this.#outbox = new Outbox(socket, options.scratches)
    this.#streams = new OpenStreams({
      ...{ outbox: this.#outbox, nuisances: this.#nuisances, serve: options.serve },
      remoteAddress: socket.remoteAddress,
      onFull: () => this.end('slow_reader'),
      onOver: () => this.#finishIfDone(),
    })
    this.#outbox.frame(FrameType.settings, 0, 0, OUR_SETTINGS)
    this.#outbox.frame(FrameType.windowUpdate, 0, 0, OUR_WINDOW)
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    // A socket that breaks is closed, which is what its streams are told.
    socket.on('error', () => {})
    socket.on('drain', () => socket.resume())
    socket.on('close', () => this.#streams.leave())
  }

  /** Takes no new streams, once the client knows; ends after those under way (RFC 9113 §6.8). */
  leave(): void {
    if (this.#isLeaving || this.#isEnding) return
    this.#isLeaving = true
    this.#outbox.frame(FrameType.goaway, 0, 0, uint32s(STREAM_ID_MAX, ErrorCode.noError))
    // Its acknowledgement says that the client has read the frame before.
    this.#outbox.frame(FrameType.ping, 0, 0, Buffer.alloc(PING_BYTES))
  }

  /** Ends at once; calls under way are left. */
  end(refusal: Http2Refusal): void {
    if (this.#isEnding) return
    this.#sweepsEnded = 0
    const said = uint32s(this.#streams.lastId, Http2Refusals[refusal].code)
    this.#outbox.frame(FrameType.goaway, 0, 0, Buffer.concat([said, Buffer.from(refusal)]))
    this.#streams.leave()
    this.#outbox.flush()
    this.#socket.resume()
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** To be called each sweepMs. */
  sweep(): void {
    if (this.#isEnding) {
      if (++this.#sweepsEnded > 1) this.destroy()
      return
    }
    const nowMs = this.#options.clock.elapsed()
    if (this.#isHeard) this.#heardMs = nowMs
    this.#isHeard = false
    this.#nuisances.forgive((HTTP2_LIMITS.nuisancesPerS * HTTP2_LIMITS.sweepMs) / 1000)
    this.#streams.sweep(SWEEPS_MAX)
    if (!this.#isAcknowledged && nowMs - this.#sinceMs > HTTP2_LIMITS.startMsMax)
      this.end('slow_start')
    else if (nowMs - this.#heardMs > HTTP2_LIMITS.idleMsMax) this.end('idle')
    else if (this.#isStalled()) this.destroy()
  }

  get #isEnding(): boolean {
    return this.#sweepsEnded >= 0
  }

  /** Whether the socket took nothing for long, though there is something. */
  #isStalled(): boolean {
    const sentBytes = this.#socket.bytesWritten - this.#socket.writableLength
    const isStill = this.#socket.writableLength > 0 && sentBytes === this.#sentBytes
    this.#sweepsStalled = isStill ? this.#sweepsStalled + 1 : 0
    this.#sentBytes = sentBytes
    return this.#sweepsStalled > SWEEPS_MAX
  }

  #take(chunk: Buffer): void {
    if (this.#isEnding) return
    this.#isHeard = true
    this.#outbox.cork()
    try {
      this.#reader.read(chunk)
    } catch (error) {
      this.#fail(error)
    }
    this.#outbox.uncork()
    if (this.#socket.writableLength > HTTP2_LIMITS.socketBytesMax) this.#socket.pause()
  }

  #fail(error: unknown): void {
    const isOurs = !(error instanceof Http2Error)
    if (isOurs) this.#options.onFailed(error)
    this.end(isOurs ? 'failed' : error.refusal)
  }

  #frame(frame: Frame): void {
    if (this.#isEnding) return
    try {
      this.#dispatch(frame)
    } catch (error) {
      if (!(error instanceof Http2Error) || error.streamId === 0) throw error
      this.#nuisances.count()
      this.#streams.reset(error.streamId, error.code)
    }
  }

  #dispatch(frame: Frame): void {
    const { type } = frame
    if (!this.#hasSettings && type !== FrameType.settings) throw new Http2Error('no_settings')
    if (this.#streams.isHeadOpen && type !== FrameType.continuation)
      throw new Http2Error('head_cut')
    switch (type) {
      case FrameType.data:
        this.#streams.data(frame)
        break
      case FrameType.headers:
        this.#streams.headers(frame)
        break
      case FrameType.continuation:
        this.#streams.continuation(frame)
        break
      case FrameType.rstStream:
        this.#streams.rstStream(frame)
        break
      case FrameType.windowUpdate:
        this.#streams.windowUpdate(frame)
        break
      default:
        this.#nuisances.count()
        this.#control(frame)
    }
  }

  /** What is about no stream's state; types nobody knows are passed over (RFC 9113 §5.5). */
  #control(frame: Frame): void {
    switch (frame.type) {
      case FrameType.priority:
        this.#checkPriority(frame)
        break
      case FrameType.pushPromise:
        throw new Http2Error('push')
      case FrameType.settings:
        checkConnection(frame)
        this.#settings(frame)
        break
      case FrameType.ping:
        checkConnection(frame)
        this.#ping(frame)
        break
      case FrameType.goaway:
        checkConnection(frame)
        if (frame.stop - frame.start < GOAWAY_BYTES) throw new Http2Error('frame_length')
        this.#leaveNow()
    }
  }

  /** RFC 9113 §6.3; of a stream that was never opened there is nothing to reset. */
  #checkPriority({ streamId, start, stop }: Frame): void {
    if (streamId === 0) throw new Http2Error('wrong_stream')
    if (stop - start !== PRIORITY_BYTES)
      throw new Http2Error('frame_length', this.#streams.isIdle(streamId) ? 0 : streamId)
  }

  /** RFC 9113 §6.7 */
  #ping({ flags, bytes, start, stop }: Frame): void {
    if (stop - start !== PING_BYTES) throw new Http2Error('frame_length')
    const payload = bytes.subarray(start, stop)
    if ((flags & Flag.ack) === 0) this.#outbox.frame(FrameType.ping, Flag.ack, 0, payload)
    else if (this.#isLeaving) this.#leaveNow()
  }

  /** RFC 9113 §6.5 */
  #settings(frame: Frame): void {
    if (frame.flags & Flag.ack) {
      if (!this.#hasSettings) throw new Http2Error('no_settings')
      if (frame.start !== frame.stop) throw new Http2Error('frame_length')
      this.#isAcknowledged = true
      return
    }
    this.#hasSettings = true
    const { windowBytes, hasLessTable } = readSettings(frame)
    if (windowBytes !== undefined) this.#streams.setWindow(windowBytes)
    if (hasLessTable) this.#streams.saysTable()
    this.#outbox.frame(FrameType.settings, Flag.ack, 0, NONE)
  }

  /** From here on new streams are not served; see `leave`. */
  #leaveNow(): void {
    this.#isLeaving = true
    if (Number.isFinite(this.#streams.idMax)) return
    this.#streams.idMax = this.#streams.lastId
    const said = uint32s(this.#streams.lastId, ErrorCode.noError)
    this.#outbox.frame(FrameType.goaway, 0, 0, said)
    this.#finishIfDone()
  }

  /** Once no stream is open, and none will be. */
  #finishIfDone(): void {
    if (this.#streams.count > 0 || !Number.isFinite(this.#streams.idMax) || this.#isEnding) return
    this.#sweepsEnded = 0
    // What ended the last stream may still have to say so.
    process.nextTick(() => {
      this.#outbox.flush()
      this.#socket.end()
    })
  }
}

function checkConnection({ streamId }: Frame): void {
  if (streamId !== 0) throw new Http2Error('wrong_stream')
}
