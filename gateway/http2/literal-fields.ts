import { STATIC_TABLE } from './static-table.ts'

const INDEXED = 0x80
const PREFIX_4_MOST = 15
const PREFIX_7_MOST = 127

/**
 * A head as HPACK has it (RFC 7541 §6): what the static table holds by its index, else its name by index where it can, and the value as it
 * is; nothing is put into the peer's table. So the bytes are the same on every connection, and can be made once.
 */
export function literalFields(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.map(([name, value]) => field(name, value)))
}

function field(name: string, value: string): Buffer {
  const whole = STATIC_TABLE.findIndex((one) => one[0] === name && one[1] === value) + 1
  if (whole > 0) return Buffer.from([INDEXED | whole])
  return Buffer.concat([literalName(name), literalText(value)])
}

/** Before a value: a literal that is never put into a table. */
export function literalName(name: string): Buffer {
  const index = STATIC_TABLE.findIndex((one) => one[0] === name) + 1
  return index > 0
    ? Buffer.from(integer(index, PREFIX_4_MOST))
    : Buffer.concat([Buffer.from([0]), literalText(name)])
}

export function literalText(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  return Buffer.concat([Buffer.from(integer(bytes.length, PREFIX_7_MOST)), bytes])
}

/** RFC 7541 §5.1; `most` is the highest number of its prefix. */
function integer(value: number, most: number): number[] {
  if (value < most) return [value]
  const bytes = [most]
  let left = value - most
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128)
  return [...bytes, left]
}
