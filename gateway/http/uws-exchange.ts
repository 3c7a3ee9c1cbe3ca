import type { HttpRequest, HttpResponse } from 'uWebSockets.js'
import { type Answer, type Ask, type DoorRefusal, type Route, TOO_LARGE } from './door.ts'
import type { HeadPlan } from './head-reader.ts'
import { assertHeaderSafe } from './header-safe.ts'
import type { Flight } from './in-flight.ts'
import { JoinedHeaders, joinedHeaders } from './kept-headers.ts'
import { remoteText } from './remote-text.ts'
import { statusLine } from './status-line.ts'
import type { UwsDoorState } from './uws-door-state.ts'

/** A route as the door serves it. */
export interface UwsRoute {
  route: Route
  plan: HeadPlan
  /** Undefined where the route has many paths or methods and the request must be asked. */
  path: string | undefined
  method: string | undefined
}

const NO_BYTES = new Uint8Array(0)
const PENDING = 0
const DONE = 1
const ABORTED = 2

/**
 * One request of the uWebSockets.js door: what is asked, how to answer, and its state machine
 * PENDING → DONE | ABORTED, after which every step is a no-op. The raw response never leaves this file:
 * touching it after an abort or an answer throws inside native code.
 *
 * Exchanges are reused, with their two callbacks made once: a request that is answered while its handler
 * runs costs no object of ours.
 */
export class UwsExchange implements Ask, Answer, Flight {
  slot = 0
  bodyOwedSinceMs = Number.NaN
  answerDueMs = 0
  arrivedMs = 0
  method = ''
  path = ''
  query = ''
  headers: string[] = []
  body: Uint8Array = NO_BYTES
  private readonly door: UwsDoorState
  private readonly seeAbort = (): void => this.aborted()
  private readonly seeData = (chunk: ArrayBuffer, last: boolean): void => this.data(chunk, last)
  private res: HttpResponse | undefined
  private of: UwsRoute | undefined
  private state = DONE
  /** True while `handle` runs inside uWebSockets.js' own read, which has corked the socket. */
  private inHandle = false
  private tooLarge = false
  private declaredBytes = 0
  private filledBytes = 0
  private parts: Uint8Array | undefined
  private abortThen: (() => void) | undefined

  constructor(door: UwsDoorState) {
    this.door = door
  }

  get done(): boolean {
    return this.state !== PENDING
  }

  /** The head is here: guard it, then wait for the body. Runs inside the route's native callback. */
  begin(of: UwsRoute, res: HttpResponse, req: HttpRequest): void {
    this.res = res
    this.of = of
    this.state = PENDING
    this.query = req.getQuery() ?? ''
    this.emptyHeaders(of.route.wants.length)
    const head = this.door.head
    head.start(of.plan, this.headers, this.query.length)
    req.forEach(head.see)
    const refusal = head.refusal()
    if (refusal) {
      this.turnAway(refusal)
      return
    }
    this.method = of.method ?? req.getMethod().toUpperCase()
    this.path = of.path ?? req.getUrl()
    this.start(head.contentLength)
  }

  /** Nothing was counted as under way yet; the body is never read. */
  private turnAway(refusal: DoorRefusal): void {
    this.state = ABORTED
    this.res!.onAborted(this.seeAbort)
    this.door.onRefused(refusal)
    this.res!.close()
    this.res = undefined
  }

  keepBody(): Uint8Array {
    if (this.parts === undefined) this.body = this.parts = this.body.slice()
    return this.body
  }

  remote(): string {
    return this.state === PENDING ? remoteText(this.res!.getRemoteAddressAsText()) : ''
  }

  onAbort(then: () => void): void {
    this.abortThen = then
  }

  send(status: number, headers: readonly string[], body?: Uint8Array | string): void {
    if (this.state !== PENDING) return
    const joined = joinedHeaders(headers)
    if (joined === undefined) assertHeaderSafe(headers)
    if (this.inHandle) this.write(status, joined ?? headers, body)
    else this.res!.cork(() => this.write(status, joined ?? headers, body))
  }

  cutSlowBody(): void {
    this.cut('slow_body')
  }

  failLate(): void {
    this.fail(new Error(`${this.method} ${this.path} was not answered in time`))
  }

  private emptyHeaders(count: number): void {
    const headers = this.headers
    if (headers.length !== count) headers.length = count
    for (let i = 0; i < count; i++) headers[i] = ''
  }

  private start(declaredBytes: number): void {
    const { door } = this
    this.declaredBytes = declaredBytes
    this.filledBytes = 0
    this.parts = undefined
    this.tooLarge = declaredBytes > this.of!.route.bodyBytesMax
    this.arrivedMs = door.clock.elapsed()
    this.answerDueMs = this.arrivedMs + door.limits.answerMsMax
    door.inFlight.add(this)
    if (declaredBytes === 0 && this.of!.route.body === 'none') this.handleHead()
    else this.awaitBody()
  }

  private awaitBody(): void {
    const { door, declaredBytes } = this
    this.bodyOwedSinceMs = this.arrivedMs
    this.res!.onAborted(this.seeAbort)
    if (this.tooLarge && declaredBytes > door.limits.discardBytesMax) this.refuseTooLarge()
    else this.res!.onData(this.seeData)
  }

  /**
   * Nothing is to come but what is here: it is handled in the call that brought it. Nobody can go away meanwhile, so that
   * only what is still owed an answer afterwards needs to hear of it.
   */
  private handleHead(): void {
    const res = this.res!
    this.bodyOwedSinceMs = Number.NaN
    if (this.handle()) res.onAborted(this.seeAbort)
  }

  private data(chunk: ArrayBuffer, last: boolean): void {
    if (this.state !== PENDING) return
    const whole = last && this.filledBytes === 0
    this.filledBytes += chunk.byteLength
    const keeps = !this.tooLarge && this.of!.route.body !== 'none'
    if (!keeps) this.body = NO_BYTES
    else if (whole) this.body = new Uint8Array(chunk)
    else this.append(chunk)
    if (!last) return
    this.bodyOwedSinceMs = Number.NaN
    if (this.tooLarge) this.refuseTooLarge()
    else this.handle()
  }

  /** The body came in pieces: they are put together in one buffer of the declared size. */
  private append(chunk: ArrayBuffer): void {
    this.parts ??= new Uint8Array(this.declaredBytes)
    // Without Transfer-Encoding, uWebSockets.js hands over no more than was declared.
    this.parts.set(new Uint8Array(chunk), this.filledBytes - chunk.byteLength)
    this.body = this.parts
  }

  /** True where the answer is still owed. */
  private handle(): boolean {
    this.inHandle = true
    let later: Promise<void> | undefined
    try {
      later = this.of!.route.handle(this, this) as Promise<void> | undefined
    } catch (error) {
      this.fail(error)
    }
    this.inHandle = false
    // A zero-copy body is taken back by uWebSockets.js now; nobody shall read a detached view.
    if (this.parts === undefined) this.body = NO_BYTES
    const isOwed = this.state === PENDING
    if (later !== undefined) later.catch((error: unknown) => this.fail(error))
    else if (this.state === DONE) this.recycle()
    return isOwed
  }

  private write(
    status: number,
    headers: readonly string[] | JoinedHeaders,
    body?: Uint8Array | string,
  ): void {
    const res = this.res!
    if (status !== 200) res.writeStatus(statusLine(status))
    if (headers instanceof JoinedHeaders) res.writeHeader(headers.name, headers.value)
    else writeHeaders(res, headers)
    this.end(DONE)
    if (body === undefined) res.end('', this.door.draining)
    else if (this.door.draining) res.end(body, true)
    else res.end(body)
  }

  private refuseTooLarge(): void {
    this.door.onRefused('too_large')
    const res = this.res!
    const { headers, body } = this.of!.route.tooLarge?.(this) ?? TOO_LARGE
    this.end(DONE)
    res.cork(() => {
      res.writeStatus(statusLine(413))
      writeHeaders(res, headers)
      res.end(body, true)
    })
  }

  private fail(error: unknown): void {
    this.door.onFailed(error)
    if (this.state !== PENDING) return
    this.door.onRefused('failed')
    this.send(500, ['x-passerelle-reason', 'failed'])
  }

  /** A bare close, the only thing that stops the parser. */
  private cut(reason: DoorRefusal): void {
    if (this.state !== PENDING) return
    const res = this.res!
    this.door.onRefused(reason)
    const then = this.abortThen
    this.end(ABORTED)
    res.close()
    then?.()
  }

  private aborted(): void {
    if (this.state !== PENDING) return
    this.door.onRefused('aborted')
    const then = this.abortThen
    this.end(ABORTED)
    then?.()
  }

  private end(state: typeof DONE | typeof ABORTED): void {
    this.state = state
    this.res = undefined
    this.abortThen = undefined
    this.door.inFlight.remove(this)
  }

  private recycle(): void {
    this.parts = undefined
    this.door.recycle(this)
  }
}

function writeHeaders(res: HttpResponse, headers: readonly string[]): void {
  for (let i = 0; i < headers.length; i += 2) res.writeHeader(headers[i]!, headers[i + 1]!)
}
