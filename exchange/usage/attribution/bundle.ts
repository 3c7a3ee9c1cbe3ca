/** A charged segment as a bundle of them is priced. */
export interface Bundled {
  /** Per 1,000 impressions, in micro-units of one currency. */
  priceMicros: number
  category: string
}

/** The dearest of the charged segments alone is paid; of equally dear ones the first. Xandr's methods 2 and 4. */
export function dearest<T extends Bundled>(charged: readonly T[]): T[] {
  let best: T | undefined
  for (const one of charged) if (!best || one.priceMicros > best.priceMicros) best = one
  return best ? [best] : []
}

/** Each category is paid once, by its dearest segment. Xandr's method 3, where a price is a category's. */
export function dearestByCategory<T extends Bundled>(charged: readonly T[]): T[] {
  const byCategory = new Map<string, T[]>()
  for (const one of charged)
    byCategory.set(one.category, [...(byCategory.get(one.category) ?? []), one])
  return [...byCategory.values()].flatMap(dearest)
}
