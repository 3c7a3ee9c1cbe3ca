import type { Audience } from '../../audience/audience.ts'
import { PLAN_LIMITS } from '../../audience/events/plan-limits.ts'
import { SOURCE_KIND } from '../../audience/events/source.ts'
import { Rounds } from '../../audience/rounds.ts'
import { LIMITS } from '../../audience/store/limits.ts'
import { isSuppressed } from '../../proto/suppression-mark.ts'
import { type AsideMessage, readAside } from './put-aside.ts'
import { shelfIn } from './shelf-in.ts'

interface SweepOptions {
  audience: Audience
  log: { error(details: object, message: string): void }
}

/**
 * Takes messages that were put aside away in time, whether anybody looks at them or not: those that are too old, and
 * those about whoever is to be left alone by now.
 */
export function sweepHeld({ audience, log }: SweepOptions): Rounds {
  return new Rounds(PLAN_LIMITS.sweepMs, () =>
    sweep(audience).catch((error: unknown) =>
      log.error({ error: String(error) }, 'what was put aside could not be swept'),
    ),
  )
}

async function sweep(audience: Audience): Promise<void> {
  const { held } = audience.store
  await held.sweep()
  for (const shelf of shelvesIn(audience)) {
    const messages = await held.held(shelf, '', LIMITS.heldMax)
    const gone: string[] = []
    for (const { id, body } of messages)
      if (await isLeftAlone(audience, readAside({ body }))) gone.push(id)
    if (gone.length > 0) await held.release(shelf, gone)
  }
}

function shelvesIn({ feed }: Audience): string[] {
  const snapshot = feed.current()
  const sources = [...(snapshot?.kind(SOURCE_KIND).values() ?? [])]
  return sources.flatMap(({ id }) => shelfIn(snapshot!, id) ?? [])
}

async function isLeftAlone(audience: Audience, { ids }: AsideMessage): Promise<boolean> {
  const userKeys = audience.userKeys()
  if (userKeys === undefined) return false
  const keys = ids.map(({ namespace, value }) => userKeys.of(namespace, value))
  const records = await audience.store.people.recallForWrite(keys)
  return records.some((one) => one && isSuppressed(one.profile, 0, one.profile.length))
}
