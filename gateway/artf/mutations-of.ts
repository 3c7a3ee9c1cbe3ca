import type { Bid } from '../bid/bid.ts'
import type { DealPiece } from '../bid/deal-pieces.ts'
import type { DataFragment, FragmentObject } from '../bid/make-fragment.ts'
import { segmentIds } from '../bid/segment-ids.ts'
import { addImposed } from './deals-there.ts'
import type { Intent, IntentSet } from './intents.ts'
import type { Mutation } from './mutation.ts'

/**
 * What a bid's plan comes to as mutations: segments first, then deals imp by imp; and what is proposed for deals that
 * stand in the request already. An imp without an id cannot be named: its deals are taken out of the plan.
 */
export function mutationsOf(bid: Bid, intents: IntentSet): Mutation[] {
  const { fragment } = bid.plan
  const mutations = fragment === undefined ? [] : [segmentsFor(bid, fragment, intents)]
  addDeals(bid, mutations)
  addImposed(bid, intents, mutations)
  return mutations
}

function addDeals(bid: Bid, into: Mutation[]): void {
  const { plan, wire } = bid
  plan.keepImps((imp) => imp.idStart >= 0)
  let deals: readonly DealPiece[] | undefined
  let ids: DealIds | undefined
  for (let i = 0; i < plan.imps.length; i++) {
    // Imps that hold none of ours share one list.
    if (deals !== plan.impDeals[i]) ids = new DealIds((deals = plan.impDeals[i]!))
    into.push(new DealsOfImp(`/imp/${wire.form.impId(bid, plan.imps[i]!)}`, ids!))
  }
}

/** Classes: what V8 takes for long-lived (it did, of literals here) fills its old space with garbage, a stop of 10 ms each second. */
class DealsOfImp implements Mutation {
  readonly intent = 'ACTIVATE_DEALS'
  readonly op = 'OPERATION_ADD'
  readonly path: string
  readonly ids: DealIds

  constructor(path: string, ids: DealIds) {
    this.path = path
    this.ids = ids
  }
}

class DealIds {
  readonly id: readonly string[]

  constructor(deals: readonly DealPiece[]) {
    this.id = deals.map(({ deal }) => deal.wireId)
  }
}

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
