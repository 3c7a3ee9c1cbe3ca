import { type FactsForm, Kind } from './bid-facts.ts'
import { int32At, MessageReader, WireType } from './message-reader.ts'

const INSERTER = 3
const MM = 5
const reader = new MessageReader()

/** Facts of protobuf: see scan-protobuf.ts. */
export const PROTOBUF_FACTS: FactsForm = {
  inventoryKind: Kind.text,
  readEid(bytes, start, end) {
    const said: { inserter?: string; mm?: number } = {}
    reader.begin(bytes, start, end)
    while (reader.next()) {
      const { field, type, start: from, stop } = reader
      if (field === INSERTER && type === WireType.bytes)
        said.inserter = Buffer.from(bytes.subarray(from, stop)).toString()
      if (field === MM && type === WireType.varint) said.mm = int32At(bytes, from)
    }
    return said
  },
}
