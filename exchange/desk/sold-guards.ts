import { isDeepStrictEqual } from 'node:util'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { CatalogWrite } from '../../audience/store/store.ts'
import type { ContractRecord } from '../contract.ts'
import { SOLD_ALONE_KIND, SOLD_SHARED_KIND } from '../sold-kinds.ts'
import { isBinding } from './check-exclusive.ts'
import type { Draft } from './write-record.ts'

/**
 * What binds a sale to all others of its seller, also where another desk decides at the same moment: one that is
 * exclusive counts as such, and is written only where nothing was sold since it was decided; any other is
 * written only where nothing exclusive was. So others never wait for each other.
 */
export function soldGuards(
  snapshot: CatalogSnapshot,
  { seller, exclusive }: { seller: string; exclusive?: unknown },
): CatalogWrite[] {
  const isAlone = exclusive !== undefined
  const own = isAlone ? SOLD_ALONE_KIND : SOLD_SHARED_KIND
  const other = isAlone ? SOLD_SHARED_KIND : SOLD_ALONE_KIND
  const held = snapshot.kind(own).get(seller)
  const value = { count: ((held?.value as { count: number } | undefined)?.count ?? 0) + 1 }
  const expect = snapshot.kind(other).get(seller)?.version ?? 0
  return [
    { kind: own, id: seller, value, ...(isAlone ? { expect: held?.version ?? 0 } : {}) },
    { kind: other, id: seller, value: null, expect, isOnlyExpected: true },
  ]
}

/** The draft of a contract, bound to its seller's other sales where it is, or comes, into force by it. */
export function guarded(
  draft: Draft<ContractRecord>,
  before: ContractRecord | undefined,
  snapshot: CatalogSnapshot,
): Draft<ContractRecord> {
  const after = draft.value
  if (!after || !isBinding(after) || isDeepStrictEqual(before, after)) return draft
  return { value: after, also: [...(draft.also ?? []), ...soldGuards(snapshot, after)] }
}
