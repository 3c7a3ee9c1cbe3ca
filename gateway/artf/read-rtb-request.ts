import { MessageParts } from '../../proto/message-parts.ts'
import { int32At, MessageReader, varintEnd, WireType } from '../../proto/message-reader.ts'

/** What an extension point is asked, besides the bid request. */
export interface RtbAsk {
  id: string
  /** Milliseconds its sender waits, as it says; 0 where it does not. */
  tmaxMs: number
  /** Numbers of the intents it takes; empty: all. */
  intents: readonly number[]
}

export interface ReadRtbRequest extends RtbAsk {
  /** Undefined where there is none. */
  bidRequest: Uint8Array | undefined
}

// RTBRequest of artf.proto.
const ID = 2
const TMAX = 3
const BID_REQUEST = 4
const INTENTS = 7
/** Of the schema in the text of the specification, which is older: it has `tmax` here, and `ext` where ours has that. */
const TEXT_TMAX = 6

const reader = new MessageReader()
const parts = new MessageParts()

/** Reads an RTBRequest in protobuf; a bid request in several parts is put together, as protobuf has it. Undefined where it is malformed. */
export function readRtbRequest(bytes: Uint8Array): ReadRtbRequest | undefined {
  const intents: number[] = []
  const read: ReadRtbRequest = { id: '', tmaxMs: 0, intents, bidRequest: undefined }
  parts.begin()
  reader.begin(bytes, 0, bytes.length)
  while (reader.next()) {
    const { field, type, start, stop } = reader
    if (type !== (TYPES[field] ?? type) && !(field === INTENTS && type === WireType.varint))
      return undefined
    if (field === ID) read.id = textAt(bytes, start, stop)
    else if ((field === TMAX || field === TEXT_TMAX) && type === WireType.varint)
      read.tmaxMs = Math.max(0, int32At(bytes, start))
    else if (field === BID_REQUEST) parts.add(bytes.subarray(start, stop))
    else if (field === INTENTS && !addVarints(bytes, start, stop, intents)) return undefined
  }
  if (reader.failed) return undefined
  read.bidRequest = parts.end()
  return read
}

const TYPES: Readonly<Record<number, number>> = {
  [ID]: WireType.bytes,
  [BID_REQUEST]: WireType.bytes,
  [INTENTS]: WireType.bytes,
}

function textAt({ buffer, byteOffset }: Uint8Array, start: number, stop: number): string {
  return Buffer.from(buffer, byteOffset + start, stop - start).toString()
}

/** False where they do not end with `stop`. */
function addVarints(bytes: Uint8Array, start: number, stop: number, into: number[]): boolean {
  for (let at = start; at < stop; ) {
    const next = varintEnd(bytes, at, stop)
    if (next < 0) return false
    into.push(int32At(bytes, at))
    at = next
  }
  return true
}
