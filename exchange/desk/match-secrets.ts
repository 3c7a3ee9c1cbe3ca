import { refuse } from '../../audience/refusal.ts'
import { checker } from '../../audience/schema.ts'
import {
  MATCH_SECRET_KIND,
  MatchSecretBody,
  type MatchSecretRecord,
  makeMatchSecret,
  sealSecret,
} from '../sync/match-secret.ts'
import type { Derive } from '../sync/sync-keys.ts'
import { type Actor, type DeskDeps, mustWriteFor, notFound } from './desk.ts'
import { checkedBody, writeRecord } from './write-record.ts'

const checkBody = checker(MatchSecretBody)

/**
 * Makes the secret a partner signs its matches with, or takes the one it made. The one before stays good
 * until the next is made. The answer is the only place it is ever shown.
 */
export async function makeMatchSecretFor(
  deps: DeskDeps,
  actor: Actor,
  { partner, body, derive }: { partner: string; body: unknown; derive: Derive | undefined },
): Promise<{ secret: string }> {
  mustWriteFor(actor, partner)
  const given = checkedBody<MatchSecretBody>(body ?? {}, checkBody, [])
  if (derive === undefined) throw refuse('conflict', '', 'the store has not been reached yet')
  const secret = given.secret ?? makeMatchSecret()
  const createdAt = new Date(deps.clock.now()).toISOString()
  await writeRecord<MatchSecretRecord>(
    deps,
    { kind: MATCH_SECRET_KIND, id: partner },
    {
      decide: (existing, snapshot) => {
        if (!snapshot.kind('partner').has(partner)) throw notFound()
        const before = existing?.value as MatchSecretRecord | undefined
        const previous = before === undefined ? {} : { previous: before.current }
        return { value: { current: sealSecret(derive, secret), ...previous, createdAt } }
      },
    },
  )
  return { secret }
}
