import type { Role } from './instance.ts'
import { SUPERVISOR_LIMITS } from './limits.ts'

/**
 * A young generation is collected on a thread for each core, and whoever waits for the collection waits for the
 * slowest. Little survives a request, so that there is little to share out, and where the cores are busy a
 * helper that has begun and is moved aside holds everybody up: half a millisecond became three.
 */
const ALONE = '--no-parallel-scavenge'

/** V8 tidies a heap at rest by up to three full collections in a row; whoever waits for a bid feels them. */
const NO_TIDYING_AT_REST = '--no-memory-reducer'

const BY_ROLE: Record<Role, readonly string[]> = {
  bid: [ALONE],
  edge: [ALONE, NO_TIDYING_AT_REST],
  desk: [`--max-semi-space-size=${SUPERVISOR_LIMITS.deskYoungMib}`, NO_TIDYING_AT_REST],
}

/** Arguments of Node.js by which a process's garbage is collected as its work wants it. */
export function v8FlagsOf(role: Role): readonly string[] {
  return BY_ROLE[role]
}
