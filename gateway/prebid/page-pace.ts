import type { PageSettings } from '../../exchange/key.ts'
import { LIMITS } from '../../exchange/limits.ts'
import { PAGE_LIMITS } from './limits.ts'

/** How often page keys are asked with: each may spend a second's worth at once, and gets it back in a second. */
export class PagePace {
  readonly #paces = new Map<string, { left: number; atMs: number }>()

  /** Takes one; false where the key has none left. `nowMs`: of a clock that never goes back. */
  take(
    keyId: string,
    { perSecond = LIMITS.pagePerSecondDefault }: PageSettings,
    nowMs: number,
  ): boolean {
    const pace = this.#paceOf(keyId, perSecond, nowMs)
    pace.left = Math.min(perSecond, pace.left + ((nowMs - pace.atMs) / 1000) * perSecond)
    pace.atMs = nowMs
    if (pace.left < 1) return false
    pace.left--
    return true
  }

  #paceOf(keyId: string, perSecond: number, atMs: number): { left: number; atMs: number } {
    let pace = this.#paces.get(keyId)
    if (pace === undefined) {
      if (this.#paces.size === PAGE_LIMITS.pacesMax) this.#paces.clear()
      this.#paces.set(keyId, (pace = { left: perSecond, atMs }))
    }
    return pace
  }
}
