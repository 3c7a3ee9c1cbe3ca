import { HTTP2_LIMITS } from './limits.ts'
import { Http2Error } from './reasons.ts'

/** Counts the frames of a connection that ask for nothing; see HTTP2_LIMITS.nuisancesMax. */
export class Nuisances {
  #left: number = HTTP2_LIMITS.nuisancesMax

  /** Throws `restless`, which ends the connection. */
  count(): void {
    if (this.#left-- <= 0) throw new Http2Error('restless')
  }

  forgive(count: number): void {
    this.#left = Math.min(this.#left + count, HTTP2_LIMITS.nuisancesMax)
  }
}
