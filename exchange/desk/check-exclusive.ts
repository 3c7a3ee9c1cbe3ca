import type { Problem } from '../../audience/refusal.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractRecord } from '../contract.ts'
import { countriesOf } from '../countries-of.ts'
import { contractScope, exclusiveScope, overlaps, type Scope } from '../exclusive.ts'
import { OFFER_KIND, type OfferRecord } from '../offer.ts'
import { type Actor, sees } from './desk.ts'

/** What one buyer has, or is kept for it. */
interface Holding {
  kind: 'contract' | 'offer'
  id: string
  seller: string
  /** Undefined: an offer that is exclusive to whoever takes it first. */
  buyer: string | undefined
  /** What its buyer has, or may have. */
  whole: Scope
  /** What nobody else may have; undefined: nothing. */
  exclusive: Scope | undefined
}

interface Asked {
  actor: Actor
  nowMs: number
}

/**
 * What a contract that comes into force would break: an exclusive that another buyer holds or is kept for,
 * or, where it is exclusive itself, what another buyer has already. Each names the other, to whom may know.
 */
export function contractConflicts(
  snapshot: CatalogSnapshot,
  { id, contract }: { id: string; contract: ContractRecord },
  asked: Asked,
): Problem[] {
  const own = holdingOfContract(id, contract)
  const others = [
    ...contractsOf(snapshot, own, asked.nowMs).filter((other) => other.id !== id),
    ...exclusiveOffersOf(snapshot, own.seller).filter((other) => other.buyer !== undefined),
  ]
  return others
    .filter((other) => collide(own, other, asked.nowMs))
    .map((other) => ({ field: 'segments', reason: sentence(other, asked.actor) }))
}

/** What an open, exclusive offer would break: other exclusives, and, where it names its buyer, others' contracts. */
export function offerConflicts(
  snapshot: CatalogSnapshot,
  { id, offer }: { id: string; offer: OfferRecord },
  asked: Asked,
): Problem[] {
  if (!offer.exclusive || offer.status === 'closed') return []
  const own = holdingOfOffer(id, { ...offer, exclusive: offer.exclusive })
  const others = [
    ...contractsOf(snapshot, own, asked.nowMs, id),
    ...exclusiveOffersOf(snapshot, own.seller).filter((other) => other.id !== id),
  ]
  return others
    .filter((other) =>
      own.buyer ? collide(own, other, asked.nowMs) : areExclusiveTwice(own, other, asked.nowMs),
    )
    .map((other) => ({ field: 'exclusive', reason: sentence(other, asked.actor) }))
}

/** One of two buyers would have what the other has exclusively, from now on: what is past is nobody's to keep. */
function collide(a: Holding, b: Holding, nowMs: number): boolean {
  if (a.buyer !== undefined && a.buyer === b.buyer) return false
  const isTaken = (exclusive: Scope | undefined, whole: Scope) =>
    exclusive !== undefined && overlaps(from(nowMs, exclusive), from(nowMs, whole))
  return isTaken(a.exclusive, b.whole) || isTaken(b.exclusive, a.whole)
}

function areExclusiveTwice(a: Holding, b: Holding, nowMs: number): boolean {
  return (
    a.exclusive !== undefined &&
    b.exclusive !== undefined &&
    overlaps(from(nowMs, a.exclusive), from(nowMs, b.exclusive))
  )
}

function from(nowMs: number, scope: Scope): Scope {
  return { ...scope, fromMs: Math.max(scope.fromMs, nowMs) }
}

/** The seller's contracts that bind and are not over; where `own` keeps nothing, those that do. */
function contractsOf(
  snapshot: CatalogSnapshot,
  own: Holding,
  nowMs: number,
  butOfOffer?: string,
): Holding[] {
  const found: Holding[] = []
  for (const { id, value } of snapshot.kind('contract').values()) {
    const contract = value as ContractRecord
    if (contract.seller !== own.seller || !isBinding(contract)) continue
    if (!own.exclusive && !contract.exclusive) continue
    if (butOfOffer !== undefined && contract.offer === butOfOffer) continue
    const holding = holdingOfContract(id, contract)
    if (holding.whole.untilMs > nowMs) found.push(holding)
  }
  return found
}

function exclusiveOffersOf(snapshot: CatalogSnapshot, seller: string): Holding[] {
  const found: Holding[] = []
  for (const { id, value } of snapshot.kind(OFFER_KIND).values()) {
    const offer = value as OfferRecord
    const { exclusive } = offer
    if (offer.seller === seller && exclusive && offer.status === 'open')
      found.push(holdingOfOffer(id, { ...offer, exclusive }))
  }
  return found
}

/** What both sides have agreed to and not ended. */
export function isBinding({ status }: ContractRecord): boolean {
  return status === 'signed' || status === 'active' || status === 'paused'
}

function holdingOfContract(id: string, contract: ContractRecord): Holding {
  const { seller, buyer, exclusive, timeZone } = contract
  const whole = contractScope(contract)
  return {
    kind: 'contract',
    id,
    seller,
    buyer,
    whole,
    exclusive: exclusive && exclusiveScope(whole, exclusive, timeZone),
  }
}

function holdingOfOffer(
  id: string,
  offer: OfferRecord & { exclusive: NonNullable<OfferRecord['exclusive']> },
): Holding {
  const { seller, segments, regions, exclusive, timeZone } = offer
  const offered: Scope = {
    segments: new Set(segments),
    countries: countriesOf(regions),
    category: undefined,
    fromMs: Number.NEGATIVE_INFINITY,
    untilMs: Number.POSITIVE_INFINITY,
  }
  const kept = exclusiveScope(offered, exclusive, timeZone)
  return { kind: 'offer', id, seller, buyer: exclusive.buyer, whole: kept, exclusive: kept }
}

/** Sides of the other learn which it is; a third party only that there is one. */
function sentence({ kind, id, seller, buyer, exclusive }: Holding, actor: Actor): string {
  const mayKnow = sees(actor, seller, ...(buyer === undefined ? [] : [buyer]))
  const other = mayKnow ? `${kind} ${id}` : 'another buyer'
  const until =
    exclusive && Number.isFinite(exclusive.untilMs)
      ? ` until ${new Date(exclusive.untilMs).toISOString()}`
      : ''
  return exclusive
    ? `some of it is exclusive to ${other}${until}`
    : `some of it is sold already, under ${other}`
}
