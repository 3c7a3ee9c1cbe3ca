const NUMBER = /^(\d+)(?:[.](\d*))?(?:[eE]([+-]?\d{1,3}))?$/

/**
 * A non-negative number's text as a plain decimal: `1e-2` is `0.01`, `28.0` stays `28.0`. No float is
 * made of it, so that no digit is lost. Undefined where the text is no such number.
 */
export function decimalText(text: string): string | undefined {
  const parts = NUMBER.exec(text)
  if (!parts) return undefined
  const [, whole = '', fraction = '', exponent] = parts
  if (exponent === undefined) return parts[0].endsWith('.') ? undefined : parts[0]
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  const padded = digits.padStart(digits.length + Math.max(0, -point), '0').padEnd(point, '0')
  const at = Math.max(0, point)
  return plain(padded.slice(0, at), padded.slice(at))
}

/** Whether two plain decimals are the same amount: `28`, `28.0` and `028.00`. */
export function sameDecimal(a: string, b: string): boolean {
  return canonical(a) === canonical(b)
}

function canonical(text: string): string {
  const [whole = '', fraction = ''] = text.split('.')
  return plain(whole, fraction.replace(/0+$/, ''))
}

function plain(whole: string, fraction: string): string {
  const units = whole.replace(/^0+(?=\d)/, '') || '0'
  return fraction ? `${units}.${fraction}` : units
}
