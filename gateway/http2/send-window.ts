import { WINDOW_DEFAULT, WINDOW_MAX } from './frames.ts'
import { Http2Error } from './reasons.ts'

/** How much a peer lets us send, on a stream or on its connection (RFC 9113 §6.9); below zero where it took leave back. */
export class SendWindow {
  readonly #streamId: number
  left: number

  constructor(streamId = 0, left = WINDOW_DEFAULT) {
    this.#streamId = streamId
    this.left = left
  }

  /** RFC 9113 §6.9.1 */
  widen(bytes: number): void {
    if (bytes === 0) throw new Http2Error('window_zero', this.#streamId)
    if (this.left + bytes > WINDOW_MAX) throw new Http2Error('window_setting', this.#streamId)
    this.left += bytes
  }
}
