import type { Data } from 'iab-openrtb/v26'
import type { BuyerView, DataGroup, Entitlement, SegmentUse } from '../../exchange/buyer-view.ts'
import { dataOrder } from '../../exchange/data-order.ts'
import { type EgressMark, egressMark } from '../../exchange/egress/egress-meter.ts'
import { cellOf } from '../../exchange/usage/meter.ts'
import { billsOnNotice, TokenDraft } from '../../exchange/usage/token-content.ts'
import type { Stamp, TokenMint } from '../../exchange/usage/token-mint.ts'
import { type BilledPiece, HOLE_FROM_END, type TokenPlace, unsealed } from './billed-piece.ts'
import type { DecisionName } from './decision-name.ts'
import { type NestedJson, nestedJson } from './nested-json.ts'
import type { Selection } from './selection.ts'

/** `user.data[]` objects of one set of segments, ready to be placed into a JSON request. */
export interface DataFragment extends BilledPiece {
  /** `"user":{"data":[…]}` and its parts. */
  readonly json: NestedJson
  /** The same, as other forms are made of it. */
  readonly objects: readonly FragmentObject[]
  /** Numbers of the segments written, each once (taxonomy twins not counted twice). */
  readonly segments: readonly number[]
  /** The same, as the egress ledger notes them. */
  readonly egress: EgressMark
  /** What of it is used under contracts. */
  readonly uses: readonly SegmentUse[]
  /** How many could not be written, because the token had no room left, or there is none. */
  readonly tokenFull: number
  /** Domains of whose segments these are, each once: each owes a DSA transparency entry. */
  readonly domains: readonly string[]
  /** The decision it was given by last. */
  decision: DecisionName | undefined
}

/** One `user.data[]` object. */
export interface FragmentObject {
  readonly group: DataGroup
  readonly ids: ReadonlySet<string>
  /** One of its segments is billed on notice: it carries the token. */
  readonly isStamped: boolean
}

/** Says of one id whether it stands in the request already. */
export type IsThere = (group: DataGroup, id: string) => boolean

export interface FragmentOptions {
  /** Undefined where no token can be carried: then what is billed on notice is left out. */
  mint: TokenMint | undefined
  isThere?: IsThere
}

/** Writes the Data objects of a selection, leaving out what `isThere` says the request already has. */
export function makeFragment(
  view: BuyerView,
  selection: Selection,
  { mint, isThere = () => false }: FragmentOptions,
): DataFragment {
  const draft = new FragmentDraft(isThere, mint !== undefined)
  for (let i = 0; i < selection.count; i++) {
    const entitlement = view.entitlement(selection.segments[i]!)
    if (entitlement !== undefined) draft.add(entitlement)
  }
  const stamp = draft.token.isEmpty ? undefined : mint!.stampOf(draft.token.content(view.buyer))
  return draft.fragment(stamp)
}

interface DraftObject extends FragmentObject {
  readonly ids: Set<string>
  isStamped: boolean
}

class FragmentDraft {
  readonly token = new TokenDraft()
  readonly #isThere: IsThere
  readonly #hasTokens: boolean
  readonly #objects = new Map<DataGroup, DraftObject>()
  readonly #segments: number[] = []
  readonly #uses: SegmentUse[] = []
  #tokenFull = 0

  constructor(isThere: IsThere, hasTokens: boolean) {
    this.#isThere = isThere
    this.#hasTokens = hasTokens
  }

  /**
   * A segment is billed where its first form is new in this request: the node that stands beside its
   * own id (`both`) is never billed by itself, and segments that share a node are each used.
   */
  add({ segment, use, writes }: Entitlement): void {
    const fresh = writes.filter(({ group, id }) => !this.#isThere(group, id))
    if (fresh.length === 0) return
    const isUnit = fresh[0] === writes[0]
    const isStamped = isUnit && use !== undefined && billsOnNotice(use.contract)
    if (isStamped && !(this.#hasTokens && this.token.add(use))) {
      this.#tokenFull++
      return
    }
    for (const { group, id } of fresh) this.#write(group, id, isStamped)
    this.#segments.push(segment)
    if (isUnit && use !== undefined) this.#uses.push(use)
  }

  fragment(stamp: Stamp | undefined): DataFragment {
    const objects = [...this.#objects.values()].sort((a, b) => dataOrder(a.group, b.group))
    const texts = objects.map((object) => JSON.stringify(dataObject(object, stamp)))
    const json = nestedJson('user', 'data', texts.join(','))
    return {
      json,
      objects,
      segments: this.#segments,
      egress: egressMark(this.#segments),
      uses: this.#uses,
      tokenFull: this.#tokenFull,
      domains: [...new Set(objects.map(({ group }) => group.provider.domain))],
      decision: undefined,
      cell: cellOf(this.#uses),
      token:
        stamp &&
        tokenPlace(
          json,
          stamp,
          objects.map(({ isStamped }, i) => ({ isStamped, text: texts[i]! })),
        ),
    }
  }

  #write(group: DataGroup, id: string, isStamped: boolean): void {
    let object = this.#objects.get(group)
    if (!object) this.#objects.set(group, (object = { group, ids: new Set(), isStamped: false }))
    object.ids.add(id)
    object.isStamped ||= isStamped
  }
}

/** OpenRTB 2.6 §3.2.21 Data, with `ext.segtax`, `ext.seats` and, last, the token where they apply. */
export function dataObject({ group, ids, isStamped }: FragmentObject, stamp?: Stamp): Data {
  const ext = {
    ...(group.segtax === undefined ? {} : { segtax: group.segtax }),
    ...(group.seats.length === 0 ? {} : { seats: group.seats }),
    ...(isStamped && stamp ? { t: unsealed(stamp) } : {}),
  }
  return {
    id: group.provider.id,
    name: group.provider.domain,
    segment: [...ids].map((id) => ({ id })),
    ...(Object.keys(ext).length === 0 ? {} : { ext }),
  }
}

function tokenPlace(
  { whole, objectsAt }: NestedJson,
  stamp: Stamp,
  objects: readonly { isStamped: boolean; text: string }[],
): TokenPlace {
  const holes: number[] = []
  let end = objectsAt
  for (const { isStamped, text } of objects) {
    end += Buffer.byteLength(text)
    if (isStamped) holes.push(end - HOLE_FROM_END)
    end += 1
  }
  return { stamp, bytes: whole, holes }
}
