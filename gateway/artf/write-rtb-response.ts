import type { WireSettings } from '../../exchange/partner.ts'
import { ARTF_SCHEMA } from '../../proto/generated/artf-schema.ts'
import { doubleField, messageField, numberField, textField } from '../../proto/message-fields.ts'
import { dataMessage } from '../protobuf/data-message.ts'
import { INTENTS } from './intents.ts'
import type { Mutation, RtbResponse } from './mutation.ts'

const OPERATIONS = ARTF_SCHEMA.nested.passerelle.nested.artf.nested.Operation.values

// Fields of RTBResponse, Metadata and Mutation of artf.proto, and of what a mutation holds.
const [ID, MUTATIONS, METADATA] = [1, 2, 3] as const
const [API_VERSION, MODEL_VERSION] = [1, 2] as const
const [INTENT, OP, PATH, IDS, ADJUST_DEAL, DATA_SEGMENTS] = [1, 2, 3, 100, 101, 105] as const
const FIRST = 1

/** RTBResponse of artf.proto. */
export function writeRtbResponse(
  { id, mutations, metadata }: RtbResponse,
  settings: WireSettings,
): Uint8Array {
  const versions = [
    textField(API_VERSION, metadata.api_version),
    textField(MODEL_VERSION, metadata.model_version),
  ]
  return Buffer.concat([
    textField(ID, id),
    ...mutations.map((one) => messageField(MUTATIONS, mutationMessage(one, settings))),
    messageField(METADATA, Buffer.concat(versions)),
  ])
}

/** Of segments, which are made once for many answers. */
const written = new WeakMap<Mutation, { settings: WireSettings; message: Buffer }>()

function mutationMessage(mutation: Mutation, settings: WireSettings): Buffer {
  if (!mutation.path.startsWith('/user')) return newMessage(mutation, settings)
  let known = written.get(mutation)
  if (known?.settings !== settings) {
    known = { settings, message: newMessage(mutation, settings) }
    written.set(mutation, known)
  }
  return known.message
}

function newMessage(mutation: Mutation, settings: WireSettings): Buffer {
  const { intent, op, path, ids, adjust_deal, data_segments } = mutation
  const fields = [numberField(INTENT, INTENTS[intent]), numberField(OP, OPERATIONS[op])]
  fields.push(textField(PATH, path))
  if (ids !== undefined)
    fields.push(messageField(IDS, Buffer.concat(ids.id.map((one) => textField(FIRST, one)))))
  if (adjust_deal !== undefined)
    fields.push(messageField(ADJUST_DEAL, doubleField(FIRST, adjust_deal.bidfloor)))
  if (data_segments !== undefined) {
    const data = data_segments.data.map((one) => messageField(FIRST, dataMessage(one, settings)))
    fields.push(messageField(DATA_SEGMENTS, Buffer.concat(data)))
  }
  return Buffer.concat(fields)
}
