import { Rounds } from '../rounds.ts'
import type { HeldMessages } from '../store/plan-stores.ts'
import { PLAN_LIMITS } from './plan-limits.ts'

/** Takes messages that were put aside away in time, whether anybody looks at them or not. */
export function sweepHeld(
  held: HeldMessages,
  log: { error(details: object, message: string): void },
): Rounds {
  return new Rounds(PLAN_LIMITS.sweepMs, () =>
    held
      .sweep()
      .catch((error: unknown) =>
        log.error({ error: String(error) }, 'what was put aside could not be swept'),
      ),
  )
}
