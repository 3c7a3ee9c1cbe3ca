import type { Clock } from '../../audience/clock.ts'
import type { Reach } from '../../audience/reach/reach.ts'
import { refuse } from '../../audience/refusal.ts'
import type { CatalogFeed } from '../../audience/store/catalog-feed.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { CatalogStore } from '../../audience/store/store.ts'
import type { Vault } from '../../audience/vault/vault.ts'
import type { Turns } from './turns.ts'

/** What every desk verb works with. */
export interface DeskDeps {
  catalog: CatalogStore
  feed: Pick<CatalogFeed, 'current' | 'poke'>
  clock: Clock
  /** In which writes take turns that are decided from more than the object they write. */
  turns: Turns
  /** Absent: how many people are in a segment is not known here. */
  reach?: Reach
  /** What can be read again of people's; absent: nothing is kept. */
  vault?: Vault
}

/**
 * Who asks. An operator without partner is the exchange's own and may do everything; one bound to a
 * partner works for that tenant; a partner key (not an operator) reads its own side, signs and pauses.
 */
export interface Actor {
  operator: boolean
  /** Partner id of the tenant the caller is limited to. */
  partner?: string
}

export interface WriteOptions {
  /** The version the caller read: a write over another one is refused (`precondition_failed`). */
  ifMatch?: number | undefined
}

/** A record as the desk shows it, with the version that is its ETag. */
export interface Shown<T> {
  value: T
  version: number
}

export interface Written<T> extends Shown<T> {
  created: boolean
}

/** True for an operator of the exchange itself. */
export function isExchange(actor: Actor): boolean {
  return actor.operator && actor.partner === undefined
}

/** True where the caller may see what these partners have a side in. */
export function sees(actor: Actor, ...sides: readonly string[]): boolean {
  if (actor.partner === undefined) return actor.operator
  return sides.includes(actor.partner)
}

/**
 * Refuses unless the caller may write for one of these partners: another tenant's object is
 * `not_found`, one's own without an operator's token `forbidden`.
 */
export function mustWriteFor(actor: Actor, ...sides: readonly string[]): void {
  if (!sees(actor, ...sides)) throw notFound()
  if (!actor.operator) throw refuse('forbidden', '', 'a partner key may not change this')
}

/** Refuses all but operators of the exchange itself. */
export function mustBeExchange(actor: Actor): void {
  if (!isExchange(actor))
    throw refuse('forbidden', '', 'only an operator of the exchange may do this')
}

/** One answer for what is not there and what is somebody else's. */
export function notFound() {
  return refuse('not_found', '', 'there is no such object')
}

/** The catalog as this process has it. */
export function snapshotOf(deps: DeskDeps): CatalogSnapshot {
  const snapshot = deps.feed.current()
  if (!snapshot) throw new Error('the catalog is not loaded yet')
  return snapshot
}
