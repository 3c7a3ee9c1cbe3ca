import type { CompiledDeal, DealIndex } from '../../exchange/buyer-view.ts'
import type { WithheldReason } from '../../exchange/reasons.ts'
import type { ImpPlace } from '../../proto/request-places.ts'
import type { Bid } from '../bid/bid.ts'
import { dealLeftOut } from '../bid/entitle.ts'
import { mayHold } from '../bid/read-there.ts'
import type { DealTold } from '../bid/wire.ts'
import type { IntentSet } from './intents.ts'
import type { Mutation } from './mutation.ts'

/**
 * What is proposed for deals of ours that stand in the request already: those that are not to be had in it are taken
 * out, and of the others the floor is put right. Nothing is proposed where it could not be found out who the person is:
 * a store that is late is no reason to take deals out.
 */
export function addImposed(bid: Bid, intents: IntentSet, into: Mutation[]): void {
  const { places } = bid
  const index = bid.view?.deals(bid.exchange)
  const isAsked = intents.has('SUPPRESS_DEALS') || intents.has('ADJUST_DEAL_FLOOR')
  if (!isAsked || index === undefined || UNDECIDED.has(bid.reason)) return
  for (let i = 0; i < places.impCount; i++) {
    const imp = places.imps[i]!
    if (imp.deals.count > 0 && imp.idStart >= 0 && mayHoldAny(bid, imp, known(index)))
      into.push(...imposedOn(bid, { imp, ours: known(index), intents }))
  }
}

interface There {
  imp: ImpPlace
  ours: ReadonlyMap<string, Known>
  intents: IntentSet
}

function imposedOn(bid: Bid, { imp, ours, intents }: There): Mutation[] {
  const { form } = bid.wire
  const path = `/imp/${form.impId(bid, imp)}`
  const [kept, gone] = [[] as DealTold[], [] as string[]]
  for (const one of form.dealsTold(bid, imp)) {
    const verdict = ours.get(one.id)
    if (verdict === undefined) continue
    if (isNotToBeHad(bid, verdict)) gone.push(one.id)
    else if (verdict.reason === undefined) kept.push(one)
  }
  return [
    ...(gone.length > 0 && intents.has('SUPPRESS_DEALS')
      ? [{ ...REMOVE, path, ids: { id: [...new Set(gone)] } }]
      : []),
    ...(intents.has('ADJUST_DEAL_FLOOR')
      ? kept.flatMap((one) => floorOf(one, ours.get(one.id)!.deal, path))
      : []),
  ]
}

/** Beyond so many it is quicker to read the deals of the request than to look for each of ours. */
const LOOKED_FOR_MAX = 8

function mayHoldAny({ bytes }: Bid, { self }: ImpPlace, ours: ReadonlyMap<string, Known>): boolean {
  if (ours.size > LOOKED_FOR_MAX) return true
  for (const { deal } of ours.values()) if (mayHold(bytes, self, deal)) return true
  return false
}

const REMOVE = { intent: 'SUPPRESS_DEALS', op: 'OPERATION_REMOVE' } as const

/** Why nothing of the person was looked at, though something might have been found. */
const UNDECIDED: ReadonlySet<string> = new Set(['starting', 'late', 'unaccounted'])

interface Known {
  readonly deal: CompiledDeal
  readonly reason: WithheldReason | undefined
}

/** By what the deals are called in requests; as long as their index. */
const indexes = new WeakMap<DealIndex, Map<string, Known>>()

function known(index: DealIndex): Map<string, Known> {
  let deals = indexes.get(index)
  if (!deals) {
    deals = new Map()
    for (const { deal, reason } of index.verdicts())
      if (reason === undefined || !deals.has(deal.wireId)) deals.set(deal.wireId, { deal, reason })
    indexes.set(index, deals)
  }
  return deals
}

/** The deal as such is over or on hold; deals of others, and what could not be confirmed, are left alone. */
const OVER: ReadonlySet<WithheldReason> = new Set<WithheldReason>([
  'deal_paused',
  'deal_held_by_seller',
  'deal_out_of_dates',
  'deal_not_in_this_country',
  'deal_partner_paused',
  'audience_not_licensed',
])

function isNotToBeHad(bid: Bid, { deal, reason }: Known): boolean {
  return reason === undefined ? dealLeftOut(bid, deal) !== undefined : OVER.has(reason)
}

const DEFAULT_CURRENCY = 'USD'

/** The floor the deal was made with, where the request names another in the same currency. */
function floorOf(told: DealTold, deal: CompiledDeal, path: string): Mutation[] {
  const { bidfloor = 0, bidfloorcur = DEFAULT_CURRENCY } = JSON.parse(deal.json) as {
    bidfloor?: number
    bidfloorcur?: string
  }
  if (told.bidfloorcur !== bidfloorcur || told.bidfloor === bidfloor) return []
  return [
    {
      intent: 'ADJUST_DEAL_FLOOR',
      op: 'OPERATION_REPLACE',
      path: `${path}/pmp/deals/${deal.wireId}`,
      adjust_deal: { bidfloor },
    },
  ]
}
