import type { Bid } from '../bid/bid.ts'
import type { FragmentObject } from '../bid/make-fragment.ts'
import { segmentIds } from '../bid/segment-ids.ts'
import { imposedOn } from './deals-there.ts'
import type { IntentSet } from './intents.ts'
import type { Mutation } from './mutation.ts'

/**
 * What a bid's plan comes to as mutations: segments first, then deals imp by imp; and what is proposed for deals that
 * stand in the request already. An imp without an id cannot be named: its deals are taken out of the plan.
 */
export function mutationsOf(bid: Bid, intents: IntentSet): Mutation[] {
  const { plan } = bid
  plan.keepImps((imp) => imp.idStart >= 0)
  return [
    ...(plan.fragment === undefined ? [] : [segments(bid, plan.fragment.objects, intents)]),
    ...plan.imps.map((imp, i): Mutation => {
      const ids = plan.impDeals[i]!.map(({ deal }) => deal.wireId)
      return { ...ADD_DEALS, path: `/imp/${bid.wire.form.impId(bid, imp)}`, ids: { id: ids } }
    }),
    ...imposedOn(bid, intents),
  ]
}

const ADD_DEALS = { intent: 'ACTIVATE_DEALS', op: 'OPERATION_ADD' } as const

function segments(bid: Bid, objects: readonly FragmentObject[], intents: IntentSet): Mutation {
  const place = { op: 'OPERATION_ADD', path: '/user/data/segment' } as const
  if (intents.has('ACTIVATE_SEGMENTS')) {
    const isPlain = bid.holder!.partner.wires.plainSegmentIds ?? false
    return { intent: 'ACTIVATE_SEGMENTS', ...place, ids: { id: segmentIds(bid, { isPlain }) } }
  }
  return {
    intent: 'ADD_DATA_SEGMENT_WITH_EMBEDDINGS',
    op: 'OPERATION_ADD',
    path: '/user/data',
    data_segments: { data: objects },
  }
}
