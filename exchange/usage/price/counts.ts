/** What of a line of usage its amount is made of; see MEASURES for the parts. */
export interface Counts {
  units: bigint
  shared: bigint
  media: bigint
  floored: bigint
  capped: bigint
  unpriced: bigint
}

export const COUNTED = ['units', 'shared', 'media', 'floored', 'capped', 'unpriced'] as const

export function noCounts(): Counts {
  return { units: 0n, shared: 0n, media: 0n, floored: 0n, capped: 0n, unpriced: 0n }
}

export function addCounts(to: Counts, more: Counts): void {
  for (const one of COUNTED) to[one] += more[one]
}
