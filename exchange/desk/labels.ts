import { DAY_MS, dayOf } from '../../audience/clock.ts'
import { NAMESPACE_KIND, type Namespace, OWN_NAMESPACES } from '../../audience/namespace.ts'
import { checker } from '../../audience/schema.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { CatalogWrite } from '../../audience/store/store.ts'
import { countriesOf } from '../countries-of.ts'
import { closed } from '../fields.ts'
import {
  definitionDigest,
  REFRESH_KIND,
  type RefreshRecord,
  refreshOf,
  SIGNATURE_KIND,
  type SignatureRecord,
  signatureOf,
} from '../label/label-records.ts'
import { type LabelFacts, type MadeLabel, makeLabel } from '../label/make-label.ts'
import { liveNamespaces, type Stale, staleBecause } from '../label/stale-because.ts'
import { LIMITS } from '../limits.ts'
import { OFFER_KIND, type OfferRecord } from '../offer.ts'
import type { PartnerRecord } from '../partner.ts'
import { basisRecords } from '../provenance/basis-of.ts'
import { segmentProvenance } from '../provenance/provenance-of.ts'
import { nodesOf } from '../taxonomy/nodes-of.ts'
import { pathText, taxonomyOf } from '../taxonomy/taxonomy-record.ts'
import { type Actor, type DeskDeps, notFound, sees, snapshotOf } from './desk.ts'
import { mayKnowOffer } from './offers.ts'
import { orWhenLate } from './or-when-late.ts'
import { segmentReading } from './segments.ts'
import { checkedBody, refuseAll, writeRecord } from './write-record.ts'

/** A segment's data label, and how good it is. */
export interface LabelShown extends MadeLabel {
  segment: string
  at: string
  /** `stale`: nothing is published on the segment. `incomplete`: it lacks fields, and may be published. */
  state: 'complete' | 'incomplete' | 'stale'
  stale: Stale[]
  /** The nodes it stands for, as their taxonomies name them: those imported here. */
  standardNames: string[]
  provenance: Segment['provenance']
  /** When an import last put somebody into it. */
  refreshedOn?: string
  /** Open offers of it that the caller knows of. */
  offers: string[]
  signed?: { at: string; by: string }
}

/** Segment number → numbers of the namespaces people were put into it under. */
export type Refreshed = ReadonlyMap<number, ReadonlySet<number>>

const checkEmpty = checker(closed({}))

/**
 * The data label of a segment, for whoever sees the segment or an offer of it. Counting may take longer than a
 * caller should wait: then the size is missing, and there when asked again.
 */
export async function getLabel(deps: DeskDeps, actor: Actor, id: string): Promise<LabelShown> {
  const { segment } = mustSeeLabel(deps, actor, id)
  const size = await idsAbout(deps, segment)
  const snapshot = snapshotOf(deps)
  const nowMs = deps.clock.now()
  const made = makeLabel(factsOf(snapshot, { id, segment, size }))
  const stale = staleBecause(snapshot, { id, segment }, nowMs)
  const refreshedOn = refreshOf(snapshot, id)?.on
  const signature = signatureOf(snapshot, id)
  const { at = '', by = 'operator' } = signature ?? {}
  return {
    segment: id,
    at: new Date(nowMs).toISOString(),
    state: stale.length > 0 ? 'stale' : made.missing.length > 0 ? 'incomplete' : 'complete',
    ...made,
    stale,
    standardNames: standardNames(snapshot, segment),
    provenance: segmentProvenance(basisRecords(snapshot), id),
    ...(refreshedOn === undefined ? {} : { refreshedOn }),
    offers: openOffers(snapshot, id)
      .filter(({ offer }) => mayKnowOffer(actor, offer))
      .map((one) => one.id),
    ...(signature ? { signed: { at, by } } : {}),
  }
}

/** How many ids it has, in whole steps; undefined where they are still being counted. */
async function idsAbout({ reach }: DeskDeps, { number }: Segment): Promise<number | undefined> {
  if (!reach) return undefined
  const index = await orWhenLate(reach.upToDate(), LIMITS.reachWaitMsMax, () => undefined)
  return index && Math.floor(index.idsIn(number) / LIMITS.sizeStep) * LIMITS.sizeStep
}

/**
 * The owner stands by the label as it is: from now on a change of the segment makes it stale until it is signed
 * again. Refuses (`unprocessable`) while it lacks what only the owner can say.
 */
export async function signLabel(
  deps: DeskDeps,
  actor: Actor,
  { id, body }: { id: string; body?: unknown },
): Promise<LabelShown> {
  checkedBody(body ?? {}, checkEmpty, [])
  await writeRecord<SignatureRecord>(
    deps,
    { kind: SIGNATURE_KIND, id },
    {
      decide: (existing, snapshot) => {
        const segment = segmentIn(snapshot, id)
        if (!segment || !sees(actor, segment.owner)) throw notFound()
        const { missing } = makeLabel(factsOf(snapshot, { id, segment, size: 0 }))
        refuseAll(
          'unprocessable',
          missing.map(({ field, says }) => ({ field, reason: says })),
        )
        const digest = definitionDigest(segment)
        const before = existing?.value as SignatureRecord | undefined
        if (before?.digest === digest) return { value: before }
        const at = new Date(deps.clock.now()).toISOString()
        const by = actor.partner === undefined ? {} : { by: actor.partner }
        return { value: { at, ...by, digest } }
      },
    },
  )
  return getLabel(deps, actor, id)
}

/** Notes that an import put people into segments; at most one write a segment and day. */
export async function noteRefreshed(deps: DeskDeps, refreshed: Refreshed): Promise<void> {
  if (refreshed.size === 0) return
  const snapshot = snapshotOf(deps)
  const on = new Date(dayOf(deps.clock.now()) * DAY_MS).toISOString().slice(0, 10)
  const nameOf = namespaceNames(snapshot)
  const writes: CatalogWrite[] = []
  for (const { id, value } of snapshot.kind(SEGMENT_KIND).values()) {
    const under = refreshed.get((value as Segment).number)
    if (!under) continue
    const { namespaces = {} } = refreshOf(snapshot, id) ?? {}
    const fresh = [...under]
      .map((number) => nameOf.get(number))
      .filter((name) => name !== undefined)
    if (fresh.every((name) => namespaces[name] === on)) continue
    const next = { ...namespaces, ...Object.fromEntries(fresh.map((name) => [name, on])) }
    const record: RefreshRecord = { on, namespaces: latest(next) }
    writes.push({ kind: REFRESH_KIND, id, value: record })
  }
  if (writes.length === 0) return
  await deps.catalog.write(writes)
  await deps.feed.poke()
}

function mustSeeLabel(deps: DeskDeps, actor: Actor, id: string): { segment: Segment } {
  const snapshot = snapshotOf(deps)
  const segment = segmentIn(snapshot, id)
  const maySee =
    segment &&
    (segmentReading(deps, actor).visible(segment, id) ||
      openOffers(snapshot, id).some(({ offer }) => mayKnowOffer(actor, offer)))
  if (!maySee) throw notFound()
  return { segment }
}

function segmentIn(snapshot: CatalogSnapshot, id: string): Segment | undefined {
  return snapshot.kind(SEGMENT_KIND).get(id)?.value as Segment | undefined
}

function factsOf(
  snapshot: CatalogSnapshot,
  { id, segment, size }: Pick<LabelFacts, 'id' | 'segment' | 'size'>,
): LabelFacts {
  const provider = snapshot.kind('partner').get(segment.owner)!.value as PartnerRecord
  return {
    id,
    segment,
    provider,
    size,
    offeredIn: offeredIn(snapshot, id),
    namespaces: liveNamespaces(snapshot, id),
  }
}

interface OpenOffer {
  id: string
  offer: OfferRecord
}

function openOffers(snapshot: CatalogSnapshot, segment: string): OpenOffer[] {
  return [...snapshot.kind(OFFER_KIND).values()]
    .map(({ id, value }) => ({ id, offer: value as OfferRecord }))
    .filter(({ offer }) => offer.status === 'open' && offer.segments.includes(segment))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Countries of public offers; those that hold everywhere say nothing of where its people are. */
function offeredIn(snapshot: CatalogSnapshot, id: string): string[] {
  const regions = openOffers(snapshot, id)
    .filter(({ offer }) => offer.visibility === 'public')
    .flatMap(({ offer }) => offer.regions)
  return regions.length === 0 ? [] : [...countriesOf(regions)].sort()
}

function standardNames(snapshot: CatalogSnapshot, segment: Segment): string[] {
  return nodesOf(segment).flatMap(({ node }) => {
    const found = taxonomyOf(snapshot, node.segtax)?.node(node.id)
    return found ? [pathText(found.path)] : []
  })
}

function namespaceNames(snapshot: CatalogSnapshot): Map<number, string> {
  const all = [
    ...OWN_NAMESPACES.values(),
    ...[...snapshot.kind(NAMESPACE_KIND).values()].map(({ value }) => value as Namespace),
  ]
  return new Map(all.map(({ number, name }) => [number, name]))
}

/** Of more than LIMITS.refreshNamespacesMax those an import came under longest ago go. */
function latest(namespaces: Record<string, string>): Record<string, string> {
  const newestFirst = Object.entries(namespaces).sort(([, a], [, b]) =>
    a < b ? 1 : a > b ? -1 : 0,
  )
  return Object.fromEntries(newestFirst.slice(0, LIMITS.refreshNamespacesMax))
}
