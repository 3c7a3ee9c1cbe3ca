/**
 * Many byte strings as one argument of a script: for each its length (4 bytes, big-endian) and its bytes. An argument
 * costs this process more than the bytes in it, on both ends of the connection.
 */
export function packParts(parts: readonly (Uint8Array | string | number)[]): Buffer {
  let size = 0
  for (const part of parts) size += LENGTH_BYTES + lengthOf(part)
  const packed = Buffer.allocUnsafe(size)
  let at = 0
  for (const part of parts) {
    const from = at + LENGTH_BYTES
    if (part instanceof Uint8Array) packed.set(part, from)
    else packed.write(String(part), from)
    const length = lengthOf(part)
    packed.writeUInt32BE(length, at)
    at = from + length
  }
  return packed
}

const LENGTH_BYTES = 4

function lengthOf(part: Uint8Array | string | number): number {
  return part instanceof Uint8Array ? part.length : Buffer.byteLength(String(part))
}

/** Lua: `partsOf(packed)` gives a function that returns the next part at each call, and nil behind the last. */
export const partsLua = `
local function partsOf(packed)
  local at = 1
  return function()
    if at > #packed then return nil end
    local part
    part, at = struct.unpack('>I4c0', packed, at)
    return part
  end
end
`
