import type { Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractRecord } from '../contract.ts'
import type { DealRecord } from '../deal.ts'
import { whyDormant } from '../live-contracts.ts'
import { getContract } from './contracts.ts'
import { reading } from './deals.ts'
import { type Actor, type DeskDeps, snapshotOf } from './desk.ts'

/** What rests on a contract: what the buyer loses with it, or lost when it was revoked. */
export interface Affected {
  segments: AffectedSegment[]
  /** Deals the buyer sells, whose audience the contract licenses; those the caller may know of. */
  deals: AffectedDeal[]
  /** How many more there are. */
  otherDeals: number
}

export interface AffectedSegment {
  segment: string
  name: string
  /** The buyer's other contracts that are in force and give it, in some country at least. */
  otherwise: string[]
}

export interface AffectedDeal {
  deal: string
  name: string
  exchange: string
  /** Segments of its audience that are in the contract. */
  segments: string[]
  /** True where one of them is under no other contract: without this one the deal is withheld. */
  withheld: boolean
}

/** What rests on a contract, whatever its status; for both of its sides. */
export function getAffected(deps: DeskDeps, actor: Actor, id: string): Affected {
  const { value: contract } = getContract(deps, actor, id)
  const snapshot = snapshotOf(deps)
  const otherwise = otherContracts(snapshot, contract, deps.clock.now())
  const segments = [...contract.segments].sort().map((segment) => ({
    segment,
    name: nameOf(snapshot, segment),
    otherwise: otherwise.get(segment) ?? [],
  }))
  const bought = new Set(contract.segments)
  const all = dealsOver(snapshot, contract, bought)
  const known = all.filter(([deal, record]) => reading(actor).visible(record, deal))
  const deals = known.map(([deal, record]): AffectedDeal => {
    const resting = audienceOf(record).filter((segment) => bought.has(segment))
    const withheld = resting.some((segment) => !otherwise.get(segment))
    const { name, exchange } = record
    return { deal, name, exchange, segments: resting, withheld }
  })
  return { segments, deals, otherDeals: all.length - known.length }
}

/** By segment: the buyer's other contracts that put it into bids now. */
function otherContracts(
  snapshot: CatalogSnapshot,
  contract: { id: string; buyer: string; segments: readonly string[] },
  nowMs: number,
): ReadonlyMap<string, string[]> {
  const wanted = new Set(contract.segments)
  const found = new Map<string, string[]>()
  for (const { id, value } of snapshot.kind('contract').values()) {
    const other = value as ContractRecord
    if (id === contract.id || other.buyer !== contract.buyer) continue
    if (!other.uses.includes('bid_enrichment') || whyDormant(snapshot, other, nowMs).length > 0)
      continue
    for (const segment of other.segments)
      if (wanted.has(segment)) found.set(segment, [...(found.get(segment) ?? []), id].sort())
  }
  return found
}

/** Deals that the contract's buyer sells over its segments: a licence is needed for each of them. */
function dealsOver(
  snapshot: CatalogSnapshot,
  { buyer, uses }: ContractRecord,
  bought: ReadonlySet<string>,
): [string, DealRecord][] {
  if (!uses.includes('bid_enrichment')) return []
  return [...snapshot.kind('deal').values()]
    .map(({ id, value }): [string, DealRecord] => [id, value as DealRecord])
    .filter(([, deal]) => deal.seller === buyer && audienceOf(deal).some((one) => bought.has(one)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

function audienceOf({ audience }: DealRecord): string[] {
  const { any = [], all = [], none = [] } = audience ?? {}
  return [...new Set([...any, ...all, ...none])].sort()
}

function nameOf(snapshot: CatalogSnapshot, segment: string): string {
  return (snapshot.kind('segment').get(segment)?.value as Segment | undefined)?.name ?? segment
}
