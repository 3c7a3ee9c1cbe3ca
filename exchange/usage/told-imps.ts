import { LIMITS } from '../limits.ts'

/**
 * Which impressions notices have named lately, by token: so that whoever has a token cannot fill a ledger with
 * made-up ones. A process's own; how many of them count is decided where the ledgers are counted.
 */
export class ToldImps {
  /** The tokens told of first leave first. */
  readonly #byToken = new Map<string, Set<string>>()
  #count = 0

  /** False where the token was for `max` impressions and others were named. */
  admits(token: string, imp: string, max: number): boolean {
    const told = this.#byToken.get(token) ?? new Set()
    if (told.has(imp)) return true
    if (told.size >= max) return false
    if (told.size === 0) this.#byToken.set(token, told)
    told.add(imp)
    if (++this.#count > LIMITS.toldImpsMax) this.#forgetOldest()
    return true
  }

  #forgetOldest(): void {
    for (const [token, told] of this.#byToken) {
      this.#byToken.delete(token)
      this.#count -= told.size
      return
    }
  }
}
