/** The area under the ROC curve, and between which it lies with 95 % confidence. */
export interface Auc {
  auc: number
  low: number
  high: number
  /** How many were ranked of either kind. */
  positives: number
  negatives: number
}

/** Of the normal distribution, for 95 %. */
const Z = 1.959964

/**
 * How often a score of the first is above one of the second, ties counting half (Mann and Whitney 1947). Its interval is
 * DeLong's (DeLong, DeLong and Clarke-Pearson 1988), from where each score stands among those of the other kind.
 * Sorts what it is given. Undefined with fewer than two of either.
 */
export function aucOf(positives: Float64Array, negatives: Float64Array): Auc | undefined {
  const [m, n] = [positives.length, negatives.length]
  if (m < 2 || n < 2) return undefined
  positives.sort()
  negatives.sort()
  const above = placesAmong(positives, negatives)
  const below = placesAmong(negatives, positives)
  const auc = mean(above)
  const spread = Z * Math.sqrt(variance(above) / m + variance(below) / n)
  const [low, high] = [Math.max(0, auc - spread), Math.min(1, auc + spread)]
  return { auc, low, high, positives: m, negatives: n }
}

/** For each of some sorted numbers, the share of the others that is below it, equal ones counting half. */
function placesAmong(sorted: Float64Array, others: Float64Array): Float64Array {
  const places = new Float64Array(sorted.length)
  let below = 0
  let upTo = 0
  for (let i = 0; i < sorted.length; i++) {
    while (below < others.length && others[below]! < sorted[i]!) below++
    upTo = Math.max(upTo, below)
    while (upTo < others.length && others[upTo]! === sorted[i]!) upTo++
    places[i] = (below + (upTo - below) / 2) / others.length
  }
  return places
}

function mean(numbers: Float64Array): number {
  let sum = 0
  for (const one of numbers) sum += one
  return sum / numbers.length
}

function variance(numbers: Float64Array): number {
  const middle = mean(numbers)
  let sum = 0
  for (const one of numbers) sum += (one - middle) ** 2
  return sum / (numbers.length - 1)
}
