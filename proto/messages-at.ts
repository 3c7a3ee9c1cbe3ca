import { MessageReader, WireType } from './message-reader.ts'

/** The messages at a path of field numbers, in order, through all occurrences of those on the way. Shares the memory. */
export function messagesAt(bytes: Uint8Array, [field, ...deeper]: readonly number[]): Uint8Array[] {
  const found: Uint8Array[] = []
  const reader = new MessageReader()
  reader.begin(bytes, 0, bytes.length)
  while (reader.next())
    if (reader.field === field && reader.type === WireType.bytes)
      found.push(bytes.subarray(reader.start, reader.stop))
  return deeper.length === 0 ? found : found.flatMap((one) => messagesAt(one, deeper))
}
