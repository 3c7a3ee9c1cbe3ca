import type { Clock } from '../../audience/clock.ts'
import type { DoorLimits } from '../limits.ts'

/**
 * The small contract of an HTTP door, kept by two adapters: uWebSockets.js (`open-uws-door.ts`, for
 * buyers' machines) and hardened node:http (`open-node-door.ts`, for browsers, operators, and the bid
 * door where no native build loads). One conformance suite runs over both.
 *
 * A door owns framing, bounds, time-outs, draining and the life of a socket. A handler owns meaning.
 */
export interface Door {
  /** What serves it, for the start banner and /health: e.g. `uWebSockets.js 20.30`, `node:http`. */
  readonly binding: string
  readonly port: number
  /** Stops accepting, answers what is under way (with `connection: close`), resolves when idle or after `drainMsMax`. */
  close(drainMsMax: number): Promise<void>
}

export interface DoorOptions {
  host: string
  /** 0 picks a free port. */
  port: number
  routes: readonly Route[]
  clock: Clock
  /** Counts what a door refuses by itself, by reason word. */
  onRefused?: (reason: DoorRefusal) => void
  /** Told of a handler that threw or rejected (its client got 500), and of one that never answered. */
  onFailed?: (error: unknown) => void
  /** Bounds of this door where they differ from the defaults in gateway/limits.ts. */
  limits?: Partial<DoorLimits>
}

/** Why a door itself turned something away. */
export const DoorRefusals = {
  ambiguous_framing:
    'Transfer-Encoding, or a duplicate or malformed Content-Length or Host: closed without an answer.',
  too_many_headers: 'More than 64 headers or 8 KiB of them: closed without an answer.',
  too_large: 'The body is longer than the route allows: 413.',
  unknown_path: 'No route has this path: 404.',
  wrong_method: 'The path exists, but not with this method: 405.',
  slow_body: 'The body did not arrive in time: closed without an answer.',
  failed: 'The handler failed or did not answer in time: 500.',
  aborted: 'The client went away before it was answered.',
} as const
export type DoorRefusal = keyof typeof DoorRefusals

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'ANY'
  /** Exact (`/openrtb2/enrich`) or a whole subtree (`/api/*`). */
  path: string
  /** Names (lower case) of request headers copied before the handler runs; read with `ask.headers[i]`, '' where absent. */
  wants: readonly string[]
  /** `none`: a body is read and thrown away. `whole`: handed over complete. `stream` (node:http only): see `ask.stream`. */
  body: 'none' | 'whole' | 'stream'
  bodyBytesMax: number
  /** How a longer body is answered (413), where not with a reason word alone. Only the ask's head is there. */
  tooLarge?: (ask: Pick<Ask, 'headers'>) => TooLarge
  /**
   * Runs once the body is complete (`stream`: once the head is). May answer later; a throw or
   * rejection becomes 500 (the bid route never throws). Once it has answered and returned, `ask` and
   * `answer` belong to the door again: doors reuse them for the next request.
   */
  handle(ask: Ask, answer: Answer): void | Promise<void>
}

export interface Ask {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Raw, without `?`; '' where none. */
  readonly query: string
  /** In the order of the route's `wants`. */
  readonly headers: readonly string[]
  /**
   * The whole body. Valid only until `handle` returns (uWebSockets.js takes the memory back): a handler
   * that answers later calls `keepBody()` first.
   */
  readonly body: Uint8Array
  /** Copies the body so that it outlives `handle`; returns the copy (also at `ask.body`). */
  keepBody(): Uint8Array
  /** `clock.elapsed()` of the head's arrival. */
  readonly arrivedMs: number
  /** Only for `stream` routes: chunks as they come, backpressure applied; throws `BodyTooLarge` beyond bodyBytesMax. */
  readonly stream?: AsyncIterable<Uint8Array>
  /** Address of the peer, textual. */
  remote(): string
}

export interface Answer {
  /** True once the client went away or an answer was sent: sending then is a no-op. */
  readonly done: boolean
  /**
   * Sends status, headers and body in one write, with Content-Length. `headers` is a flat list of
   * name, value, name, value … The body is copied out before `send` returns.
   */
  send(status: number, headers: readonly string[], body?: Uint8Array | string): void
  /**
   * Only where `send` has to copy first (node:http): the same without that. True: all of it went out, and the bytes are the
   * caller's again. False: the door reads them yet, so nothing may be written into them any more.
   */
  sendUncopied?(status: number, headers: readonly string[], body: Uncopied): boolean
  /** Called once if the client goes away first. */
  onAbort(then: () => void): void
}

/** The body is `bytes` from `from` on; what stands before is room for the door to write a head into. */
export interface Uncopied {
  readonly bytes: Buffer
  readonly from: number
}

export interface TooLarge {
  readonly headers: readonly string[]
  readonly body: string
}

/** Of routes that say nothing else. */
export const TOO_LARGE: TooLarge = { headers: ['x-passerelle-reason', 'too_large'], body: '' }

/** Thrown into the reader of `ask.stream`; the door answers 413 where the handler lets it pass. */
export class BodyTooLarge extends Error {}
