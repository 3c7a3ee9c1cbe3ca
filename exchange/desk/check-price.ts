import type { Problem } from '../../audience/refusal.ts'
import type { ATTRIBUTIONS, BILL_ON, Price, PriceKind } from '../contract.ts'

/** A price that lacks a part no schema can ask for. */
export function malformedPrice(price: Price): Problem[] {
  const problems: Problem[] = []
  if (price.kind !== 'free')
    for (const field of ['amountMicros', 'currency'] as const)
      if (price[field] === undefined)
        problems.push({ field: `price.${field}`, reason: 'is required' })
  if (price.kind === 'free' && price.amountMicros)
    problems.push({
      field: 'price.amountMicros',
      reason: 'must be 0 or absent where the price is free',
    })
  return problems
}

/** Fields of a price that mean something with one kind only. */
const FIELDS_OF: Readonly<Record<string, PriceKind>> = {
  prorated: 'flat_month',
  floorMicros: 'percent_media',
  capMicros: 'percent_media',
  tiers: 'tiered_cpm',
  tierMode: 'tiered_cpm',
}

/** A price whose parts do not fit together, or not to the event that is billed. */
export function senselessPrice({
  price,
  billOn,
}: {
  price: Price
  billOn?: (typeof BILL_ON)[number] | undefined
}): Problem[] {
  const problems: Problem[] = []
  const wrong = (field: string, reason: string) => problems.push({ field, reason })
  if (price.kind === 'percent_media' && billOn !== 'win')
    wrong('billOn', 'must be win where the price is a share of the media price')
  for (const [field, kind] of Object.entries(FIELDS_OF))
    if (field in price && price.kind !== kind)
      wrong(`price.${field}`, `means something with ${kind} only`)
  if (price.kind === 'percent_media' && (price.amountMicros ?? 0) > 1_000_000)
    wrong('price.amountMicros', 'must be at most 1000000, all of the price')
  const { floorMicros = 0, capMicros = Number.POSITIVE_INFINITY, tiers = [] } = price
  if (floorMicros > capMicros) wrong('price.capMicros', 'must not be below floorMicros')
  if (tiers.some((tier, i) => i > 0 && tier.fromUnits <= tiers[i - 1]!.fromUnits))
    wrong('price.tiers', 'must ascend by fromUnits')
  return problems
}

/**
 * Which of several segments is paid for is decided for each impression that a notice tells of. What is delivered is
 * counted segment by segment: there all of them would be billed, whatever was agreed.
 */
export function senselessAttribution({
  attribution = 'used_all',
  billOn,
}: {
  attribution?: (typeof ATTRIBUTIONS)[number]
  billOn?: (typeof BILL_ON)[number]
}): Problem[] {
  if (attribution === 'used_all' || billOn !== 'delivered') return []
  const reason = 'must be used_all where billOn is delivered: each segment of each answer is a unit'
  return [{ field: 'attribution', reason }]
}
