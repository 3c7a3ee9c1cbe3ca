/** A rate with what it is made of. */
export interface Rate {
  count: number
  of: number
  /** `count` ÷ `of`; null where there is nothing to divide by. */
  rate: number | null
  /** Between which the true rate lies with 95 % confidence; null likewise. */
  low: number | null
  high: number | null
}

/** Of the normal distribution, for 95 %. */
const Z = 1.959964

/** The interval is Wilson's (1927), which holds for small counts too. A count may exceed what it is of, by those of the day before. */
export function rateOf(count: number, of: number): Rate {
  if (of === 0) return { count, of, rate: null, low: null, high: null }
  const rate = count / of
  const share = Math.min(rate, 1)
  const middle = share + Z ** 2 / (2 * of)
  const spread = Z * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2))
  const scale = 1 + Z ** 2 / of
  const low = Math.max(0, (middle - spread) / scale)
  const high = Math.min(1, (middle + spread) / scale)
  return { count, of, rate: rounded(rate), low: rounded(low), high: rounded(high) }
}

function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000
}
