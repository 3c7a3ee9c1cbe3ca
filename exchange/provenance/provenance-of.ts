import type { Source } from '../../audience/events/source.ts'
import type { Trait } from '../../audience/events/trait.ts'
import { type Provenance, secondHand, weakest } from '../../audience/provenance.ts'
import type { Segment } from '../../audience/segment.ts'
import { asksOf } from './asks-of.ts'
import { type BasisRecords, basisOf } from './basis-of.ts'

/** Of a trait: declared, else its source's, else first hand. */
export function traitProvenance(
  { sources }: Pick<BasisRecords, 'sources'>,
  { provenance, source }: Pick<Trait, 'provenance' | 'source'>,
): Provenance {
  const from = sources.get(source ?? '')?.value as Source | undefined
  return provenance ?? sourceProvenance(from)
}

export function sourceProvenance(source: Pick<Source, 'provenance'> | undefined): Provenance {
  return source?.provenance ?? 'first_party'
}

/**
 * Of a segment: the weakest of what its owner declares and of all it is made of. What is another owner's is second
 * hand to this one.
 */
export function segmentProvenance(records: BasisRecords, id: string): Provenance {
  const segment = records.segments.get(id)?.value as Segment | undefined
  if (!segment) return 'third_party'
  const { owner, provenance } = segment
  const { traits, segments } = basisOf(records, id)
  const ofTraits = [...traits].flatMap((one) => {
    const trait = records.traits.get(one)?.value as Trait | undefined
    return trait?.owner === owner ? [traitProvenance(records, trait)] : []
  })
  const ofSegments = [...segments].map((one) => {
    const other = records.segments.get(one)?.value as Segment | undefined
    if (!other) return 'third_party'
    return other.owner === owner ? other.provenance : secondHand(segmentProvenance(records, one))
  })
  return weakest(provenance, ...ofTraits, ...ofSegments)
}

/** Whether a segment is made of others' segments: such is licensed to its owner, and not for sale. */
export function isOfOthers(records: BasisRecords, id: string): boolean {
  return basisOf(records, id).needs.some(({ segment }) => segment !== undefined)
}

/** Whether there is anything to ask of at all: most segments are imported. */
export function isMade(records: BasisRecords, id: string): boolean {
  const record = records.segments.get(id)
  if (!record) return false
  const { traits, segments } = asksOf(record)
  return traits.length + segments.length > 0 || records.lookalikes.has(id)
}
