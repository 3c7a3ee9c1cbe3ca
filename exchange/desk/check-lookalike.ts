import { type Problem, Refused } from '../../audience/refusal.ts'
import type { Segment, SegmentBody } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { isSensitive } from '../lookalike/features-for.ts'
import { basisOf, basisRecords } from '../provenance/basis-of.ts'

/** Refuses (`unprocessable`) to look for the like of what must not, or cannot, be modelled. */
export function refuseBadLookalike(
  id: string,
  { owner, rule, lookalike }: SegmentBody,
  snapshot: CatalogSnapshot,
): void {
  if (!lookalike) return
  const problems: Problem[] = []
  const wrong = (field: string, reason: string) => problems.push({ field, reason })
  if (rule !== undefined) wrong('rule', 'a look-alike has no rule: it holds whom its model takes')
  const { seed } = lookalike
  const records = basisRecords(snapshot)
  const segment = records.segments.get(seed)?.value as Segment | undefined
  if (seed === id) wrong('lookalike.seed', 'is the segment itself')
  // One answer for what is not there and what is somebody else's.
  else if (segment?.owner !== owner) wrong('lookalike.seed', `${owner} has no segment ${seed}`)
  else if (segment.lookalike) wrong('lookalike.seed', `${seed} is a look-alike itself`)
  else if (basisOf(records, seed).segments.has(id))
    wrong('lookalike.seed', `${seed} is made of ${id}`)
  else if (isSensitive(snapshot, records, seed))
    wrong('lookalike.seed', `${seed} is sensitive, or made of what is: nobody is looked for by it`)
  if (problems.length > 0) throw new Refused('unprocessable', problems)
}
