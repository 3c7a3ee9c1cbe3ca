import { refuse } from '../../audience/refusal.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { type Actor, isExchange, sees } from './desk.ts'

/**
 * Refuses to write an object under another owner than it was made with. A tenant that takes another's id
 * learns that it is taken, and nothing else.
 */
export function refuseForeign(
  actor: Actor,
  { kind, before, owner }: { kind: string; before: { owner: string } | undefined; owner: string },
): void {
  if (before === undefined || before.owner === owner) return
  if (!isExchange(actor) && !sees(actor, before.owner))
    throw refuse('conflict', 'id', 'the id is taken')
  const reason = `the owner is ${before.owner}: it is fixed when a ${kind} is made`
  throw refuse('conflict', 'owner', reason)
}

export function refuseUnknownOwner(snapshot: CatalogSnapshot, owner: string): void {
  if (!snapshot.kind('partner').has(owner))
    throw refuse('unprocessable', 'owner', `there is no partner ${owner}`)
}
