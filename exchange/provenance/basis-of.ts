import { SOURCE_KIND, type Source } from '../../audience/events/source.ts'
import { TRAIT_KIND, type Trait } from '../../audience/events/trait.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot, KindRecords } from '../../audience/store/catalog-snapshot.ts'
import { LOOKALIKE_KIND, type LookalikeRecord } from '../lookalike/lookalike-record.ts'
import { type Asks, asksOf } from './asks-of.ts'

/** What has to be licensed, for a segment to be used: a foreign segment, or what a third party's source collects. */
export interface Need {
  /** Partner id: who has to be the buyer. */
  buyer: string
  /** Id of a segment of somebody else: any live contract on it will do. */
  segment?: string
  /** Id of the one contract. */
  contract?: string
}

/** All that a segment rests on, directly or over others. */
export interface Basis {
  /** Ids of traits, and of segments beside itself. */
  traits: ReadonlySet<string>
  segments: ReadonlySet<string>
  needs: readonly Need[]
}

/** The catalog as far as provenance is told by it. */
export interface BasisRecords {
  segments: KindRecords
  traits: KindRecords
  sources: KindRecords
  /** What models were made of. */
  lookalikes: KindRecords
}

export function basisRecords(snapshot: CatalogSnapshot): BasisRecords {
  const kind = (name: string) => snapshot.kind(name)
  return {
    ...{ segments: kind(SEGMENT_KIND), traits: kind(TRAIT_KIND), sources: kind(SOURCE_KIND) },
    lookalikes: kind(LOOKALIKE_KIND),
  }
}

/** Of a segment that is there; of one that is not yet, `asked` says what it names. */
export function basisOf(
  records: BasisRecords,
  id: string,
  given?: { owner: string; asks: Asks },
): Basis {
  const walk = new Walk(records)
  const record = records.segments.get(id)
  const owner = given?.owner ?? (record?.value as Segment | undefined)?.owner
  if (owner === undefined) return walk
  const asks = given?.asks ?? (record ? asksOf(record) : NOTHING)
  walk.begin(id)
  walk.follow(owner, asks)
  walk.follow(owner, modelOf(records, id))
  walk.segments.delete(id)
  return walk
}

class Walk implements Basis {
  readonly traits = new Set<string>()
  readonly segments = new Set<string>()
  readonly needs: Need[] = []
  readonly #records: BasisRecords

  constructor(records: BasisRecords) {
    this.#records = records
  }

  begin(id: string): void {
    this.segments.add(id)
  }

  follow(owner: string, { traits, segments }: Asks): void {
    for (const id of traits) this.#trait(owner, id)
    for (const id of segments) this.#segment(owner, id)
  }

  #trait(owner: string, id: string): void {
    if (this.traits.has(id)) return
    this.traits.add(id)
    const trait = this.#records.traits.get(id)?.value as Trait | undefined
    const source = this.#records.sources.get(trait?.source ?? '')?.value as Source | undefined
    if (source?.contract !== undefined) this.needs.push({ buyer: owner, contract: source.contract })
  }

  #segment(asker: string, id: string): void {
    const record = this.#records.segments.get(id)
    const owner = (record?.value as Segment | undefined)?.owner
    // One that is gone is nobody's to use.
    if (owner !== asker) this.needs.push({ buyer: asker, segment: id })
    if (this.segments.has(id)) return
    this.segments.add(id)
    if (!record || owner === undefined) return
    this.follow(owner, asksOf(record))
    this.follow(owner, modelOf(this.#records, id))
  }
}

const NOTHING: Asks = { traits: [], segments: [] }

/** What the last model of a look-alike was made of. */
function modelOf({ lookalikes }: BasisRecords, id: string): Asks {
  const record = lookalikes.get(id)?.value as LookalikeRecord | undefined
  return record?.madeOf ?? NOTHING
}
