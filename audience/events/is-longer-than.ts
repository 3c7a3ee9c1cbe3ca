/**
 * Whether a parsed JSON value has more bytes than `max` as JSON, without white space and with nothing escaped. Walks with a
 * list of its own: JSON.stringify calls itself for each level, and a deep one ends in an error. Looks at no more
 * than it has to.
 */
export function isLongerThan(value: unknown, max: number): boolean {
  const left = [value]
  let bytes = 0
  while (left.length > 0 && bytes <= max) {
    const one = left.pop()
    if (typeof one === 'string') bytes += Buffer.byteLength(one) + 2
    else if (typeof one !== 'object' || one === null) bytes += String(one).length
    else if (Array.isArray(one)) {
      bytes += 1 + Math.max(1, one.length)
      if (bytes <= max) for (const inner of one) left.push(inner)
    } else {
      for (const name in one) {
        bytes += Buffer.byteLength(name) + 4
        left.push((one as Record<string, unknown>)[name])
      }
      bytes += 2
    }
  }
  return bytes > max
}
