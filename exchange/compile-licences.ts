import { type CompiledContract, type Contracts, isLive } from './compile-contracts.ts'
import type { Partners } from './compile-partners.ts'
import type { RightsAt } from './compile-rights.ts'
import type { CompiledSegment, Segments } from './compile-segments.ts'
import { type BasisRecords, basisOf, type Need } from './provenance/basis-of.ts'
import { isMade } from './provenance/provenance-of.ts'

/** What segments that are made of something need, of one catalog: worked out when first asked for. */
export class Needs {
  readonly #records: BasisRecords
  readonly #known = new Map<string, readonly Need[]>()

  constructor(records: BasisRecords) {
    this.#records = records
  }

  of(segment: string): readonly Need[] {
    const known = this.#known.get(segment)
    if (known) return known
    const needs = isMade(this.#records, segment) ? basisOf(this.#records, segment).needs : NO_NEEDS
    this.#known.set(segment, needs)
    return needs
  }
}

export interface LicenceParts {
  readonly partners: Partners
  readonly segments: Segments
  readonly contracts: Contracts
  readonly needs: Needs
}

/** Whether what segments are made of may be used at one moment in one class of countries. */
export class LiveLicences {
  readonly #parts: LicenceParts
  readonly #at: RightsAt
  /** Without a confirmed catalog nothing that rests on others is given. */
  readonly #isConfirmed: boolean

  constructor(parts: LicenceParts, { confirmed, ...at }: RightsAt & { confirmed: boolean }) {
    this.#parts = parts
    this.#at = at
    this.#isConfirmed = confirmed
  }

  /** For its owner; to anybody else, what is made of others' segments is not given at all. */
  holds({ id, owner }: CompiledSegment, receiver: string): boolean {
    const needs = this.#parts.needs.of(id)
    if (needs.length === 0) return true
    if (!this.#isConfirmed) return false
    if (receiver !== owner && needs.some(({ segment }) => segment !== undefined)) return false
    return needs.every((need) => this.#isMet(need))
  }

  #isMet({ buyer, segment, contract }: Need): boolean {
    const { contracts, segments, partners } = this.#parts
    const own = contracts.byBuyer.get(buyer)
    const owner = segment === undefined ? undefined : segments.byId.get(segment)?.owner
    const candidates: readonly CompiledContract[] =
      segment === undefined
        ? (own?.all.filter(({ id }) => id === contract) ?? [])
        : (own?.bySegment.get(segment)?.filter(({ record }) => record.seller === owner) ?? [])
    return candidates.some(
      (one) =>
        isLive(one, 'modeling', this.#at) &&
        partners.byId.get(one.record.seller)?.active === true &&
        partners.byId.get(buyer)?.active === true,
    )
  }
}

const NO_NEEDS: readonly Need[] = []
