import type { Socket } from 'node:net'
import { FRAME_HEAD_BYTES } from './frames.ts'
import { HTTP2_LIMITS } from './limits.ts'

/** Memory that frames are put together in, shared by all connections of a door: an idle one holds none. */
export class Scratches {
  readonly #free: Buffer[] = []

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(HTTP2_LIMITS.scratchBytes)
  }

  give(scratch: Buffer): void {
    if (this.#free.length < HTTP2_LIMITS.scratchesKept) this.#free.push(scratch)
  }
}

/**
 * What a connection sends: frames of one turn are written at once. While it is corked they wait for `uncork`; else for the end of the
 * turn, so that answers which come by one event share their write.
 */
export class Outbox {
  readonly #socket: Socket
  readonly #scratches: Scratches
  #bytes: Buffer | undefined
  #length = 0
  #isCorked = false

  constructor(socket: Socket, scratches: Scratches) {
    this.#socket = socket
    this.#scratches = scratches
  }

  cork(): void {
    this.#isCorked = true
  }

  uncork(): void {
    this.#isCorked = false
    this.flush()
  }

  /** Payload up to frameBytesMax, copied. */
  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    const bytes = this.#room(FRAME_HEAD_BYTES + payload.length)
    let at = this.#length
    bytes[at++] = payload.length >> 16
    bytes[at++] = payload.length >> 8
    bytes[at++] = payload.length
    bytes[at++] = type
    bytes[at++] = flags
    bytes[at++] = streamId >> 24
    bytes[at++] = streamId >> 16
    bytes[at++] = streamId >> 8
    bytes[at++] = streamId
    bytes.set(payload, at)
    this.#length = at + payload.length
  }

  flush(): void {
    const bytes = this.#bytes
    if (bytes === undefined) return
    const length = this.#length
    this.#bytes = undefined
    this.#length = 0
    if (!this.#socket.writable) return
    this.#socket.write(bytes.subarray(0, length))
    // Taken by the kernel, all of it: nobody reads this memory any more.
    if (this.#socket.writableLength === 0) this.#scratches.give(bytes)
  }

  #room(bytes: number): Buffer {
    if (this.#length + bytes > HTTP2_LIMITS.scratchBytes) this.flush()
    if (this.#bytes === undefined) {
      this.#bytes = this.#scratches.take()
      if (!this.#isCorked) process.nextTick(() => this.flush())
    }
    return this.#bytes
  }
}
