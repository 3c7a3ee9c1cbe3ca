import type { WireSettings } from '../../exchange/partner.ts'
import { messageField, numberField, textField } from '../../proto/message-fields.ts'
import type { FragmentObject } from '../bid/make-fragment.ts'

// BidRequest.Data and Segment of openrtb.proto.
const [ID, NAME, SEGMENT, EXT, OLD_EXT] = [1, 2, 3, 99, 207] as const
const SEGMENT_ID = 1
const OLD_SEGTAX = 1

/**
 * A `user.data[]` object as a message; `token` where it carries one, which then stands last. What there is no agreed
 * field for is left out.
 */
export function dataMessage(
  { group, ids }: FragmentObject,
  { protobuf = {} }: WireSettings,
  token?: string,
): Buffer {
  const { provider, segtax, seats } = group
  const ext = [
    ...(segtax === undefined || typeof protobuf.segtax !== 'number'
      ? []
      : [numberField(protobuf.segtax, segtax)]),
    ...(protobuf.seats === undefined ? [] : seats.map((one) => textField(protobuf.seats!, one))),
    ...(protobuf.token === undefined || token === undefined
      ? []
      : [textField(protobuf.token, token)]),
  ]
  return Buffer.concat([
    textField(ID, provider.id),
    textField(NAME, provider.domain),
    ...[...ids].map((id) => messageField(SEGMENT, textField(SEGMENT_ID, id))),
    ...(segtax !== undefined && protobuf.segtax === 'legacy'
      ? [messageField(OLD_EXT, numberField(OLD_SEGTAX, segtax))]
      : []),
    ...(ext.length === 0 ? [] : [messageField(EXT, Buffer.concat(ext))]),
  ])
}
