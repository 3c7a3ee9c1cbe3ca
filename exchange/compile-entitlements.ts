import type { DataGroup, Entitlement, Provider, SegmentWrite } from './buyer-view.ts'
import type { CompiledPartner } from './compile-partners.ts'
import type { Parts, Rights } from './compile-rights.ts'
import type { CompiledSegment } from './compile-segments.ts'
import type { ContractRecord } from './contract.ts'

/** What a buyer may be given and in which Data objects, in an order every process arrives at. */
export interface Entitlements {
  readonly bySegment: readonly (Entitlement | undefined)[]
  readonly count: number
}

interface Grant {
  segment: CompiledSegment
  owner: CompiledPartner
  contract: { id: string; record: ContractRecord } | undefined
}

/**
 * Own segments and those under a contract, with what is written for each. Own ids carry no segtax:
 * they are the provider's own (openrtb.md §1.4). A contract that says `taxonomy` for a segment
 * without a node gives nothing for it.
 */
export function compileEntitlements(
  parts: Parts,
  buyer: CompiledPartner,
  rights: Rights,
): Entitlements {
  const grants = grantsOf(parts, buyer, rights)
  const groups = new Groups()
  const bySegment: (Entitlement | undefined)[] = new Array(highest(grants) + 1).fill(undefined)
  let count = 0
  for (const grant of grants) {
    const writes = writesOf(grant, groups)
    if (writes.length === 0) continue
    const { segment, owner, contract } = grant
    bySegment[segment.number] = {
      index: count++,
      segment: segment.number,
      owner,
      contract: contract?.id,
      writes,
    }
  }
  groups.order()
  return { bySegment, count }
}

function grantsOf(parts: Parts, buyer: CompiledPartner, rights: Rights): Grant[] {
  const grants: Grant[] = []
  if (buyer.active)
    for (const segment of parts.segments.byOwner.get(buyer.id) ?? [])
      grants.push({ segment, owner: buyer, contract: undefined })
  for (const { segment, contract } of rights.bySegment.values()) {
    const owner = parts.partners.byId.get(segment.owner)
    if (owner && owner !== buyer) grants.push({ segment, owner, contract })
  }
  return grants.sort((a, b) => a.segment.number - b.segment.number)
}

function writesOf({ segment, owner, contract }: Grant, groups: Groups): SegmentWrite[] {
  const writeAs = contract?.record.writeAs ?? 'own'
  const seats = contract?.record.seats ?? NO_SEATS
  const { taxonomy } = segment
  const writes: SegmentWrite[] = []
  if (writeAs !== 'taxonomy') {
    const id = externalId(contract?.record, segment.id) ?? segment.id
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
  readonly #byName = new Map<string, DataGroup & { index: number }>()

  /** Its index is known once all are: see `order`. */
  of(provider: Provider, segtax: number | undefined, seats: readonly string[]): DataGroup {
    const name = `${provider.number} ${segtax ?? ''} ${seats.length ? JSON.stringify(seats) : ''}`
    let group = this.#byName.get(name)
    if (!group) this.#byName.set(name, (group = { index: 0, provider, segtax, seats }))
    return group
  }

  /** By provider, own ids before taxonomies, then seats: the order of the Data objects. */
  order(): void {
    const ordered = [...this.#byName].sort(
      ([nameA, a], [nameB, b]) =>
        a.provider.number - b.provider.number ||
        (a.segtax ?? 0) - (b.segtax ?? 0) ||
        (nameA < nameB ? -1 : 1),
    )
    for (const [index, [, group]] of ordered.entries()) group.index = index
  }
}

function highest(grants: readonly Grant[]): number {
  return grants.at(-1)?.segment.number ?? -1
}
