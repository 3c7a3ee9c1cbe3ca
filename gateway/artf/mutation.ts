import type { FragmentObject } from '../bid/make-fragment.ts'
import type { Intent } from './intents.ts'

/** One change that is proposed to a bid request (ARTF 1.0), in the words of its JSON: what a writer makes of it, see write-*.ts. */
export interface Mutation {
  intent: Intent
  op: 'OPERATION_ADD' | 'OPERATION_REMOVE' | 'OPERATION_REPLACE'
  path: string
  ids?: { id: readonly string[] }
  adjust_deal?: { bidfloor: number }
  data_segments?: { data: readonly FragmentObject[] }
}

export interface RtbResponse {
  id: string
  mutations: Mutation[]
  metadata: { api_version: string; model_version: string }
}
