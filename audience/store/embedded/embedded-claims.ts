import type { Clock } from '../../clock.ts'
import { checkClaim } from '../check-claim.ts'
import type { Claim, ClaimOutcome, ClaimStore } from '../claim-store.ts'
import { LIMITS } from '../limits.ts'
import type { EmbeddedDb } from './lmdb.ts'

const END_BYTES = 6
const NOTHING = Buffer.alloc(0)

/**
 * Claims in LMDB: id → `end (ms, 48 bits) | word`, and an index of `end | id`, from whose beginning each
 * claim removes some that have ended.
 */
export class EmbeddedClaims implements ClaimStore {
  readonly #db: EmbeddedDb
  readonly #clock: Clock

  constructor(db: EmbeddedDb, clock: Clock) {
    this.#db = db
    this.#clock = clock
  }

  async claim(claim: Claim): Promise<ClaimOutcome> {
    checkClaim(claim)
    return this.#db.transact(() => {
      const nowMs = this.#clock.now()
      const held = this.#liveWord(claim.id, nowMs)
      if (held !== undefined) return { first: false, word: held }
      this.#removeEnded(nowMs)
      const end = endBytes(claim.untilMs)
      this.#db.claims.put(claim.id, Buffer.concat([end, claim.word]))
      this.#db.claimEnds.put(Buffer.concat([end, claim.id]), NOTHING)
      return { first: true, word: claim.word }
    })
  }

  find(ids: readonly Buffer[]): (Buffer | undefined)[] {
    this.#db.refresh()
    const nowMs = this.#clock.now()
    return ids.map((id) => this.#liveWord(id, nowMs))
  }

  #liveWord(id: Buffer, nowMs: number): Buffer | undefined {
    const held = this.#db.claims.getBinary(id)
    if (held === undefined || held.readUIntBE(0, END_BYTES) <= nowMs) return undefined
    return Buffer.from(held.subarray(END_BYTES))
  }

  #removeEnded(nowMs: number): void {
    const end = endBytes(nowMs + 1)
    const ended = [...this.#db.claimEnds.getKeys({ end, limit: LIMITS.claimsEndedPerClaim })]
    for (const key of ended) {
      const id = key.subarray(END_BYTES)
      const held = this.#db.claims.getBinary(id)
      // One that was claimed anew since has an entry of its own.
      if (held?.subarray(0, END_BYTES).equals(key.subarray(0, END_BYTES)))
        this.#db.claims.remove(id)
      this.#db.claimEnds.remove(key)
    }
  }
}

function endBytes(ms: number): Buffer {
  const bytes = Buffer.alloc(END_BYTES)
  bytes.writeUIntBE(Math.max(0, Math.ceil(ms)), 0, END_BYTES)
  return bytes
}
