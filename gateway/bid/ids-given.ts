import type { SegmentUse } from '../../exchange/buyer-view.ts'
import { cellOf, type MeterCell } from '../../exchange/usage/meter.ts'
import { billsOnNotice, TokenDraft } from '../../exchange/usage/token-content.ts'
import type { Stamp, TokenMint } from '../../exchange/usage/token-mint.ts'
import type { Bid } from './bid.ts'
import type { TokenPlace } from './billed-piece.ts'
import type { ToldId } from './selection.ts'

/** Ids to be placed into `user` of one request; each form of request adds how it writes them. */
export interface IdsPiece {
  /** Sources of the eids that are written. */
  readonly sources: readonly string[]
  readonly hasBuyeruid: boolean
  /** Domains of the sellers under whose contracts these ids are told. */
  readonly domains: readonly string[]
  readonly cells: readonly MeterCell[]
  readonly tokens: readonly TokenPlace[]
}

/** The ids to write, and what they are owed for: no bytes yet. */
export interface IdsGiven extends Omit<IdsPiece, 'tokens' | 'sources' | 'hasBuyeruid'> {
  /** `user.buyeruid` */
  readonly buyeruid: string | undefined
  /** OpenRTB 2.6 §3.2.27 EID, one for all ids of a source that are known the same way. */
  readonly eids: readonly EidGiven[]
}

export interface EidGiven {
  readonly source: string
  readonly matcher: string
  readonly mm: number
  readonly uids: readonly string[]
  /** Of its token, where it carries one. */
  readonly stamp: Stamp | undefined
}

/** What the request has of ids already. */
export interface IdsThere {
  hasBuyeruid: boolean
  hasEid(id: { source: string; uid: string }): boolean
}

/**
 * Of the ids that were chosen, those the request does not hold and the wire can carry. The buyer's own id is told as an
 * eid too, which says how it is known. Undefined where nothing is left.
 */
export function idsGiven(bid: Bid, there: IdsThere): IdsGiven | undefined {
  const { selection, gives } = bid
  const mayTell = ({ right }: ToldId) => gives.tokens || !billsOnNotice(right.use.contract)
  const buyeruid = there.hasBuyeruid ? undefined : selection.buyeruid
  const told = buyeruid && mayTell(buyeruid) ? buyeruid : undefined
  const chosen = [...(told ? [told] : []), ...selection.ids.filter(mayTell)]
  const isEidsAlone = gives.ids === 'eids'
  const fresh = chosen
    .filter((id) => !there.hasEid(id))
    .filter(({ matcher }, _, [first]) => !isEidsAlone || matcher === first!.matcher)
  const own = isEidsAlone ? undefined : told
  if (own === undefined && fresh.length === 0) return undefined
  const given = [...(own ? [own] : []), ...fresh]
  const uses = new Set(given.map(({ right }) => right.use))
  const billed = [...uses].filter((use) => !isBilledByData(bid, use))
  return {
    buyeruid: own?.uid,
    eids: eidsOf(fresh, stampsOf(bid, billed)),
    domains: [...new Set(given.map(({ right }) => right.seller.domain))],
    cells: billed.flatMap((use) => cellFor(use) ?? []),
  }
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

function eidsOf(ids: readonly ToldId[], stampOfUse: ReadonlyMap<SegmentUse, Stamp>): EidGiven[] {
  const groups = new Map<string, ToldId[]>()
  for (const id of ids) {
    const name = JSON.stringify([id.source, id.matcher, id.mm, id.right.use.contract.id])
    const group = groups.get(name)
    if (group) group.push(id)
    else groups.set(name, [id])
  }
  return [...groups.values()].map((group) => {
    const { source, matcher, mm, right } = group[0]!
    const uids = group.map(({ uid }) => uid)
    return { source, matcher, mm, uids, stamp: stampOfUse.get(right.use) }
  })
}

/** Where tokens stand in bytes: each stamp once, with all its places. */
export function tokensAt(
  bytes: Buffer,
  holes: readonly { stamp: Stamp | undefined; at: number }[],
): TokenPlace[] {
  const byStamp = new Map<Stamp, number[]>()
  for (const { stamp, at } of holes) {
    if (stamp === undefined) continue
    const known = byStamp.get(stamp) ?? []
    byStamp.set(stamp, known)
    known.push(at)
  }
  return [...byStamp].map(([stamp, places]) => ({ stamp, bytes, holes: places }))
}
