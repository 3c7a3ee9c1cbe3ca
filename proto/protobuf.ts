/** The door of protobufjs, in its build without a parser: schemas come as descriptors (proto/generated). */
import protobuf from 'protobufjs/light.js'

/** Reads and writes messages of one type. */
export interface MessageCodec<T> {
  /** Fields that are absent have their defaults; longs are numbers, bytes Buffers. Throws where the bytes are no such message. */
  decode(bytes: Uint8Array): T
  encode(message: object): Uint8Array
}

/** `name`: the message's full name, e.g. `passerelle.matches.MatchOperation`. */
export function messageCodec<T>(descriptor: object, name: string): MessageCodec<T> {
  const type = protobuf.Root.fromJSON(structuredClone(descriptor)).lookupType(name)
  return {
    decode: (bytes) => type.toObject(type.decode(bytes), AS_PLAIN) as T,
    encode: (message) => type.encode(type.fromObject(message)).finish(),
  }
}

const AS_PLAIN = { longs: Number, bytes: Buffer, defaults: true, arrays: true }

/** A field of a message as it stands on the wire. */
export interface WireField {
  field: number
  /** Undefined for wire types that hold neither a varint nor bytes. */
  value: Uint8Array | number | undefined
}

const VARINT = 0
const LENGTH_DELIMITED = 2
const FIELD_SHIFT = 3
const TYPE_MASK = 7

/** The fields of a message one by one, none of them kept; bytes share its memory. Throws where it is cut off or bent. */
export function* fieldsOf(bytes: Uint8Array): Iterable<WireField> {
  const reader = protobuf.Reader.create(bytes)
  while (reader.pos < reader.len) {
    const tag = reader.tag()
    const field = tag >>> FIELD_SHIFT
    const type = tag & TYPE_MASK
    if (field === 0) throw new Error('there is no field 0')
    if (type === LENGTH_DELIMITED) yield { field, value: reader.bytes() }
    else if (type === VARINT) yield { field, value: reader.bool() ? 1 : 0 }
    else {
      reader.skipType(type, 0, field)
      yield { field, value: undefined }
    }
  }
}
