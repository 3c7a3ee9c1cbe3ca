import type { ClaimStore } from '../../audience/store/claim-store.ts'
import { claimId, claimWord } from './claim-id.ts'
import type { SyncState } from './sync-state.ts'

/**
 * What a state does for the id that comes with it: it takes it; that id was kept already; or it was used
 * for another.
 */
export type StateUse = 'takes' | 'kept' | 'used'

/**
 * Spends a state on an id, for good. Until that id is settled the state takes it again: what the
 * store cut short between the two is made whole by whoever comes back, and other ids are refused meanwhile.
 */
export async function spendState(
  claims: ClaimStore,
  { id, expiresMs: untilMs }: SyncState,
  uid: string,
): Promise<StateUse> {
  const word = claimWord(uid)
  const held = await claims.claim({ id, word, untilMs })
  if (held.first) return 'takes'
  if (!held.word.equals(word)) return 'used'
  const [kept] = await claims.find([keptId(id)])
  return kept === undefined ? 'takes' : 'kept'
}

/** What the state brought is durable; true for the one call that says so first. */
export async function settleState(
  claims: ClaimStore,
  { id, expiresMs: untilMs }: SyncState,
): Promise<boolean> {
  return (await claims.claim({ id: keptId(id), word: NO_WORD, untilMs })).first
}

const NO_WORD = Buffer.alloc(0)

function keptId(state: Buffer): Buffer {
  return claimId('kept', state.toString('base64url'))
}
