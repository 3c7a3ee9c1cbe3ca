import { segmentsOf } from '../rules/expression.ts'
import { SEGMENT_KIND, type Segment } from '../segment.ts'
import type { CatalogSnapshot } from '../store/catalog-snapshot.ts'
import { type OwnedRecords, type OwnerLookup, OwnerRules } from './rule-book.ts'
import { treeOf } from './rule-tree.ts'
import { TRAIT_KIND, type Trait } from './trait.ts'

/** The rules that decide on one segment as it is given, kept or not: its own, and those it asks for. */
export function rulesFor(
  snapshot: CatalogSnapshot,
  ownerOf: OwnerLookup,
  { id, segment, nowMs }: { id: string; segment: Segment; nowMs: number },
): OwnerRules {
  const traits = new Map<string, Trait>()
  for (const { id: trait, value } of snapshot.kind(TRAIT_KIND).values())
    if ((value as Trait).owner === segment.owner) traits.set(trait, value as Trait)
  const segments: OwnedRecords['segments'] = new Map([[id, segment]])
  for (const { rule } of segments.values()) {
    const tree = rule === undefined ? undefined : treeOf(rule)
    for (const other of tree ? segmentsOf(tree) : []) {
      const asked = snapshot.kind(SEGMENT_KIND).get(other)?.value as Segment | undefined
      if (asked?.owner === segment.owner && !segments.has(other)) segments.set(other, asked)
    }
  }
  const owner = ownerOf(snapshot, segment.owner, nowMs) ?? { number: -1, timeZone: 'UTC' }
  return new OwnerRules(segment.owner, owner, { traits, segments })
}
