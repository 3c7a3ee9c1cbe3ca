/**
 * Many byte strings as one argument of a script: for each its length (4 bytes, big-endian) and its bytes. An argument
 * costs this process more than the bytes in it, on both ends of the connection.
 */
export function packParts(parts: readonly (Uint8Array | string | number)[]): Buffer {
  const bytes = parts.map((part) => (part instanceof Uint8Array ? part : Buffer.from(String(part))))
  const packed = Buffer.allocUnsafe(bytes.reduce((sum, { length }) => sum + 4 + length, 0))
  let at = 0
  for (const part of bytes) {
    at = packed.writeUInt32BE(part.length, at)
    packed.set(part, at)
    at += part.length
  }
  return packed
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
