const DECIMAL = /^(\d{1,9})(?:\.(\d{1,30}))?$/
const MICRO_DIGITS = 6

/**
 * A price per 1,000 impressions as text (`2.50`, as `${AUCTION_PRICE}` gives it) in integer micro-units,
 * without float arithmetic; digits beyond the sixth are rounded half to even. Undefined where it is no
 * plain decimal, or 1,000,000,000 and more.
 */
export function priceMicros(text: string): number | undefined {
  const [, whole, fraction = ''] = DECIMAL.exec(text) ?? []
  if (whole === undefined) return undefined
  const kept = fraction.slice(0, MICRO_DIGITS).padEnd(MICRO_DIGITS, '0')
  const micros = Number(whole + kept)
  return micros + (roundsUp(fraction.slice(MICRO_DIGITS), micros) ? 1 : 0)
}

function roundsUp(rest: string, micros: number): boolean {
  if (/^50*$/.test(rest)) return micros % 2 === 1
  return rest >= '5'
}
