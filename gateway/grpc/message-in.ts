import { gunzipSync, inflateSync } from 'node:zlib'
import { GRPC_LIMITS } from './limits.ts'
import type { GrpcRefusal } from './reasons.ts'

/** Before each message: whether it is compressed, and its length in four bytes, the highest first. */
export const PREFIX_BYTES = 5

/** The one message of a unary call, put together from what arrives of it. Holds at most twice of what was sent. */
export class MessageIn {
  #bytes: Buffer | undefined
  #filled = 0

  /** Why no more of it need be read. Copied, unless it is the last and the first. */
  add(chunk: Buffer, isLast: boolean): GrpcRefusal | undefined {
    if (this.#bytes === undefined) this.#bytes = isLast ? chunk : Buffer.from(chunk)
    else this.#grow(chunk)
    this.#filled += chunk.length
    if (this.#filled < PREFIX_BYTES) return undefined
    const length = this.#length()
    if (length > GRPC_LIMITS.messageBytesMax) return 'too_large'
    return this.#filled > PREFIX_BYTES + length ? 'too_many_messages' : undefined
  }

  /** Once all is there; `encoding` as `grpc-encoding` has it. */
  whole(encoding: string): Buffer | GrpcRefusal {
    if (this.#filled < PREFIX_BYTES || this.#filled < PREFIX_BYTES + this.#length())
      return 'no_message'
    const message = this.#bytes!.subarray(PREFIX_BYTES, this.#filled)
    return this.#bytes![0] === 0 ? message : inflated(message, encoding)
  }

  #length(): number {
    return this.#bytes!.readUInt32BE(1)
  }

  #grow(chunk: Buffer): void {
    const needed = this.#filled + chunk.length
    if (needed > this.#bytes!.length) {
      const longer = Buffer.allocUnsafe(2 * needed)
      this.#bytes!.copy(longer, 0, 0, this.#filled)
      this.#bytes = longer
    }
    chunk.copy(this.#bytes!, this.#filled)
  }
}

const IDENTITY = 'identity'
const INFLATE: Readonly<Record<string, typeof gunzipSync>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
}

/** The bound holds while inflating, so that a bomb costs no more than an honest message. */
function inflated(message: Buffer, encoding: string): Buffer | GrpcRefusal {
  if (encoding === IDENTITY) return 'no_encoding'
  const inflate = Object.hasOwn(INFLATE, encoding) ? INFLATE[encoding] : undefined
  if (inflate === undefined) return 'unknown_encoding'
  try {
    return inflate(message, { maxOutputLength: GRPC_LIMITS.messageBytesMax })
  } catch (error) {
    const isTooLong = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
    return isTooLong ? 'too_large' : 'not_inflatable'
  }
}
