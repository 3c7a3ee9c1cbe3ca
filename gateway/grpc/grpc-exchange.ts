import type { Answer, Ask } from '../http/door.ts'
import { joinedHeaders } from '../http/kept-headers.ts'
import { type GrpcCall, trailersOf } from './grpc-call.ts'
import type { GrpcRoute } from './grpc-route.ts'

/** One unary call, as a handler behind a door of HTTP sees its requests. Statuses of HTTP become those of gRPC. */
export class GrpcExchange implements Ask, Answer {
  readonly method = 'POST'
  readonly query = ''
  readonly path: string
  readonly headers: readonly string[]
  body: Uint8Array
  readonly #call: GrpcCall

  constructor(call: GrpcCall, route: GrpcRoute, message: Buffer) {
    this.#call = call
    this.path = route.path
    this.body = message
    this.headers = route.wants.map((name) => call.head.get(name) ?? '')
  }

  get done(): boolean {
    return this.#call.isOver
  }

  get arrivedMs(): number {
    return this.#call.arrivedMs
  }

  /** What arrived with the message is let go. */
  keepBody(): Uint8Array {
    this.body = Buffer.from(this.body)
    return this.body
  }

  remote(): string {
    return this.#call.remote()
  }

  onAbort(then: () => void): void {
    this.#call.onLeft(then)
  }

  send(status: number, headers: readonly string[], body: Uint8Array | string = ''): void {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    if (status < 300) this.#call.answer(bytes, trailersFor(headers))
    else this.#fail(status, headers, Buffer.from(bytes).toString())
  }

  #fail(status: number, headers: readonly string[], says: string): void {
    const reason = headers[headers.indexOf('x-passerelle-reason') + 1] ?? ''
    this.#call.fail({ code: CODES[status] ?? UNKNOWN, reason, says: says || reason })
  }
}

const OUR_OWN = 'x-passerelle-'

/** Of the lists that many answers carry. */
const trailers = new WeakMap<readonly string[], Buffer>()

function trailersFor(headers: readonly string[]): Buffer {
  let known = trailers.get(headers)
  if (known === undefined) {
    known = trailersOf(metadataOf(headers))
    if (joinedHeaders(headers) !== undefined) trailers.set(headers, known)
  }
  return known
}

function metadataOf(headers: readonly string[]): string[] {
  const metadata: string[] = []
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i]!.startsWith(OUR_OWN)) metadata.push(headers[i]!, headers[i + 1]!)
  return metadata
}

const UNKNOWN = 2
/** gRPC status codes: INVALID_ARGUMENT, UNAUTHENTICATED, RESOURCE_EXHAUSTED, INTERNAL, DEADLINE_EXCEEDED. */
const CODES: Readonly<Record<number, number>> = { 400: 3, 401: 16, 413: 8, 429: 8, 500: 13, 504: 4 }
