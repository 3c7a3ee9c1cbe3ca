import { OwnerRules } from '../../audience/events/rule-book.ts'
import { TRAIT_KIND, type Trait } from '../../audience/events/trait.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { ownerOf } from '../collect/owner-of.ts'

/** An owner's traits, without its segments: what is counted by them asks no rule. */
export function traitRules(snapshot: CatalogSnapshot, owner: string, nowMs: number): OwnerRules {
  const traits = new Map<string, Trait>()
  for (const { id, value } of snapshot.kind(TRAIT_KIND).values())
    if ((value as Trait).owner === owner) traits.set(id, value as Trait)
  const known = ownerOf(snapshot, owner, nowMs) ?? { number: -1, timeZone: 'UTC' }
  return new OwnerRules(owner, known, { traits, segments: new Map() })
}
