import type { DataGroup, Entitlement, LiveContract, Provider, SegmentWrite } from './buyer-view.ts'
import type { LiveLicences } from './compile-licences.ts'
import type { CompiledPartner } from './compile-partners.ts'
import type { Parts, Rights } from './compile-rights.ts'
import type { CompiledSegment } from './compile-segments.ts'
import type { ContractRecord } from './contract.ts'
import { SegmentTable } from './segment-table.ts'

interface Grant {
  segment: CompiledSegment
  owner: CompiledPartner
  contract: LiveContract | undefined
}

/**
 * What a buyer may be given: own segments and those under a contract, with what is written for each.
 * Each is worked out when first asked for, so that a new catalog version costs a request only what its
 * person is in. Own ids carry no segtax: they are the provider's own. A contract that
 * says `taxonomy` for a segment without a node gives nothing for it.
 */
export class Entitlements {
  readonly #parts: Parts
  readonly #buyer: CompiledPartner
  /** Undefined where nothing shared may be given. */
  readonly #rights: Rights | undefined
  readonly #licences: LiveLicences
  readonly #known = new SegmentTable<Entitlement | null>()
  readonly #groups = new Groups()

  constructor(
    parts: Parts,
    buyer: CompiledPartner,
    { rights, licences }: { rights: Rights | undefined; licences: LiveLicences },
  ) {
    this.#parts = parts
    this.#buyer = buyer
    this.#licences = licences
    this.#rights = rights
  }

  of(segment: number): Entitlement | undefined {
    const known = this.#known.get(segment)
    if (known !== undefined) return known === null ? undefined : known
    const compiled = this.#parts.segments.byNumber.get(segment)
    if (!compiled) return undefined
    const entitlement = this.#work(compiled)
    this.#known.set(segment, entitlement ?? null)
    return entitlement
  }

  /** True where a segment that was asked for is left out because of a reached cap alone. */
  isCapped(segment: number): boolean {
    const capped = this.#rights?.capped
    if (capped === undefined || capped.size === 0) return false
    return capped.has(this.#parts.segments.byNumber.get(segment)?.id ?? '')
  }

  /** All of them, by segment number. */
  all(): Entitlement[] {
    const { byId, byOwner } = this.#parts.segments
    const numbers = new Set((byOwner.get(this.#buyer.id) ?? []).map(({ number }) => number))
    for (const id of this.#rights?.segments() ?? []) {
      const segment = byId.get(id)
      if (segment) numbers.add(segment.number)
    }
    return [...numbers].sort((a, b) => a - b).flatMap((segment) => this.of(segment) ?? [])
  }

  #work(segment: CompiledSegment): Entitlement | undefined {
    const grant = this.#grantOf(segment)
    if (!grant) return undefined
    const { owner, contract } = grant
    const writes = writesOf(grant, this.#groups)
    if (writes.length === 0) return undefined
    const use = contract && { segment: segment.id, contract }
    return { segment: segment.number, owner, use, writes }
  }

  #grantOf(segment: CompiledSegment): Grant | undefined {
    const owner = this.#parts.partners.byId.get(segment.owner)
    if (!owner || !this.#licences.holds(segment, this.#buyer.id)) return undefined
    if (owner === this.#buyer)
      return owner.active ? { segment, owner, contract: undefined } : undefined
    const contract = this.#rights?.contractFor(segment)
    return contract && { segment, owner, contract }
  }
}

function writesOf({ segment, owner, contract }: Grant, groups: Groups): SegmentWrite[] {
  const writeAs = contract?.terms.writeAs ?? 'own'
  const seats = contract?.terms.seats ?? NO_SEATS
  const { taxonomy } = segment
  const writes: SegmentWrite[] = []
  if (writeAs !== 'taxonomy') {
    const id = externalId(contract?.terms, segment.id) ?? segment.id
    writes.push({ group: groups.of(owner, undefined, seats), id })
  }
  if (writeAs !== 'own' && taxonomy)
    writes.push({ group: groups.of(owner, taxonomy.segtax, seats), id: taxonomy.id })
  return writes
}

/** `externalIds` is a caller's JSON object: only its own keys count. */
function externalId(contract: ContractRecord | undefined, segment: string): string | undefined {
  const ids = contract?.externalIds
  return ids && Object.hasOwn(ids, segment) ? ids[segment] : undefined
}

const NO_SEATS: readonly string[] = []

/** The Data objects of a view, each once. */
class Groups {
  readonly #byName = new Map<string, DataGroup>()

  of(provider: Provider, segtax: number | undefined, seats: readonly string[]): DataGroup {
    const name = `${provider.number} ${segtax ?? ''} ${seats.length ? JSON.stringify(seats) : ''}`
    let group = this.#byName.get(name)
    if (!group) this.#byName.set(name, (group = { provider, segtax, seats }))
    return group
  }
}
