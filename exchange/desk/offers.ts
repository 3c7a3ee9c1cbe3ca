import { isDeepStrictEqual } from 'node:util'
import { refuse } from '../../audience/refusal.ts'
import { checker } from '../../audience/schema.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { closed } from '../fields.ts'
import { LIMITS } from '../limits.ts'
import { isOfferedTo, mayRequest, OFFER_KIND, OfferBody, type OfferRecord } from '../offer.ts'
import { offerConflicts } from './check-exclusive.ts'
import { refuseStaleLabels } from './check-label.ts'
import { malformedOffer, senselessOffer, tooSmall } from './check-offer.ts'
import type { Shown, WriteOptions, Written } from './desk.ts'
import {
  type Actor,
  type DeskDeps,
  isExchange,
  mustWriteFor,
  notFound,
  sees,
  snapshotOf,
} from './desk.ts'
import {
  listRecords,
  type Page,
  type PageOptions,
  type Reading,
  readRecord,
} from './read-records.ts'
import { holdersOfOffer, refuseWhileHeld } from './references.ts'
import { soldGuards } from './sold-guards.ts'
import { checkedBody, checkId, type Decide, refuseAll, writeRecord } from './write-record.ts'

/** An offer as the desk shows it. */
export interface OfferShown extends OfferRecord {
  id: string
  /** Whether the caller may ask for a contract. */
  mayRequest: boolean
}

const checkOffer = checker(OfferBody)
const checkEmpty = checker(closed({}))

/**
 * Makes or replaces an offer; the seller's side or an operator of the exchange may. Contracts made from it
 * keep their terms. While it is open, every segment must be one that may be offered, and large enough.
 */
export async function putOffer(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body: unknown } & WriteOptions,
): Promise<Written<OfferShown>> {
  checkId(id)
  const given = checkedBody<OfferBody>(body, checkOffer, ['id', 'mayRequest'])
  mustWriteFor(actor, given.seller)
  refuseAll('invalid', malformedOffer(given))
  const offer: OfferRecord = {
    ...given,
    regions: given.regions ?? [],
    visibility: given.visibility ?? 'public',
    minPeople: given.minPeople ?? LIMITS.minPeopleDefault,
    status: given.status ?? 'open',
  }
  await deps.feed.poke()
  const nowMs = deps.clock.now()
  refuseUnlessGood(actor, offer, snapshotOf(deps))
  // Counting may take seconds: nobody waits for it in turn.
  if (offer.status === 'open')
    refuseAll('unprocessable', await tooSmall(offer, snapshotOf(deps), deps.reach))
  const decide: Decide<OfferRecord> = (existing, snapshot) => {
    const before = existing?.value as OfferRecord | undefined
    if (before && !sees(actor, before.seller)) throw refuse('conflict', 'id', 'the id is taken')
    refuseUnlessGood(actor, offer, snapshot)
    refuseStaleLabels(snapshot, { segments: openOf(offer), before: openOf(before) }, nowMs)
    refuseAll('conflict', offerConflicts(snapshot, { id, offer }, { actor, nowMs }))
    const isPromise = offer.exclusive !== undefined && offer.status === 'open'
    if (!isPromise || isDeepStrictEqual(before, offer)) return { value: offer }
    return { value: offer, also: soldGuards(snapshot, offer) }
  }
  const written = await deps.turns.take(offer.exclusive !== undefined, () =>
    writeRecord(deps, { kind: OFFER_KIND, id }, { ifMatch, decide }),
  )
  return { ...written, value: show(actor, id, written.value!) }
}

/** Ends an offer: nobody can ask for a contract any more; those there are go on. */
export async function closeOffer(
  deps: DeskDeps,
  actor: Actor,
  { id, body, ifMatch }: { id: string; body?: unknown } & WriteOptions,
): Promise<Written<OfferShown>> {
  checkedBody(body ?? {}, checkEmpty, [])
  const written = await writeRecord<OfferRecord>(
    deps,
    { kind: OFFER_KIND, id },
    {
      ifMatch,
      decide: (existing) => ({ value: { ...ownOffer(actor, existing), status: 'closed' } }),
    },
  )
  return { ...written, value: show(actor, id, written.value!) }
}

/** Deletes an offer no contract rests on; where one does, it is closed instead (`conflict` names them). */
export async function deleteOffer(
  deps: DeskDeps,
  actor: Actor,
  { id, ifMatch }: { id: string } & WriteOptions,
): Promise<void> {
  await writeRecord(
    deps,
    { kind: OFFER_KIND, id },
    {
      ifMatch,
      decide: (existing, snapshot) => {
        ownOffer(actor, existing)
        refuseWhileHeld(holdersOfOffer(snapshot, id, deps.clock.now()))
        return { value: null }
      },
    },
  )
}

export function getOffer(deps: DeskDeps, actor: Actor, id: string): Shown<OfferShown> {
  return readRecord(deps, id, reading(actor))
}

export function listOffers(deps: DeskDeps, actor: Actor, page: PageOptions): Page<OfferShown> {
  return listRecords(deps, page, reading(actor))
}

/** The whole offer, for whom it is there; `not_found` for others. */
export function mustSeeOffer(actor: Actor, offer: OfferRecord | undefined): OfferRecord {
  if (!offer || !mayKnowOffer(actor, offer)) throw notFound()
  return offer
}

/** A closed offer is there for its seller only: who has a contract from it has its terms there. */
export function mayKnowOffer(actor: Actor, offer: OfferRecord): boolean {
  if (sees(actor, offer.seller)) return true
  const { partner } = actor
  return partner !== undefined && offer.status === 'open' && isOfferedTo(offer, partner)
}

function refuseUnlessGood(actor: Actor, offer: OfferRecord, snapshot: CatalogSnapshot): void {
  if (!isExchange(actor) && offer.minPeople < LIMITS.minPeopleLeast)
    throw refuse('unprocessable', 'minPeople', `must be at least ${LIMITS.minPeopleLeast}`)
  refuseAll('unprocessable', senselessOffer(offer, snapshot))
}

/** What can be asked for. */
function openOf(offer: OfferRecord | undefined): readonly string[] {
  return offer?.status === 'open' ? offer.segments : []
}

function ownOffer(actor: Actor, existing: { value: unknown } | undefined): OfferRecord {
  const offer = mustSeeOffer(actor, existing?.value as OfferRecord | undefined)
  mustWriteFor(actor, offer.seller)
  return offer
}

function reading(actor: Actor): Reading<OfferRecord, OfferShown> {
  return {
    kind: OFFER_KIND,
    visible: (offer) => mayKnowOffer(actor, offer),
    show: (id, offer) => show(actor, id, offer),
  }
}

function show(actor: Actor, id: string, offer: OfferRecord): OfferShown {
  if (sees(actor, offer.seller)) return { id, ...offer, mayRequest: isExchange(actor) }
  return { id, ...forBuyer(offer, actor.partner!), mayRequest: mayRequest(offer, actor.partner!) }
}

/** A buyer sees what is offered to it, and not who else may buy at which price. */
function forBuyer(offer: OfferRecord, buyer: string): OfferRecord {
  const { buyers: _buyers, allow: _allow, block: _block, discounts = {}, ...rest } = offer
  const own = Object.hasOwn(discounts, buyer) ? { [buyer]: discounts[buyer]! } : undefined
  const { buyer: keptFor, ...scope } = rest.exclusive ?? { until: '' }
  const exclusive = rest.exclusive && (keptFor === buyer ? rest.exclusive : scope)
  return {
    ...rest,
    ...(own ? { discounts: own } : {}),
    ...(exclusive ? { exclusive } : {}),
  }
}
