const [BRACE, BRACE_CLOSED, COMMA] = [0x7b, 0x7d, 0x2c] as const

/**
 * One JSON object with the members of all, in their order: what a member comes to that stands more than once, since of
 * privacy each time counts. One that is no object stands for all: it is for its reader to refuse. Undefined of none.
 */
export function joinedObjects(parts: readonly Uint8Array[]): Uint8Array | undefined {
  if (parts.length < 2) return parts[0]
  const strange = parts.find((part) => part[0] !== BRACE)
  if (strange !== undefined) return strange
  const joined: Uint8Array[] = []
  for (const members of parts.map(membersOf).filter((one) => one.length > 0))
    joined.push(Buffer.of(joined.length === 0 ? BRACE : COMMA), members)
  return Buffer.concat(
    joined.length === 0 ? [Buffer.of(BRACE, BRACE_CLOSED)] : [...joined, Buffer.of(BRACE_CLOSED)],
  )
}

/** What stands between the braces; nothing where that is blank. */
function membersOf(object: Uint8Array): Uint8Array {
  const inner = object.subarray(1, -1)
  return inner.every(isBlank) ? inner.subarray(0, 0) : inner
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
