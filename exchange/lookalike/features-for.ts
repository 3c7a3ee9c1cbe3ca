import { TRAIT_KIND, type Trait } from '../../audience/events/trait.ts'
import type { Feature } from '../../audience/lookalike/lookalike-people.ts'
import type { FeatureLeftOut } from '../../audience/lookalike/reasons.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { type BasisRecords, basisOf, basisRecords } from '../provenance/basis-of.ts'
import { liveFor } from '../provenance/licences.ts'
import { nodesOf } from '../taxonomy/nodes-of.ts'
import { topicOf } from '../taxonomy/taxonomy-record.ts'

/** What a look-alike may be made of now. */
export interface AskedFeatures {
  features: Feature[]
  /** Days for which each trait among them counts, by its number. */
  traitDays: Map<number, number>
  leftOut: Partial<Record<FeatureLeftOut, number>>
  /** True where something of others is among them: then only matches of the exchange join ids. */
  isOfOthers: boolean
}

/** Own segments and traits, and others' segments under live contracts with the use `modeling`: as far as they say who is like the seed, and nothing protected. */
export function featuresFor(
  snapshot: CatalogSnapshot,
  { id, segment, nowMs }: { id: string; segment: Segment; nowMs: number },
): AskedFeatures {
  return new Asking(snapshot, { id, segment, nowMs }).features()
}

class Asking {
  readonly #snapshot: CatalogSnapshot
  readonly #records: BasisRecords
  readonly #id: string
  readonly #owner: string
  readonly #seed: string
  readonly #nowMs: number
  readonly #asked: AskedFeatures = {
    ...{ features: [], traitDays: new Map(), leftOut: {}, isOfOthers: false },
  }

  constructor(
    snapshot: CatalogSnapshot,
    { id, segment, nowMs }: { id: string; segment: Segment; nowMs: number },
  ) {
    this.#snapshot = snapshot
    this.#records = basisRecords(snapshot)
    this.#id = id
    this.#owner = segment.owner
    this.#seed = segment.lookalike!.seed
    this.#nowMs = nowMs
  }

  features(): AskedFeatures {
    const seedBasis = basisOf(this.#records, this.#seed)
    const sensitiveTraits = new Set<string>()
    for (const { id, value } of this.#snapshot.kind(SEGMENT_KIND).values()) {
      const segment = value as Segment
      if (segment.owner === this.#owner && isSensitive(this.#snapshot, this.#records, id))
        for (const trait of basisOf(this.#records, id).traits) sensitiveTraits.add(trait)
      if (id !== this.#id && id !== this.#seed) this.#segment(id, segment, seedBasis.segments)
    }
    for (const { id, value } of this.#snapshot.kind(TRAIT_KIND).values()) {
      const trait = value as Trait
      if (trait.owner !== this.#owner) continue
      if (sensitiveTraits.has(id)) this.#leaveOut('sensitive')
      else if (seedBasis.traits.has(id)) this.#leaveOut('defines_seed')
      else if (!this.#isTraitUsable(trait)) this.#leaveOut('no_modeling')
      else {
        this.#asked.features.push({ kind: 'trait', id, number: trait.number })
        this.#asked.traitDays.set(trait.number, trait.ttlDays)
      }
    }
    return this.#asked
  }

  #segment(id: string, { owner, number, lookalike }: Segment, ofSeed: ReadonlySet<string>): void {
    const isOwn = owner === this.#owner
    const needs = isOwn ? basisOf(this.#records, id).needs : [{ buyer: this.#owner, segment: id }]
    const isLicensed = needs.every((need) => liveFor(this.#snapshot, need, this.#nowMs))
    // What is not the owner's to use is not even counted.
    if (!isOwn && !isLicensed) return
    if (isSensitive(this.#snapshot, this.#records, id)) this.#leaveOut('sensitive')
    else if (ofSeed.has(id)) this.#leaveOut('defines_seed')
    else if (lookalike) this.#leaveOut('modeled')
    else if (basisOf(this.#records, id).segments.has(this.#seed)) this.#leaveOut('made_of_seed')
    else if (!isLicensed) this.#leaveOut('no_modeling')
    else {
      this.#asked.features.push({ kind: 'segment', id, number })
      this.#asked.isOfOthers ||= needs.some((need) => need.segment !== undefined)
    }
  }

  #isTraitUsable({ source }: Trait): boolean {
    const from = this.#records.sources.get(source ?? '')?.value as { contract?: string } | undefined
    const contract = from?.contract
    if (contract === undefined) return true
    return liveFor(this.#snapshot, { buyer: this.#owner, contract }, this.#nowMs) !== undefined
  }

  #leaveOut(why: FeatureLeftOut): void {
    this.#asked.leftOut[why] = (this.#asked.leftOut[why] ?? 0) + 1
  }
}

/** Declared so, stands for a node that is not for sale, or is made of such. */
export function isSensitive(snapshot: CatalogSnapshot, records: BasisRecords, id: string): boolean {
  return [id, ...basisOf(records, id).segments].some((one) => {
    const segment = records.segments.get(one)?.value as Segment | undefined
    if (!segment) return false
    return (
      segment.sensitive === true || nodesOf(segment).some(({ node }) => topicOf(snapshot, node))
    )
  })
}
