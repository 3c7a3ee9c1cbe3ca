import { createHash } from 'node:crypto'
import type { Clock } from '../../audience/clock.ts'
import { refuse } from '../../audience/refusal.ts'
import { LIMITS } from '../limits.ts'
import type { ApiRoute, Call, Reply } from './route.ts'

interface Kept {
  bodyHash: string
  untilMs: number
  reply: Promise<Reply>
}

/**
 * Answers to requests with an Idempotency-Key, so that one sent again does nothing and is answered the
 * same. In memory only: a made key is in one of them, and is written nowhere. A restart forgets them.
 */
export class IdempotentReplies {
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Handles a call once per caller, operation and key. The same key with another body is refused (422). */
  handle(route: ApiRoute, call: Call): Promise<Reply> {
    this.#forgetOld()
    const key = call.headers.idempotencyKey
    if (key === '') return Promise.resolve(route.handle(call))
    if (key.length > LIMITS.idempotencyKeyCharsMax)
      throw refuse('invalid', 'Idempotency-Key', 'is too long')
    const name = sha256([call.caller.name, route.operationId, JSON.stringify(call.params), key])
    const bodyHash = sha256([JSON.stringify(call.body) ?? ''])
    const known = this.#kept.get(name)
    if (!known) return this.#keep(name, bodyHash, route, call)
    if (known.bodyHash !== bodyHash)
      throw refuse('unprocessable', 'Idempotency-Key', 'was sent before with another body')
    return known.reply
  }

  /** They lie in the order in which they end. */
  #forgetOld(): void {
    for (const [name, { untilMs }] of this.#kept) {
      if (untilMs > this.#clock.elapsed()) return
      this.#kept.delete(name)
    }
  }

  /** Only success is kept: what was refused may be tried again. */
  #keep(name: string, bodyHash: string, route: ApiRoute, call: Call): Promise<Reply> {
    const reply = (async () => route.handle(call))()
    const kept = { bodyHash, untilMs: this.#clock.elapsed() + LIMITS.idempotentMsMax, reply }
    this.#makeRoom()
    this.#kept.set(name, kept)
    reply.catch(() => {
      if (this.#kept.get(name) === kept) this.#kept.delete(name)
    })
    return reply
  }

  #makeRoom(): void {
    if (this.#kept.size < LIMITS.idempotentRepliesMax) return
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest)
      return
    }
  }
}

function sha256(parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)} ${part}`)
  return hash.digest('base64url')
}
