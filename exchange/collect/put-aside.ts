import type { Judgement } from '../../audience/events/compiled-plan.ts'
import { maskPersonal } from '../../audience/events/mask-personal.ts'
import type { ReadMessage } from '../../audience/events/read-message.ts'
import { switchMessage, withoutPrivate } from '../../audience/events/switch-message.ts'
import type { EndRequest } from '../../audience/people/link.ts'
import type { UserKeys } from '../../audience/people/user-key.ts'
import type { Problem } from '../../audience/refusal.ts'
import type { HeldMessage } from '../../audience/store/plan-stores.ts'
import type { CollectSource } from './source-ring.ts'

/** A message that a tracking plan holds back, as it is kept. */
export interface AsideMessage {
  /** As the switches of its source left it, without `p_` properties; its timestamp is when it happened. */
  message: Record<string, unknown>
  /** Whom it is about. */
  ids: readonly EndRequest[]
  /** Paths whose values are hashes already. */
  hashed: string[]
  plan: string
  planVersion: number
  problems: readonly Problem[]
}

/** Fields of a message that are kept: the first ones whatever its source's switches say, since they say whom it is about. */
const OWN_FIELDS = ['type', 'event', 'userId', 'anonymousId', 'previousId', 'groupId'] as const
const SWITCHED_FIELDS = ['name', 'properties', 'traits', 'context'] as const

/** What is kept of a message that is put aside: nothing that its source drops, no `p_` property, no address or number. */
export function putAside(
  { event, message }: ReadMessage,
  source: CollectSource,
  {
    judgement,
    hashKey,
    keys,
    nowMs,
  }: { judgement: Judgement; hashKey: Buffer; keys: UserKeys; nowMs: number },
): HeldMessage {
  const { switches, plan } = source
  const switched = withoutPrivate(switchMessage(message, { switches, hashKey })) as Fields
  const timestamp = new Date(event.atMs).toISOString()
  const kept: Fields = { timestamp, messageId: event.messageId }
  for (const field of SWITCHED_FIELDS) if (field in switched) kept[field] = switched[field]
  for (const field of OWN_FIELDS) if (field in message) kept[field] = message[field]
  const aside: AsideMessage = {
    message: maskPersonal(kept, message, { keys, country: source.country, hashKey }),
    ids: [event.about, ...(event.sameAs ? [event.sameAs] : []), ...(event.contacts ?? [])],
    hashed: [...switches].flatMap(([path, how]) => (how === 'hash' ? [path] : [])),
    ...{ plan: plan!.id, planVersion: plan!.version, problems: judgement.problems },
  }
  return { atMs: nowMs, body: Buffer.from(JSON.stringify(aside)) }
}

type Fields = Record<string, unknown>

export function readAside({ body }: Pick<HeldMessage, 'body'>): AsideMessage {
  return JSON.parse(Buffer.from(body).toString()) as AsideMessage
}

/**
 * A source, for a message that was put aside: what is a hash is not hashed once more, and goes into no vault in the
 * place of what it is the hash of.
 */
export function forReplay(source: CollectSource, { hashed }: AsideMessage): CollectSource {
  const switches = new Map(source.switches)
  for (const path of hashed) if (switches.get(path) === 'hash') switches.set(path, 'keep')
  return { ...source, switches, vault: [] }
}
