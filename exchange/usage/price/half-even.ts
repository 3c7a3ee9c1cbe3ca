/**
 * A fraction as the nearest integer, halves to the even one (IEEE 754 §4.3.1, "banker's rounding"):
 * where many lines are rounded, what is won and lost evens out. `of` is positive.
 */
export function halfEven(value: bigint, of: bigint): bigint {
  const down = value / of - (value % of < 0n ? 1n : 0n)
  const twice = 2n * (value - down * of)
  const up = twice > of || (twice === of && down % 2n !== 0n)
  return up ? down + 1n : down
}
