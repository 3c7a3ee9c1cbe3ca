import { SOURCE_KIND } from '../../audience/events/source.ts'
import { TRACKING_PLAN_KIND, type TrackingPlan } from '../../audience/events/tracking-plan.ts'
import { TRAIT_KIND, type Trait } from '../../audience/events/trait.ts'
import { Refused } from '../../audience/refusal.ts'
import { traitsOf } from '../../audience/rules/expression.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { CAMPAIGN_KIND, type Campaign, traitsOf as countedBy } from '../campaign.ts'
import type { ContractRecord } from '../contract.ts'
import type { DealRecord } from '../deal.ts'
import type { KeyRecord } from '../key.ts'
import { LIMITS } from '../limits.ts'
import { momentOf } from '../moment.ts'
import { OFFER_KIND, type OfferRecord, partnersNamed } from '../offer.ts'
import type { PartnerRecord } from '../partner.ts'
import { asksIn } from '../provenance/asks-of.ts'
import { ruleOf } from './check-rule.ts'

/** An object that rests on another, e.g. `contract autumn`. */
export interface Holder {
  kind: string
  id: string
}

/** What keeps a partner from being deleted: its segments, living contracts, offers, deals, and references to it. */
export function* holdersOfPartner(
  snapshot: CatalogSnapshot,
  id: string,
  nowMs: number,
): Iterable<Holder> {
  for (const kind of [SEGMENT_KIND, SOURCE_KIND, TRAIT_KIND, TRACKING_PLAN_KIND, CAMPAIGN_KIND])
    yield* where<{ owner: string }>(snapshot, kind, ({ owner }) => owner === id)
  yield* where<{ owner: string }>(
    snapshot,
    'namespace',
    ({ owner }, name) => owner === id && name !== id,
  )
  yield* where<ContractRecord>(
    snapshot,
    'contract',
    (contract) => (contract.seller === id || contract.buyer === id) && !isOver(contract, nowMs),
  )
  yield* where<OfferRecord>(snapshot, OFFER_KIND, (offer) =>
    partnersNamed(offer).some(({ partner }) => partner === id),
  )
  yield* where<DealRecord>(
    snapshot,
    'deal',
    ({ seller, exchange, buyers }) =>
      seller === id || exchange === id || (buyers?.includes(id) ?? false),
  )
  yield* where<PartnerRecord>(
    snapshot,
    'partner',
    ({ exchange, sync }, other) =>
      other !== id && (exchange === id || (sync?.route?.includes(id) ?? false)),
  )
  yield* where<KeyRecord>(
    snapshot,
    'key',
    ({ partner, exchange }) => exchange === id && partner !== id,
  )
}

/** What keeps an offer from being deleted: contracts made from it that are not over. */
export function holdersOfOffer(
  snapshot: CatalogSnapshot,
  id: string,
  nowMs: number,
): Iterable<Holder> {
  return where<ContractRecord>(
    snapshot,
    'contract',
    (contract) => contract.offer === id && !isOver(contract, nowMs),
  )
}

/** What keeps a source from being deleted: the tracking plan that names it, and traits that see it alone. */
export function* holdersOfSource(snapshot: CatalogSnapshot, id: string): Iterable<Holder> {
  yield* where<TrackingPlan>(
    snapshot,
    TRACKING_PLAN_KIND,
    ({ sources }) => sources?.includes(id) ?? false,
  )
  yield* where<Trait>(snapshot, TRAIT_KIND, ({ source }) => source === id)
}

/** What keeps a trait from being deleted: segments whose rules ask for it, and campaigns counted by it. */
export function* holdersOfTrait(snapshot: CatalogSnapshot, id: string): Iterable<Holder> {
  yield* where<Campaign>(snapshot, CAMPAIGN_KIND, (one) => countedBy(one).includes(id))
  yield* where<Segment>(snapshot, SEGMENT_KIND, (segment) => {
    const rule = ruleOf(segment)
    return rule !== undefined && traitsOf(rule).has(id)
  })
}

/** What keeps a segment from being deleted: living contracts, offers, deals, and segments of its owner made of it. */
export function* holdersOfSegment(
  snapshot: CatalogSnapshot,
  id: string,
  nowMs: number,
): Iterable<Holder> {
  yield* where<ContractRecord>(
    snapshot,
    'contract',
    (contract) => contract.segments.includes(id) && !isOver(contract, nowMs),
  )
  yield* where<OfferRecord>(snapshot, OFFER_KIND, ({ segments }) => segments.includes(id))
  yield* where<DealRecord>(snapshot, 'deal', ({ audience }) =>
    [audience?.any, audience?.all, audience?.none].some((ids) => ids?.includes(id)),
  )
  yield* where<Campaign>(snapshot, CAMPAIGN_KIND, ({ excluded }) => excluded === id)
  // What others make of it under contracts that are over does not bind its owner.
  const owner = (snapshot.kind(SEGMENT_KIND).get(id)?.value as Segment | undefined)?.owner
  yield* where<Segment>(
    snapshot,
    SEGMENT_KIND,
    (segment) => segment.owner === owner && asksIn(segment).segments.includes(id),
  )
}

/** Refuses with `conflict` and the names of what holds the object; many are counted. */
export function refuseWhileHeld(holders: Iterable<Holder>): void {
  const all = [...holders]
  if (all.length === 0) return
  const problems = all
    .slice(0, LIMITS.namedMax)
    .map(({ kind, id }) => ({ field: '', reason: `${kind} ${id} still rests on it` }))
  const more = all.length - problems.length
  if (more > 0) problems.push({ field: '', reason: `and ${more} more` })
  throw new Refused('conflict', problems)
}

/** A contract that can serve nothing any more unless somebody writes it anew. */
function isOver(contract: ContractRecord, nowMs: number): boolean {
  if (contract.status === 'revoked' || contract.status === 'ended') return true
  return momentOf(contract.endsAt, contract.timeZone) <= nowMs
}

function* where<R>(
  snapshot: CatalogSnapshot,
  kind: string,
  holds: (record: R, id: string) => boolean,
): Iterable<Holder> {
  for (const { id, value } of snapshot.kind(kind).values())
    if (holds(value as R, id)) yield { kind, id }
}
