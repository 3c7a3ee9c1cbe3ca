import type { Metadata, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js'
import type { Clock } from '../../audience/clock.ts'
import type { Answer, Ask } from '../http/door.ts'
import type { GrpcRoute } from './grpc-route.ts'

interface GrpcExchangeOptions {
  call: ServerUnaryCall<Buffer, Buffer>
  then: sendUnaryData<Buffer>
  route: GrpcRoute
  clock: Clock
  /** Headers of ours as trailing metadata. */
  metadataOf(headers: readonly string[]): Metadata
  failure(code: number, reason: string, details: string): Parameters<sendUnaryData<Buffer>>[0]
}

/** One unary call, as a handler behind a door of HTTP sees its requests. Statuses of HTTP become those of gRPC. */
export class GrpcExchange implements Ask, Answer {
  readonly method = 'POST'
  readonly query = ''
  readonly path: string
  readonly headers: readonly string[]
  readonly body: Uint8Array
  readonly arrivedMs: number
  readonly #options: GrpcExchangeOptions
  #isDone = false
  #abortThen: (() => void) | undefined

  constructor(options: GrpcExchangeOptions) {
    const { call, route, clock } = options
    this.#options = options
    this.path = route.path
    this.body = call.request
    this.arrivedMs = clock.elapsed()
    this.headers = route.wants.map((name) =>
      name === 'grpc-timeout' ? leftMs(call, clock) : String(call.metadata.get(name)[0] ?? ''),
    )
  }

  get done(): boolean {
    return this.#isDone
  }

  /** Each call has a buffer of its own. */
  keepBody(): Uint8Array {
    return this.body
  }

  remote(): string {
    return this.#options.call.getPeer()
  }

  onAbort(then: () => void): void {
    this.#abortThen = then
  }

  aborted(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#abortThen?.()
  }

  send(status: number, headers: readonly string[], body: Uint8Array | string = ''): void {
    if (this.#isDone) return
    this.#isDone = true
    const { then, failure, metadataOf } = this.#options
    const bytes = Buffer.from(body as Uint8Array)
    const reason = headers[headers.indexOf('x-passerelle-reason') + 1] ?? ''
    if (status < 300) then(null, bytes, metadataOf(headers))
    else then(failure(CODES[status] ?? UNKNOWN, reason, bytes.toString() || reason))
  }
}

/** '' where the client waits for ever. */
function leftMs(call: ServerUnaryCall<Buffer, Buffer>, clock: Clock): string {
  const deadline = Number(call.getDeadline())
  return Number.isFinite(deadline) ? String(deadline - clock.now()) : ''
}

const UNKNOWN = 2
/** gRPC status codes: INVALID_ARGUMENT, UNAUTHENTICATED, RESOURCE_EXHAUSTED, INTERNAL, DEADLINE_EXCEEDED. */
const CODES: Readonly<Record<number, number>> = { 400: 3, 401: 16, 413: 8, 429: 8, 500: 13, 504: 4 }
