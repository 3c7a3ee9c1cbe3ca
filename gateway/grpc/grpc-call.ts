import type { Clock } from '../../audience/clock.ts'
import type { Flight, InFlight } from '../http/in-flight.ts'
import { remoteText } from '../http/remote-text.ts'
import type { BodyTaker, Http2Stream } from '../http2/http2-stream.ts'
import { literalFields, literalName, literalText } from '../http2/literal-fields.ts'
import type { RequestHead } from '../http2/request-head.ts'
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

/** Takes the message of a call once it is whole. */
export type Method = (call: GrpcCall, message: Buffer) => void

const TYPE: [string, string][] = [
  [':status', '200'],
  ['content-type', 'application/grpc+proto'],
]
const HEAD = literalFields([...TYPE, ['grpc-accept-encoding', 'identity,gzip,deflate']])
const OK = literalFields([['grpc-status', '0']])
const [STATUS, MESSAGE] = [literalName('grpc-status'), literalName('grpc-message')]
const REASON = literalName('x-passerelle-reason')
const NAMES = new Map<string, Buffer>()

/**
 * One call as gRPC has it over HTTP/2: a message in; messages and a status out, the status in trailers. What is sent
 * after its client left goes nowhere.
 */
export class GrpcCall implements Flight, BodyTaker {
  slot = 0
  bodyOwedSinceMs: number
  answerDueMs: number
  readonly arrivedMs: number
  readonly #stream: Http2Stream
  readonly #door: GrpcDoorState
  readonly #method: Method
  #message: MessageIn | undefined = new MessageIn()
  #isOver = false
  #isBegun = false
  #left: (() => void) | undefined

  constructor(door: GrpcDoorState, stream: Http2Stream, method: Method) {
    this.#door = door
    this.#stream = stream
    this.#method = method
    this.arrivedMs = this.bodyOwedSinceMs = door.clock.elapsed()
    this.answerDueMs = this.arrivedMs + door.limits.answerMsMax
    door.inFlight.add(this)
  }

  /** Answered, or left by its client. */
  get isOver(): boolean {
    return this.#isOver
  }

  get head(): RequestHead {
    return this.#stream.head
  }

  take(bytes: Buffer, isLast: boolean): void {
    if (this.#message === undefined) return
    const refusal = this.#message.add(bytes, isLast)
    if (refusal !== undefined) this.refuse(refusal)
    else if (isLast) this.#whole(this.#message)
  }

  left(): void {
    if (this.#isOver) return
    this.#end()
    this.#left?.()
  }

  /** Told once, when the client leaves before it was answered. */
  onLeft(then: () => void): void {
    this.#left = then
  }

  /** The one message of an answer, and its trailers: see `trailersOf`. */
  answer(message: Uint8Array, trailers = OK): void {
    if (this.#isOver) return
    this.#end()
    this.#stream.sendHead(HEAD)
    this.#stream.sendBody(framed(message))
    this.#stream.sendTrailers(trailers)
  }

  /** One of many messages; the call ends with its client. */
  tell(message: Uint8Array): void {
    if (this.#isOver) return
    this.answerDueMs = Number.POSITIVE_INFINITY
    if (!this.#isBegun) this.#stream.sendHead(HEAD)
    this.#isBegun = true
    this.#stream.sendBody(framed(message))
  }

  /** Address of the client, textual. */
  remote(): string {
    return remoteText(this.#stream.remoteAddress)
  }

  refuse(refusal: GrpcRefusal): void {
    this.fail({ ...GrpcRefusals[refusal], reason: refusal })
  }

  fail({ code, reason, says }: GrpcFailure): void {
    if (this.#isOver) return
    this.#end()
    const said = [STATUS, literalText(String(code)), MESSAGE, literalText(encodeURI(says))]
    const block = Buffer.concat([...said, REASON, literalText(reason)])
    if (this.#isBegun) this.#stream.sendTrailers(block)
    else this.#stream.sendHead(Buffer.concat([HEAD, block]), true)
  }

  cutSlowBody(): void {
    this.refuse('slow_body')
  }

  failLate(): void {
    this.#door.onFailed(new Error(`${this.head.path} was not answered in time`))
    this.refuse('failed')
  }

  #whole(message: MessageIn): void {
    this.bodyOwedSinceMs = Number.NaN
    const bytes = message.whole(this.head.get('grpc-encoding') ?? 'identity')
    this.#message = undefined
    if (typeof bytes === 'string') this.refuse(bytes)
    else this.#method(this, bytes)
  }

  #end(): void {
    this.#isOver = true
    this.#message = undefined
    this.#door.inFlight.remove(this)
  }
}

/** The status that all is well, and what is to be known of an answer beside: names and values by turns. */
export function trailersOf(metadata: readonly string[]): Buffer {
  if (metadata.length === 0) return OK
  const parts = [OK]
  for (let i = 0; i < metadata.length; i += 2)
    parts.push(nameOf(metadata[i]!), literalText(metadata[i + 1]!))
  return Buffer.concat(parts)
}

/** Names come from our own handlers: they are few. */
function nameOf(name: string): Buffer {
  const bytes = NAMES.get(name) ?? literalName(name)
  NAMES.set(name, bytes)
  return bytes
}

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, PREFIX_BYTES)
  return frame
}
