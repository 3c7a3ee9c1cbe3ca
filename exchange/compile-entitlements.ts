import type { DataGroup, Entitlement, SegmentWrite } from './buyer-view.ts'
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
  for (const grant of grants) for (const { group } of writesOf(grant)) groups.add(group)
  groups.order()
  const bySegment: (Entitlement | undefined)[] = new Array(highest(grants) + 1).fill(undefined)
  let count = 0
  for (const grant of grants) {
    const writes = writesOf(grant).map(({ group, id }) => ({ group: groups.get(group), id }))
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

type Wanted = Omit<DataGroup, 'index'>

function writesOf({ segment, owner, contract }: Grant): { group: Wanted; id: string }[] {
  const writeAs = contract?.record.writeAs ?? 'own'
  const seats = contract?.record.seats ?? []
  const writes: { group: Wanted; id: string }[] = []
  if (writeAs !== 'taxonomy')
    writes.push({
      group: { provider: owner, segtax: undefined, seats },
      id: externalId(contract?.record, segment.id) ?? segment.id,
    })
  if (writeAs !== 'own' && segment.taxonomy)
    writes.push({
      group: { provider: owner, segtax: segment.taxonomy.segtax, seats },
      id: segment.taxonomy.id,
    })
  return writes
}

/** `externalIds` is a caller's JSON object: only its own keys count. */
function externalId(contract: ContractRecord | undefined, segment: string): string | undefined {
  const ids = contract?.externalIds
  return ids && Object.hasOwn(ids, segment) ? ids[segment] : undefined
}

/** The Data objects of a view, each once. */
class Groups {
  readonly #byName = new Map<string, Wanted & { index: number }>()

  add(group: Wanted): void {
    const name = nameOf(group)
    if (!this.#byName.has(name)) this.#byName.set(name, { ...group, index: 0 })
  }

  /** By provider, own ids before taxonomies, then seats: the order of the Data objects. */
  order(): void {
    const ordered = [...this.#byName.values()].sort(
      (a, b) =>
        a.provider.number - b.provider.number ||
        (a.segtax ?? 0) - (b.segtax ?? 0) ||
        (nameOf(a) < nameOf(b) ? -1 : 1),
    )
    ordered.forEach((group, index) => {
      group.index = index
    })
  }

  get(group: Wanted): SegmentWrite['group'] {
    return this.#byName.get(nameOf(group))!
  }
}

function nameOf({ provider, segtax, seats }: Wanted): string {
  return `${provider.number} ${segtax ?? ''} ${seats.length ? JSON.stringify(seats) : ''}`
}

function highest(grants: readonly Grant[]): number {
  return grants.at(-1)?.segment.number ?? -1
}
