import type { WireSettings } from '../../exchange/partner.ts'
import { ARTF_SCHEMA } from '../../proto/generated/artf-schema.ts'
import { messageCodec } from '../../proto/protobuf.ts'
import { dataMessage } from '../protobuf/data-message.ts'
import type { Mutation, RtbResponse } from './mutation.ts'

const response = messageCodec(ARTF_SCHEMA, 'passerelle.artf.RTBResponse')

/** RTBResponse of artf.proto. */
export function writeRtbResponse(
  { id, mutations, metadata }: RtbResponse,
  settings: WireSettings,
): Uint8Array {
  const asMessage = ({ data_segments, ...mutation }: Mutation): object =>
    data_segments === undefined
      ? mutation
      : {
          ...mutation,
          data_segments: { data: data_segments.data.map((one) => dataMessage(one, settings)) },
        }
  return response.encode({ id, metadata, mutations: mutations.map(asMessage) })
}
