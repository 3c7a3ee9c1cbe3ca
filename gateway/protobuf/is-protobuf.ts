import { firstByte } from '../bid/inflate.ts'

/** Content types by which OpenRTB in protobuf goes; the first is the specification's. */
const TYPES: ReadonlySet<string> = new Set([
  'application/x-protobuf',
  'application/protobuf',
  'application/vnd.google.protobuf',
  'application/octet-stream',
])

const OPEN_BRACE = 0x7b

/**
 * Whether a body of this content type is protobuf. Octets may be JSON: they are where they begin (inflated) with a brace, as
 * no message does that is taken here: it would be a group.
 */
export function isProtobuf(type: string, body: Uint8Array): boolean {
  if (type === 'application/json' || type === '') return false
  if (type !== lastType) {
    const [name = ''] = type.split(';', 1)
    isLastOurs = TYPES.has(name.trim().toLowerCase())
    lastType = type
  }
  return isLastOurs && firstByte(body) !== OPEN_BRACE
}

/** Most callers send the same for ever. */
let lastType = ''
let isLastOurs = false
