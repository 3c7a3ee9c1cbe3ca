import type { Claim } from './claim-store.ts'
import { LIMITS } from './limits.ts'

const ID_BYTES = 16

/** Throws where a claim is not what the interface says: a mistake of the caller's, in any store alike. */
export function checkClaim({ id, word, untilMs }: Claim): void {
  if (id.length !== ID_BYTES) throw new RangeError(`the id of a claim has ${ID_BYTES} bytes`)
  if (word.length > LIMITS.claimWordBytesMax)
    throw new RangeError('the word of a claim is too long')
  if (!Number.isFinite(untilMs)) throw new RangeError('a claim must end')
}
