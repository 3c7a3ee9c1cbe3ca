import type { EID } from 'iab-openrtb/v26'
import type { SegmentUse } from '../../exchange/buyer-view.ts'
import { cellOf, type MeterCell } from '../../exchange/usage/meter.ts'
import { billsOnNotice, TokenDraft } from '../../exchange/usage/token-content.ts'
import type { Stamp, TokenMint } from '../../exchange/usage/token-mint.ts'
import { VERSION } from './arrive.ts'
import type { Bid } from './bid.ts'
import { HOLE_FROM_END, type TokenPlace, unsealed } from './billed-piece.ts'
import { type NestedJson, nestedJson } from './nested-json.ts'
import { eidsThere } from './read-there.ts'
import type { ToldId } from './selection.ts'
import { type EidsHome, eidsHome, type UserPlaces, userPlacesOf } from './user-places.ts'

/** Ids to be placed into `user` of one request. */
export interface IdsPiece {
  readonly places: UserPlaces
  readonly home: EidsHome
  /** `"user":{"eids":[…]}` or `"ext":{"eids":[…]}`; undefined where all eids are there already. */
  readonly eids: NestedJson | undefined
  /** Sources of these eids. */
  readonly sources: readonly string[]
  /** `"buyeruid":"…"` */
  readonly buyeruid: Buffer | undefined
  /** Domains of the sellers under whose contracts these ids are told. */
  readonly domains: readonly string[]
  readonly cells: readonly MeterCell[]
  readonly tokens: readonly TokenPlace[]
}

/**
 * Writes the ids that were chosen, as far as the request has room and does not hold them. The buyer's own id is
 * told as an eid too, which says how it is known. Undefined where nothing is left.
 */
export function makeIds(bid: Bid): IdsPiece | undefined {
  const { selection, bytes } = bid
  const places = userPlacesOf(bytes, bid.places)
  const home = eidsHome(places, bid.ask.headers[VERSION] ?? '')
  if (home === undefined) return undefined
  const own = places.buyeruids === 0 ? selection.buyeruid : undefined
  const isThere = eidsThere(bytes, [places.eids, places.extEids])
  const fresh = [...(own ? [own] : []), ...selection.ids].filter((id) => !isThere(id))
  if (own === undefined && fresh.length === 0) return undefined
  const uses = new Set([...(own ? [own] : []), ...fresh].map(({ right }) => right.use))
  const billed = [...uses].filter((use) => !isBilledByData(bid, use))
  const stamps = stampsOf(bid, billed)
  const objects = eidObjects(fresh, stamps, bid.rooms.domain)
  const eids = objects.length === 0 ? undefined : nestedJson(home, 'eids', textOf(objects))
  return {
    places,
    home,
    eids,
    sources: objects.map(({ source }) => source),
    buyeruid: own && Buffer.from(`"buyeruid":${JSON.stringify(own.uid)}`),
    domains: [...new Set([...uses].map((use) => domainOf(use, selection.ids, own)))],
    cells: billed.flatMap((use) => cellFor(use) ?? []),
    tokens: eids === undefined ? [] : tokenPlaces(eids, objects),
  }
}

function domainOf(use: SegmentUse, ids: readonly ToldId[], own: ToldId | undefined): string {
  const id = own?.right.use === use ? own : ids.find(({ right }) => right.use === use)!
  return id.right.seller.domain
}

/** Ids are no unit of their own where a segment of the same contract is given, and billed, beside them. */
function isBilledByData({ plan }: Bid, { contract }: SegmentUse): boolean {
  return plan.fragment?.uses.some((use) => use.contract.id === contract.id) ?? false
}

/** A right lives as long as the view it is in: so does what is made of it. */
const cells = new WeakMap<SegmentUse, { cell: MeterCell | undefined }>()

function cellFor(use: SegmentUse): MeterCell | undefined {
  let known = cells.get(use)
  if (!known) cells.set(use, (known = { cell: cellOf([use]) }))
  return known.cell
}

const stamps = new WeakMap<SegmentUse, Stamp>()

function stampsOf(bid: Bid, uses: readonly SegmentUse[]): Map<SegmentUse, Stamp> {
  const onNotice = uses.filter(({ contract }) => billsOnNotice(contract))
  const mint = bid.rooms.usage.mint()
  return new Map(onNotice.map((use) => [use, stampOf(use, mint!, bid.view!.buyer)]))
}

function stampOf(use: SegmentUse, mint: TokenMint, buyer: number): Stamp {
  let stamp = stamps.get(use)
  if (!stamp) {
    const draft = new TokenDraft()
    draft.add(use)
    stamps.set(use, (stamp = mint.stampOf(draft.content(buyer))))
  }
  return stamp
}

interface EidObject {
  readonly source: string
  readonly text: string
  readonly stamp: Stamp | undefined
}

/** OpenRTB 2.6 §3.2.27 EID, one for all ids of a source that are known the same way; its token, if any, comes last. */
function eidObjects(
  ids: readonly ToldId[],
  stampOfUse: ReadonlyMap<SegmentUse, Stamp>,
  inserter: string,
): EidObject[] {
  const groups = new Map<string, ToldId[]>()
  for (const id of ids) {
    const name = JSON.stringify([id.source, id.matcher, id.mm, id.right.use.contract.id])
    const group = groups.get(name)
    if (group) group.push(id)
    else groups.set(name, [id])
  }
  return [...groups.values()].map((group) => {
    const { source, matcher, mm, right } = group[0]!
    const stamp = stampOfUse.get(right.use)
    const eid: EID = {
      ...{ inserter, source, matcher, mm: mm as NonNullable<EID['mm']> },
      uids: group.map(({ uid }) => ({ id: uid })),
      ...(stamp === undefined ? {} : { ext: { t: unsealed(stamp) } }),
    }
    return { source, text: JSON.stringify(eid), stamp }
  })
}

function textOf(objects: readonly EidObject[]): string {
  return objects.map(({ text }) => text).join(',')
}

function tokenPlaces(
  { whole, objectsAt }: NestedJson,
  objects: readonly EidObject[],
): TokenPlace[] {
  const holes = new Map<Stamp, number[]>()
  let end = objectsAt
  for (const { text, stamp } of objects) {
    end += Buffer.byteLength(text)
    if (stamp !== undefined) {
      const known = holes.get(stamp) ?? []
      holes.set(stamp, known)
      known.push(end - HOLE_FROM_END)
    }
    end += 1
  }
  return [...holes].map(([stamp, at]) => ({ stamp, bytes: whole, holes: at }))
}
