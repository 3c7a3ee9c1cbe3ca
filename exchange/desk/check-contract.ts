import { isTimeZone } from '../../audience/calendar.ts'
import type { Problem } from '../../audience/refusal.ts'
import type { Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractBody, Price, PriceKind } from '../contract.ts'
import { momentOf } from '../moment.ts'

/** What no schema can say of one field: dates that do not exist, prices that lack a part. */
export function malformedContract(body: ContractBody): Problem[] {
  const problems: Problem[] = []
  const wrong = (field: string, reason: string) => problems.push({ field, reason })
  if (body.timeZone !== undefined && !isTimeZone(body.timeZone))
    wrong('timeZone', 'is not a known IANA time zone')
  else
    for (const field of ['startsAt', 'endsAt'] as const)
      if (Number.isNaN(momentOf(body[field], body.timeZone)))
        wrong(field, 'is not a date that exists')
  if (body.price.kind !== 'free')
    for (const field of ['amountMicros', 'currency'] as const)
      if (body.price[field] === undefined) wrong(`price.${field}`, 'is required')
  if (body.price.kind === 'free' && body.price.amountMicros)
    wrong('price.amountMicros', 'must be 0 or absent where the price is free')
  body.caps?.forEach((cap, i) => {
    if (cap.units === undefined && cap.spendMicros === undefined)
      wrong(`caps.${i}`, 'needs units or spendMicros')
  })
  return problems
}

/** What is well formed and makes no sense: all of it, each at its field. */
export function senselessContract(body: ContractBody, snapshot: CatalogSnapshot): Problem[] {
  const problems: Problem[] = []
  const wrong = (field: string, reason: string) => problems.push({ field, reason })
  for (const side of ['seller', 'buyer'] as const)
    if (!snapshot.kind('partner').has(body[side])) wrong(side, `there is no partner ${body[side]}`)
  if (body.seller === body.buyer)
    wrong('buyer', 'is the seller: a partner needs no contract for its own segments')
  if (momentOf(body.endsAt, body.timeZone) <= momentOf(body.startsAt, body.timeZone))
    wrong('endsAt', 'must be after startsAt')
  if (body.price.kind === 'percent_media' && body.billOn !== 'win')
    wrong('billOn', 'must be win where the price is a share of the media price')
  return [...problems, ...priceProblems(body.price), ...segmentProblems(body, snapshot)]
}

/** Fields of a price that mean something with one kind only. */
const FIELDS_OF: Readonly<Record<string, PriceKind>> = {
  prorated: 'flat_month',
  floorMicros: 'percent_media',
  capMicros: 'percent_media',
  tiers: 'tiered_cpm',
  tierMode: 'tiered_cpm',
}

function priceProblems(price: Price): Problem[] {
  const problems: Problem[] = []
  for (const [field, kind] of Object.entries(FIELDS_OF))
    if (field in price && price.kind !== kind)
      problems.push({ field: `price.${field}`, reason: `means something with ${kind} only` })
  if (price.kind === 'percent_media' && (price.amountMicros ?? 0) > 1_000_000)
    problems.push({
      field: 'price.amountMicros',
      reason: 'must be at most 1000000, all of the price',
    })
  const { floorMicros = 0, capMicros = Number.POSITIVE_INFINITY, tiers = [] } = price
  if (floorMicros > capMicros)
    problems.push({ field: 'price.capMicros', reason: 'must not be below floorMicros' })
  if (tiers.some((tier, i) => i > 0 && tier.fromUnits <= tiers[i - 1]!.fromUnits))
    problems.push({ field: 'price.tiers', reason: 'must ascend by fromUnits' })
  return problems
}

function segmentProblems(body: ContractBody, snapshot: CatalogSnapshot): Problem[] {
  const problems: Problem[] = []
  body.segments.forEach((id, i) => {
    const segment = snapshot.kind('segment').get(id)?.value as Segment | undefined
    const field = `segments.${i}`
    if (!segment) problems.push({ field, reason: `there is no segment ${id}` })
    else if (segment.owner !== body.seller)
      problems.push({ field, reason: `${id} is not owned by the seller` })
    else if (body.writeAs === 'taxonomy' && !segment.taxonomy)
      problems.push({ field, reason: `${id} has no taxonomy to be written as` })
  })
  const sold = new Set(body.segments)
  for (const id of Object.keys(body.externalIds ?? {}))
    if (!sold.has(id))
      problems.push({ field: `externalIds.${id}`, reason: 'is not a segment of this contract' })
  return problems
}
