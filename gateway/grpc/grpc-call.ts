import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Clock } from '../../audience/clock.ts'
import type { Flight, InFlight } from '../http/in-flight.ts'
import { remoteText } from '../http/remote-text.ts'
import type { DoorLimits } from '../limits.ts'
import { MessageIn, PREFIX_BYTES } from './message-in.ts'
import { type GrpcRefusal, GrpcRefusals } from './reasons.ts'

/** What the calls of a door share. */
export interface GrpcDoorState {
  clock: Clock
  limits: DoorLimits
  inFlight: InFlight
  onFailed: (error: unknown) => void
}

/** Why a call came to nothing; `code` is a status of gRPC. */
export interface GrpcFailure {
  code: number
  reason: string
  says: string
}

type Metadata = Record<string, string>

const TYPE = { ':status': 200, 'content-type': 'application/grpc+proto' } as const
const HEAD = { ...TYPE, 'grpc-accept-encoding': 'identity,gzip,deflate' }
const WITH_TRAILERS = { waitForTrailers: true }
const OK: Metadata = { 'grpc-status': '0' }

/**
 * One call as gRPC has it over HTTP/2: a message in; messages and a status out, the status in trailers. What is sent
 * after its client left goes nowhere.
 */
export class GrpcCall implements Flight {
  slot = 0
  bodyOwedSinceMs: number
  answerDueMs: number
  readonly arrivedMs: number
  readonly headers: IncomingHttpHeaders
  readonly #stream: ServerHttp2Stream
  readonly #door: GrpcDoorState
  #message: MessageIn | undefined = new MessageIn()
  #isOver = false
  #left: (() => void) | undefined

  constructor(door: GrpcDoorState, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#door = door
    this.#stream = stream
    this.headers = headers
    this.arrivedMs = this.bodyOwedSinceMs = door.clock.elapsed()
    this.answerDueMs = this.arrivedMs + door.limits.answerMsMax
  }

  /** Answered, or left by its client. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Reads the message, and hands it over once the client has said all. */
  begin(take: (message: Buffer) => void): void {
    this.#door.inFlight.add(this)
    this.#stream.on('data', (chunk: Buffer) => {
      const refusal = this.#message?.add(chunk)
      if (refusal !== undefined) this.refuse(refusal)
    })
    this.#stream.on('end', () => {
      if (this.#message === undefined) return
      this.bodyOwedSinceMs = Number.NaN
      const message = this.#message.whole(String(this.headers['grpc-encoding'] ?? 'identity'))
      this.#message = undefined
      if (typeof message === 'string') this.refuse(message)
      else take(message)
    })
    this.#stream.on('close', () => this.#closed())
  }

  /** Told once, when the client leaves before it was answered. */
  onLeft(then: () => void): void {
    this.#left = then
  }

  /** The one message of an answer, with what is to be known of it beside. */
  answer(message: Uint8Array, metadata: Metadata): void {
    if (!this.#finish()) return
    this.#stream.respond(HEAD, WITH_TRAILERS)
    this.#stream.once('wantTrailers', () => this.#stream.sendTrailers({ ...OK, ...metadata }))
    this.#stream.end(framed(message))
  }

  /** One of many messages; the call ends with its client. */
  tell(message: Uint8Array): void {
    if (this.#isOver || this.#isGone) return
    this.answerDueMs = Number.POSITIVE_INFINITY
    if (!this.#stream.headersSent) this.#stream.respond(HEAD)
    this.#stream.write(framed(message))
  }

  /** Address of the client, textual. */
  remote(): string {
    return remoteText(this.#stream.session?.socket.remoteAddress)
  }

  refuse(refusal: GrpcRefusal): void {
    this.fail({ ...GrpcRefusals[refusal], reason: refusal })
  }

  fail({ code, reason, says }: GrpcFailure): void {
    if (!this.#finish()) return
    const status = { 'grpc-status': String(code), 'grpc-message': encodeURI(says) }
    const trailers = { ...TYPE, ...status, 'x-passerelle-reason': reason }
    this.#stream.respond(trailers, { endStream: true })
    // What its client still sends is not read any more.
    if (!Number.isNaN(this.bodyOwedSinceMs)) this.#stream.close()
  }

  cutSlowBody(): void {
    this.refuse('slow_body')
  }

  failLate(): void {
    this.#door.onFailed(new Error(`${this.headers[':path']} was not answered in time`))
    this.refuse('failed')
  }

  /** False where it was over already. */
  #finish(): boolean {
    if (this.#isOver) return false
    this.#end()
    return !this.#isGone
  }

  /** Node holds on to a stream, and so to this, until its next collection of all garbage: what is large is let go. */
  #end(): void {
    this.#isOver = true
    this.#message = undefined
    this.#door.inFlight.remove(this)
  }

  /** Its client left, and that is about to be told: writing would throw. */
  get #isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }

  #closed(): void {
    if (this.#isOver) return
    this.#end()
    this.#left?.()
  }
}

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, PREFIX_BYTES)
  return frame
}
