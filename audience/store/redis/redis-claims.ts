import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { checkClaim } from '../check-claim.ts'
import type { Claim, ClaimOutcome, ClaimStore } from '../claim-store.ts'
import { allOf } from './ioredis.ts'
import type { Writer } from './writer.ts'

const CALL_BYTES = 8
const PREFIX = Buffer.from('claim:')

/**
 * Claims in Redis: a key each, which ends by itself. Each call marks what it puts with a number of its
 * own, so that one that is sent again after a lost connection still knows its claim for its own.
 */
export class RedisClaims implements ClaimStore {
  readonly #writer: Writer
  readonly #clock: Clock

  constructor(writer: Writer, clock: Clock) {
    this.#writer = writer
    this.#clock = clock
  }

  async claim(claim: Claim): Promise<ClaimOutcome> {
    checkClaim(claim)
    const call = randomBytes(CALL_BYTES)
    const key = keyOf(claim.id)
    const mine = Buffer.concat([call, claim.word])
    const leftMs = Math.max(1, Math.ceil(claim.untilMs - this.#clock.now()))
    const [, held] = await this.#writer.write(({ client }) =>
      allOf([client.set(key, mine, 'PX', leftMs, 'NX'), client.getBuffer(key)]),
    )
    // It ended between the two commands: it was this call's, or nobody's any more.
    if (held === null) return { first: true, word: claim.word }
    return { first: held.subarray(0, CALL_BYTES).equals(call), word: held.subarray(CALL_BYTES) }
  }

  async find(ids: readonly Buffer[]): Promise<(Buffer | undefined)[]> {
    if (ids.length === 0) return []
    const held = await this.#writer.write(({ client }) =>
      allOf(ids.map((id) => client.getBuffer(keyOf(id)))),
    )
    return held.map((word) => word?.subarray(CALL_BYTES))
  }
}

function keyOf(id: Buffer): Buffer {
  return Buffer.concat([PREFIX, id])
}
