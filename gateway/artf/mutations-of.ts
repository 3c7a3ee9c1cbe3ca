import type { Bid } from '../bid/bid.ts'
import type { DataFragment, FragmentObject } from '../bid/make-fragment.ts'
import { segmentIds } from '../bid/segment-ids.ts'
import { imposedOn } from './deals-there.ts'
import type { Intent, IntentSet } from './intents.ts'
import type { Mutation } from './mutation.ts'

/**
 * What a bid's plan comes to as mutations: segments first, then deals imp by imp; and what is proposed for deals that
 * stand in the request already. An imp without an id cannot be named: its deals are taken out of the plan.
 */
export function mutationsOf(bid: Bid, intents: IntentSet): Mutation[] {
  const { plan } = bid
  plan.keepImps((imp) => imp.idStart >= 0)
  return [
    ...(plan.fragment === undefined ? [] : [segmentsFor(bid, plan.fragment, intents)]),
    ...plan.imps.map((imp, i): Mutation => {
      const ids = plan.impDeals[i]!.map(({ deal }) => deal.wireId)
      return { ...ADD_DEALS, path: `/imp/${bid.wire.form.impId(bid, imp)}`, ids: { id: ids } }
    }),
    ...imposedOn(bid, intents),
  ]
}

const ADD_DEALS = { intent: 'ACTIVATE_DEALS', op: 'OPERATION_ADD' } as const

/** What a fragment comes to is the same for each of its answers, as long as it is asked for alike. */
const made = new WeakMap<DataFragment, { isPlain: boolean; mutation: Mutation }>()

function segmentsFor(bid: Bid, fragment: DataFragment, intents: IntentSet): Mutation {
  const isPlain = bid.holder!.partner.wires.plainSegmentIds ?? false
  const intent = intents.has('ACTIVATE_SEGMENTS')
    ? 'ACTIVATE_SEGMENTS'
    : 'ADD_DATA_SEGMENT_WITH_EMBEDDINGS'
  let known = made.get(fragment)
  if (known?.mutation.intent !== intent || known.isPlain !== isPlain) {
    known = { isPlain, mutation: segments(bid, fragment.objects, { intent, isPlain }) }
    made.set(fragment, known)
  }
  return known.mutation
}

function segments(
  bid: Bid,
  objects: readonly FragmentObject[],
  { intent, isPlain }: { intent: Intent; isPlain: boolean },
): Mutation {
  const place = { op: 'OPERATION_ADD', path: '/user/data/segment' } as const
  if (intent === 'ACTIVATE_SEGMENTS')
    return { intent, ...place, ids: { id: segmentIds(bid, { isPlain }) } }
  return {
    intent: 'ADD_DATA_SEGMENT_WITH_EMBEDDINGS',
    op: 'OPERATION_ADD',
    path: '/user/data',
    data_segments: { data: objects },
  }
}
