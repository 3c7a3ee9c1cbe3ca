import { isDeepStrictEqual } from 'node:util'
import type { Problem } from '../../audience/refusal.ts'
import type { ContractBody, Price } from '../contract.ts'
import { countriesOf } from '../countries-of.ts'
import { discounted } from '../discounted.ts'
import { momentOf } from '../moment.ts'
import type { OfferRecord } from '../offer.ts'

/** How many countries a refusal names. */
const NAMED_MAX = 5

/** Where a contract goes beyond the offer it comes from: each field, and by what. */
export function beyondOffer(contract: ContractBody, offer: OfferRecord): Problem[] {
  const problems: Problem[] = []
  const wrong = (field: string, reason: string) => problems.push({ field, reason })
  contract.segments.forEach((id, i) => {
    if (!offer.segments.includes(id)) wrong(`segments.${i}`, `${id} is not in the offer`)
  })
  contract.uses.forEach((use, i) => {
    if (!offer.uses.includes(use)) wrong(`uses.${i}`, `${use} is not in the offer`)
  })
  const beyond = countriesBeyond(contract.regions ?? [], offer.regions)
  if (beyond !== undefined) wrong('regions', `the offer does not reach ${beyond}`)
  if (!isDeepStrictEqual(contract.price, priceFor(offer, contract.buyer)))
    wrong('price', 'is not that of the offer, less the buyer’s discount')
  const { exclusive } = contract
  if (exclusive && !isDeepStrictEqual(exclusive, exclusiveFor(offer, contract.buyer)))
    wrong('exclusive', 'is not what the offer promises this buyer')
  if (offer.billOn !== undefined && contract.billOn !== offer.billOn)
    wrong('billOn', `must be ${offer.billOn}, as in the offer`)
  return problems
}

/** The offer's price for one buyer. */
export function priceFor({ price, discounts = {} }: OfferRecord, buyer: string): Price {
  return discounted(price, Object.hasOwn(discounts, buyer) ? discounts[buyer]! : 0)
}

/** What the offer promises one buyer to be its alone; until a moment that no other time zone moves. */
export function exclusiveFor(
  { exclusive, timeZone }: OfferRecord,
  buyer: string,
): ContractBody['exclusive'] | undefined {
  if (!exclusive || (exclusive.buyer !== undefined && exclusive.buyer !== buyer)) return undefined
  const { buyer: _buyer, until, ...scope } = exclusive
  return { ...scope, until: new Date(momentOf(until, timeZone)).toISOString() }
}

function countriesBeyond(
  regions: readonly string[],
  offered: readonly string[],
): string | undefined {
  const reach = countriesOf(offered)
  const beyond = [...countriesOf(regions)].filter((country) => !reach.has(country))
  if (beyond.length === 0) return undefined
  if (regions.length === 0) return 'everywhere: name the regions'
  const more = beyond.length > NAMED_MAX ? ` and ${beyond.length - NAMED_MAX} more` : ''
  return `${beyond.slice(0, NAMED_MAX).join(', ')}${more}`
}
