import type { WireSettings } from '../../exchange/partner.ts'
import { ARTF_SCHEMA } from '../../proto/generated/artf-schema.ts'
import { MessageWriter } from '../../proto/message-writer.ts'
import { dataMessage } from '../protobuf/data-message.ts'
import { INTENTS } from './intents.ts'
import type { Mutation, RtbResponse } from './mutation.ts'

const OPERATIONS = ARTF_SCHEMA.nested.passerelle.nested.artf.nested.Operation.values

// Fields of RTBResponse, Metadata and Mutation of artf.proto, and of what a mutation holds.
const [ID, MUTATIONS, METADATA] = [1, 2, 3] as const
const [API_VERSION, MODEL_VERSION] = [1, 2] as const
const [INTENT, OP, PATH, IDS, ADJUST_DEAL, DATA_SEGMENTS] = [1, 2, 3, 100, 101, 105] as const
const FIRST = 1

const page = new MessageWriter()

/** RTBResponse of artf.proto; valid until the next one. */
export function writeRtbResponse(
  { id, mutations, metadata }: RtbResponse,
  settings: WireSettings,
): Uint8Array {
  page.begin()
  page.text(ID, id)
  for (const one of mutations) writeMutation(one, settings)
  const opened = page.open(METADATA)
  page.text(API_VERSION, metadata.api_version)
  page.text(MODEL_VERSION, metadata.model_version)
  page.close(opened)
  return page.end()
}

function writeMutation(mutation: Mutation, settings: WireSettings): void {
  if (mutation.path.startsWith('/user')) {
    page.bytes(MUTATIONS, ofPerson(mutation, settings))
    return
  }
  const opened = page.open(MUTATIONS)
  writeFields(page, mutation, settings)
  page.close(opened)
}

/** Of segments, which are made once for many answers. */
const written = new WeakMap<Mutation, { settings: WireSettings; message: Buffer }>()

function ofPerson(mutation: Mutation, settings: WireSettings): Buffer {
  let known = written.get(mutation)
  if (known?.settings !== settings) {
    const own = new MessageWriter()
    writeFields(own, mutation, settings)
    known = { settings, message: Buffer.from(own.end()) }
    written.set(mutation, known)
  }
  return known.message
}

function writeFields(
  to: MessageWriter,
  { intent, op, path, ids, adjust_deal, data_segments }: Mutation,
  settings: WireSettings,
): void {
  to.number(INTENT, INTENTS[intent])
  to.number(OP, OPERATIONS[op])
  to.text(PATH, path)
  if (ids !== undefined) {
    const opened = to.open(IDS)
    for (const one of ids.id) to.text(FIRST, one)
    to.close(opened)
  }
  if (adjust_deal !== undefined) {
    const opened = to.open(ADJUST_DEAL)
    to.double(FIRST, adjust_deal.bidfloor)
    to.close(opened)
  }
  if (data_segments !== undefined) {
    const opened = to.open(DATA_SEGMENTS)
    for (const one of data_segments.data) to.bytes(FIRST, dataMessage(one, settings))
    to.close(opened)
  }
}
