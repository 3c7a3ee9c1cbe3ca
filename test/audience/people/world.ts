import { dayOf } from '../../../audience/clock.ts'
import { Candidates } from '../../../audience/people/candidates.ts'
import { type NamespaceRules, namespaceRules } from '../../../audience/people/namespace-rules.ts'
import { NearCache } from '../../../audience/people/near-cache.ts'
import { PersonView } from '../../../audience/people/person-view.ts'
import { Recall } from '../../../audience/people/recall.ts'
import { KEY_WORDS, readKey, UserKeys } from '../../../audience/people/user-key.ts'
import type { Edge, IdRef } from '../../../audience/store/store.ts'
import { MemoryPeople, WoundClock } from '../../support/memory-store.ts'

export const keys = new UserKeys(Buffer.alloc(32, 1))

export interface WorldOptions {
  nearCacheMax?: number
  hashMask?: number
}

/** Rules under which only these namespaces hold one id of a person. */
export function singles(...namespaces: number[]): NamespaceRules {
  const rules = namespaceRules(undefined)
  const isSingle = (namespace: number) => namespaces.includes(namespace)
  return {
    ...rules,
    max: (namespace) => (isSingle(namespace) ? 1 : undefined),
    claimsMax: (namespace) => (isSingle(namespace) ? 1 : rules.claimsMax(namespace)),
  }
}

/** A store in memory, a near-cache before it, and a clock to wind. */
export function openWorld(options: WorldOptions = {}) {
  const clock = new WoundClock()
  const store = new MemoryPeople(clock)
  const { nearCacheMax = 1_000, hashMask } = options
  const cache = new NearCache({
    clock,
    max: nearCacheMax,
    ...(hashMask === undefined ? {} : { hashMask }),
  })
  const recall = new Recall(store, cache)
  const today = () => dayOf(clock.now())
  /** What recall says of the ids, in a view of its own. */
  async function ask(...names: string[]) {
    const view = new PersonView()
    const word = await recall.recall(candidatesOf(...names), today(), view)
    return { word, view, segments: segmentsOf(view), foundBy: view.foundBy }
  }
  return { clock, store, cache, recall, today, ask }
}

/** Customer ids have a namespace of their own; all others share one. */
export function namespaceOf(name: string): number {
  return name.startsWith('crm') ? 10 : 9
}

export function idOf(name: string): IdRef {
  const namespace = namespaceOf(name)
  return { key: keys.of(namespace, name), namespace, value: name }
}

export function candidatesOf(...names: string[]): Candidates {
  const candidates = new Candidates()
  const words = new Uint32Array(KEY_WORDS)
  for (const name of names) {
    readKey(idOf(name).key, words, 0)
    candidates.add(words, 0, 9)
  }
  return candidates
}

export function edgeOf(a: string, b: string, expiryDay: number, owner = 0): Edge {
  return { a: idOf(a), b: idOf(b), owner, method: 0, firstSeenDay: 1, lastSeenDay: 1, expiryDay }
}

export function assignmentOf(name: string, add: [number, number][], remove: number[] = []) {
  const adds = add.map(([segment, expiryDay]) => ({ segment, expiryDay }))
  return { key: idOf(name).key, add: adds, remove }
}

export function segmentsOf(view: PersonView): number[] {
  return [...new Set(view.segment.subarray(0, view.count))].sort((a, b) => a - b)
}
