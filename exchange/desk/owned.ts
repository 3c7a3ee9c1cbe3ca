import { refuse } from '../../audience/refusal.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { CatalogWrite } from '../../audience/store/store.ts'
import type { WriteOptions } from './desk.ts'
import { type Actor, type DeskDeps, isExchange, mustWriteFor, notFound, sees } from './desk.ts'
import { writeRecord } from './write-record.ts'

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

export interface DeleteOwned extends WriteOptions {
  kind: string
  id: string
  /** Other records that go with it; throws where it must stay. */
  alongside?: (snapshot: CatalogSnapshot) => readonly { kind: string; id: string }[]
}

/** Deletes an object that names its `owner`. */
export async function deleteOwned(
  deps: DeskDeps,
  actor: Actor,
  { kind, id, ifMatch, alongside = () => [] }: DeleteOwned,
): Promise<void> {
  await writeRecord(
    deps,
    { kind, id },
    {
      ifMatch,
      decide: (existing, snapshot) => {
        if (!existing) throw notFound()
        mustWriteFor(actor, (existing.value as { owner: string }).owner)
        const also: CatalogWrite[] = alongside(snapshot).map((one) => ({ ...one, value: null }))
        return { value: null, also }
      },
    },
  )
}
