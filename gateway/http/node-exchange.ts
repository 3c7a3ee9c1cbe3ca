import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type Answer,
  type Ask,
  BodyTooLarge,
  type Route,
  TOO_LARGE,
  type Uncopied,
} from './door.ts'
import type { Flight } from './in-flight.ts'
import type { NodeDoorState } from './node-door-state.ts'
import { remoteText } from './remote-text.ts'
import { endWithBytes, endWithText } from './write-at-once.ts'

/** With its head it fits into the 16 KiB of text that Node writes from its stack. */
const TEXT_BYTES_MAX = 15_000
const NO_BYTES = new Uint8Array(0)

/** What the door found out about a request before anybody reads its body. */
export interface NodeArrival {
  path: string
  query: string
  headers: readonly string[]
  /** As declared; 0 for a body in chunks. */
  declaredBytes: number
}

/** One request of the node:http door: what is asked, how to answer, and who owes what until when. */
export class NodeExchange implements Ask, Answer, Flight {
  slot = 0
  bodyOwedSinceMs = Number.NaN
  answerDueMs: number
  readonly arrivedMs: number
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: readonly string[]
  body: Uint8Array = NO_BYTES
  stream?: AsyncIterable<Uint8Array>
  private readonly door: NodeDoorState
  private readonly route: Route
  private readonly req: IncomingMessage
  private readonly res: ServerResponse
  private readonly declaredBytes: number
  private over = false
  private left = false
  private abortThen: (() => void) | undefined

  constructor(
    door: NodeDoorState,
    route: Route,
    { req, res, ...arrival }: NodeArrival & { req: IncomingMessage; res: ServerResponse },
  ) {
    this.door = door
    this.route = route
    this.req = req
    this.res = res
    this.method = req.method ?? ''
    this.path = arrival.path
    this.query = arrival.query
    this.headers = arrival.headers
    this.declaredBytes = arrival.declaredBytes
    this.arrivedMs = door.clock.elapsed()
    this.answerDueMs = this.arrivedMs + door.limits.answerMsMax
  }

  get done(): boolean {
    return this.over
  }

  begin(): void {
    this.door.inFlight.add(this)
    this.res.on('close', () => this.closed())
    const tooLarge = this.declaredBytes > this.route.bodyBytesMax
    if (tooLarge && this.declaredBytes > this.door.limits.discardBytesMax) this.refuseTooLarge()
    else if (tooLarge || this.route.body !== 'stream') this.readWhole(tooLarge)
    else this.handleStream()
  }

  /** What is handed over lives on by itself here. */
  keepBody(): Uint8Array {
    return this.body
  }

  remote(): string {
    return remoteText(this.req.socket.remoteAddress)
  }

  onAbort(then: () => void): void {
    this.abortThen = then
  }

  send(status: number, headers: readonly string[], body: Uint8Array | string = NO_BYTES): void {
    if (this.over) return
    const isText = typeof body === 'string'
    const bytes = isText ? Buffer.byteLength(body) : body.byteLength
    // Plain ASCII has the same bytes either way, and is written in half the time.
    const isLatin1 = !isText || bytes === body.length
    const isShort = isLatin1 && bytes < TEXT_BYTES_MAX
    const head = isShort ? this.headAtOnce(status, headers, bytes) : undefined
    if (head !== undefined) {
      endWithText(this.res, head + (isText ? body : latin1Of(body)))
      return
    }
    this.sendHead(status, headers, bytes)
    // Node may hold on to the bytes until the socket takes them; the handler may reuse its buffer at once.
    if (isText) this.res.end(body, isLatin1 ? 'latin1' : 'utf8')
    else this.res.end(Buffer.from(body))
  }

  /** Mostly the socket takes all of an answer within this call. */
  sendUncopied(status: number, headers: readonly string[], { bytes, from }: Uncopied): boolean {
    if (this.over) return true
    const bodyBytes = bytes.byteLength - from
    const head = this.headAtOnce(status, headers, bodyBytes, from)
    if (head === undefined) {
      this.sendHead(status, headers, bodyBytes)
      this.res.end(bytes.subarray(from))
      return this.res.writableLength === 0
    }
    const start = from - head.length
    bytes.write(head, start, 'latin1')
    return endWithBytes(this.res, bytes.subarray(start))
  }

  /**
   * The head of an answer with which all is said of this request: from then on it is over. Undefined where node:http is to
   * write it, since the connection may not go on, or the answer has no body whatever is sent.
   */
  private headAtOnce(
    status: number,
    headers: readonly string[],
    bytes: number,
    bytesMax = Number.POSITIVE_INFINITY,
  ): string | undefined {
    const { req, res, door } = this
    const isPlain = req.complete && !door.draining && res.shouldKeepAlive
    if (!isPlain || req.httpVersion !== '1.1' || this.method === 'HEAD') return undefined
    const head = door.answerHead.of(status, headers, bytes)
    if (head.length > bytesMax) return undefined
    this.over = true
    this.abortThen = undefined
    this.leave()
    return head
  }

  private sendHead(status: number, headers: readonly string[], bytes: number): void {
    const { draining, limits } = this.door
    const { complete } = this.req
    const closing = draining || (!complete && this.declaredBytes > limits.discardBytesMax)
    const head = headers.concat('content-length', String(bytes))
    if (closing) head.push('connection', 'close')
    // Throws where a value would end its line early and start another answer: nothing was sent then.
    this.res.writeHead(status, head)
    this.over = true
    this.abortThen = undefined
    if (complete || closing) this.leave()
    else this.linger()
  }

  cutSlowBody(): void {
    this.door.onRefused('slow_body')
    this.gone()
    this.req.socket.destroy()
  }

  failLate(): void {
    this.fail(new Error(`${this.method} ${this.path} was not answered in time`))
  }

  /** By events: an async iterator over the same costs as much again as everything else the door does. */
  private readWhole(declaredTooLarge: boolean): void {
    const parts: Uint8Array[] = []
    let bytes = 0
    let tooLarge = declaredTooLarge
    let ended = false
    this.bodyOwedSinceMs = this.arrivedMs
    const take = (chunk: Uint8Array) => {
      if (ended) return
      bytes += chunk.byteLength
      tooLarge ||= bytes > this.route.bodyBytesMax
      if (tooLarge && bytes > this.door.limits.discardBytesMax) end()
      else if (this.route.body === 'whole' && !tooLarge) parts.push(chunk)
    }
    const end = () => {
      if (ended) return
      ended = true
      this.bodyOwedSinceMs = Number.NaN
      if (this.over) return
      if (tooLarge) {
        this.req.pause()
        this.refuseTooLarge()
        return
      }
      this.body = parts.length === 1 ? parts[0]! : parts.length ? Buffer.concat(parts) : NO_BYTES
      this.handle()
    }
    this.req.on('data', take)
    this.req.on('end', end)
    // The client went away: `close` of the response tells.
    this.req.on('error', () => {})
  }

  private handleStream(): void {
    this.answerDueMs = Number.POSITIVE_INFINITY
    this.stream = this.chunks()
    this.handle()
  }

  /** Pulled one by one, so that a slow handler slows its client; only a client that owes bytes can be late. */
  private async *chunks(): AsyncIterable<Uint8Array> {
    let bytes = 0
    this.bodyOwedSinceMs = this.door.clock.elapsed()
    for await (const chunk of this.pieces()) {
      this.bodyOwedSinceMs = Number.NaN
      if ((bytes += chunk.byteLength) > this.route.bodyBytesMax) throw new BodyTooLarge()
      yield chunk
      this.bodyOwedSinceMs = this.door.clock.elapsed()
    }
    this.bodyOwedSinceMs = Number.NaN
  }

  /** Leaving this loop early must not destroy the socket: an answer has yet to go out on it. */
  private pieces(): AsyncIterable<Buffer> {
    return { [Symbol.asyncIterator]: () => this.req.iterator({ destroyOnReturn: false }) }
  }

  /** One that answers at once costs no promise. */
  private handle(): void {
    try {
      this.route.handle(this, this)?.catch((error) => this.refuseFor(error))
    } catch (error) {
      this.refuseFor(error)
    }
  }

  private refuseFor(error: unknown): void {
    if (error instanceof BodyTooLarge) this.refuseTooLarge()
    else this.fail(error)
  }

  private refuseTooLarge(): void {
    if (this.over) return
    this.door.onRefused('too_large')
    this.over = true
    this.leave()
    const { headers, body } = this.route.tooLarge?.(this) ?? TOO_LARGE
    const length = ['content-length', String(Buffer.byteLength(body))]
    this.res.writeHead(413, [...headers, ...length, 'connection', 'close']).end(body)
  }

  private fail(error: unknown): void {
    if (this.over) return
    if (this.req.errored) {
      this.aborted()
      return
    }
    this.door.onFailed(error)
    this.door.onRefused('failed')
    this.send(500, ['x-passerelle-reason', 'failed'])
  }

  /**
   * Answered before the body was here: the rest is thrown away, so that the client reads its answer and not
   * a reset, but not for ever.
   */
  private linger(): void {
    this.answerDueMs = Number.POSITIVE_INFINITY
    this.bodyOwedSinceMs = this.door.clock.elapsed()
    this.req.once('end', () => this.leave())
    this.req.once('close', () => this.leave())
    this.req.resume()
  }

  /** The response is through or the connection is gone; a rest of the body may still be on its way. */
  private closed(): void {
    if (!this.over) this.aborted()
    else if (this.req.complete || this.req.socket.destroyed) this.leave()
  }

  private aborted(): void {
    this.door.onRefused('aborted')
    this.gone()
  }

  private gone(): void {
    const then = this.abortThen
    this.over = true
    this.abortThen = undefined
    this.leave()
    then?.()
  }

  private leave(): void {
    if (this.left) return
    this.left = true
    this.bodyOwedSinceMs = Number.NaN
    this.door.inFlight.remove(this)
  }
}

function latin1Of({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1')
}
