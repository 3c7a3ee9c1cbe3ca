/**
 * Divides a whole number in proportion to weights into whole numbers that sum to it: each gets its part
 * rounded down, and what is left goes, one each, to the largest remainders (Hamilton's method); of equal
 * remainders to the first. Nothing to anybody where all weights are 0.
 */
export function apportion(total: bigint, weights: readonly bigint[]): bigint[] {
  const sum = weights.reduce((a, b) => a + b, 0n)
  if (sum === 0n) return weights.map(() => 0n)
  const parts = weights.map((weight) => (total * weight) / sum)
  const left = Number(total - parts.reduce((a, b) => a + b, 0n))
  weights
    .map((weight, i) => ({ i, remainder: (total * weight) % sum }))
    .sort((a, b) => (a.remainder === b.remainder ? a.i - b.i : a.remainder > b.remainder ? -1 : 1))
    .slice(0, left)
    .forEach(({ i }) => {
      parts[i]! += 1n
    })
  return parts
}
