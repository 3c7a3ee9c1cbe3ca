import { FrameType, uint32s } from './frames.ts'
import { HTTP2_LIMITS } from './limits.ts'
import type { Outbox } from './outbox.ts'
import { Http2Error } from './reasons.ts'

/** How much a peer may send on its connection (RFC 9113 §6.9): what is held of bodies that are not whole. */
export class ReceiveWindow {
  readonly #outbox: Outbox
  #left: number = HTTP2_LIMITS.connectionWindowBytes
  #owed = 0

  constructor(outbox: Outbox) {
    this.#outbox = outbox
  }

  take(bytes: number): void {
    this.#left -= bytes
    if (this.#left < 0) throw new Http2Error('window_beyond')
  }

  /** So much is held no more; the peer is told in steps. */
  give(bytes: number): void {
    this.#owed += bytes
    if (this.#owed < HTTP2_LIMITS.windowStepBytes) return
    this.#outbox.frame(FrameType.windowUpdate, 0, 0, uint32s(this.#owed))
    this.#left += this.#owed
    this.#owed = 0
  }
}
