import type { CompiledDeal } from '../../exchange/buyer-view.ts'
import type { WireSettings } from '../../exchange/partner.ts'
import { OPENRTB_SCHEMA } from '../../proto/generated/openrtb-schema.ts'
import { messageField, textField } from '../../proto/message-fields.ts'
import { messageCodec } from '../../proto/protobuf.ts'
import { copySeal, type TokenPlace, unsealed } from '../bid/billed-piece.ts'
import type { DealPiece } from '../bid/deal-pieces.ts'
import type { DataFragment } from '../bid/make-fragment.ts'
import { dataMessage } from './data-message.ts'

// Fields of User, Pmp and Deal of openrtb.proto.
const DATA = 8
const DEALS = 2
const EXT = 99

/** A piece of an answer that was made once, and where the seals of its tokens stand. */
interface Kept {
  /** Of which settings it was made. */
  readonly settings: WireSettings
  readonly fields: Buffer
  readonly holes: readonly number[]
}

const fragments = new WeakMap<DataFragment, Kept>()

/** `data` fields of User for a fragment, sealed as the fragment is. */
export function dataFields(fragment: DataFragment, settings: WireSettings): Buffer {
  let kept = fragments.get(fragment)
  if (kept?.settings !== settings) fragments.set(fragment, (kept = makeData(fragment, settings)))
  return sealed(kept, fragment.token)
}

function makeData({ objects, token }: DataFragment, settings: WireSettings): Kept {
  const holes: number[] = []
  let length = 0
  const fields = objects.map((object) => {
    const stamp = object.isStamped ? token?.stamp : undefined
    const data = dataMessage(object, settings, stamp && unsealed(stamp))
    const field = messageField(DATA, data)
    length += field.length
    if (stamp !== undefined) holes.push(length)
    return field
  })
  return { settings, fields: Buffer.concat(fields), holes }
}

const deals = new WeakMap<DealPiece, Kept>()

/** `deals` field of Pmp for a deal, sealed as the deal is. */
export function dealField(piece: DealPiece, settings: WireSettings): Buffer {
  let kept = deals.get(piece)
  if (kept?.settings !== settings) deals.set(piece, (kept = makeDeal(piece, settings)))
  return sealed(kept, piece.token)
}

const deal = messageCodec(OPENRTB_SCHEMA, 'passerelle.openrtb.Deal')

function makeDeal({ deal: compiled, token }: DealPiece, settings: WireSettings): Kept {
  const number = settings.protobuf?.token
  const hasToken = token !== undefined && number !== undefined
  const ext = hasToken ? [messageField(EXT, textField(number, unsealed(token.stamp)))] : []
  const field = messageField(DEALS, Buffer.concat([plainDeal(compiled), ...ext]))
  return { settings, fields: field, holes: hasToken ? [field.length] : [] }
}

function plainDeal({ json }: CompiledDeal): Uint8Array {
  return deal.encode(JSON.parse(json))
}

/** A token stands last in its message: its seal ends where that does. Copied out before the next answer is made. */
function sealed({ fields, holes }: Kept, token: TokenPlace | undefined): Buffer {
  if (token === undefined) return fields
  for (let i = 0; i < holes.length; i++) copySeal(token, fields, holes[i]!)
  return fields
}
