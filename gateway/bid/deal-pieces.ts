import type { CompiledDeal, DealLicence, SegmentUse } from '../../exchange/buyer-view.ts'
import { cellOf } from '../../exchange/usage/meter.ts'
import { billsOnNotice, TokenDraft } from '../../exchange/usage/token-content.ts'
import type { Bid } from './bid.ts'
import { type BilledPiece, HOLE_FROM_END, unsealed } from './billed-piece.ts'
import { isIn } from './entitle.ts'
import { BID_LIMITS } from './limits.ts'
import { type NestedJson, nestedJson } from './nested-json.ts'

/** A deal as it is placed into requests. */
export interface DealPiece extends BilledPiece {
  readonly deal: CompiledDeal
  /** `"pmp":{"deals":[…]}` and its parts. */
  readonly json: NestedJson
}

const plain = new WeakMap<CompiledDeal, DealPiece>()

/** A deal for which nobody owes anything: its bytes live as long as the deal. */
export function plainPiece(deal: CompiledDeal): DealPiece {
  let piece = plain.get(deal)
  if (!piece) {
    const json = nestedJson('pmp', 'deals', deal.json)
    plain.set(deal, (piece = { deal, json, cell: undefined, token: undefined }))
  }
  return piece
}

/**
 * A deal that holds for this person, with what its seller owes for the contracts its audience rests on:
 * for the segments of `any` that made it true, and for `all` and `none`, which always do. Undefined
 * where that is more than a token can say.
 */
export function personPiece(bid: Bid, deal: CompiledDeal): DealPiece | undefined {
  const licence = bid.view!.deals(bid.exchange)!.licence(deal)
  if (licence === undefined) return plainPiece(deal)
  const held = deal.any.filter((segment) => licence.has(segment) && isIn(bid, segment))
  const kept = piecesOf(licence)
  const known = kept.find((one) => isSameList(one.held, held))
  if (known) return known.piece
  const piece = licencedPiece(bid, deal, usesOf(licence, [...held, ...deal.all, ...deal.none]))
  if (kept.length === BID_LIMITS.dealPiecesMax) kept.length = 0
  kept.push({ held, piece })
  return piece
}

interface Kept {
  readonly held: readonly number[]
  readonly piece: DealPiece | undefined
}

/** Pieces of a licence by the segments of `any` that hold; they live and die with its view. */
const pieces = new WeakMap<DealLicence, Kept[]>()

function piecesOf(licence: DealLicence): Kept[] {
  let kept = pieces.get(licence)
  if (!kept) pieces.set(licence, (kept = []))
  return kept
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i])
}

/** Each use once, however often the deal names its segment. */
function usesOf(licence: DealLicence, segments: readonly number[]): SegmentUse[] {
  return [...new Set(segments)].flatMap((segment) => licence.get(segment) ?? [])
}

function licencedPiece(
  bid: Bid,
  deal: CompiledDeal,
  uses: readonly SegmentUse[],
): DealPiece | undefined {
  const draft = new TokenDraft()
  for (const use of uses) if (billsOnNotice(use.contract) && !draft.add(use)) return undefined
  const cell = cellOf(uses, deal.id)
  if (draft.isEmpty) return { ...plainPiece(deal), cell }
  const stamp = bid.rooms.usage.mint()!.stampOf(draft.content(bid.view!.buyer, deal.id))
  const text = `${deal.json.slice(0, -1)},"ext":${JSON.stringify({ t: unsealed(stamp) })}}`
  const json = nestedJson('pmp', 'deals', text)
  const hole = json.objectsAt + json.objects.length - HOLE_FROM_END
  return { deal, json, cell, token: { stamp, bytes: json.whole, holes: [hole] } }
}
