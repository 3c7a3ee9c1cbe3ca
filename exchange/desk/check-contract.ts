import { isTimeZone } from '../../audience/calendar.ts'
import type { Problem } from '../../audience/refusal.ts'
import type { Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractBody } from '../contract.ts'
import { momentOf } from '../moment.ts'
import { OFFER_KIND, type OfferRecord } from '../offer.ts'
import { basisRecords } from '../provenance/basis-of.ts'
import { isOfOthers } from '../provenance/provenance-of.ts'
import { malformedPrice, senselessAttribution, senselessPrice } from './check-price.ts'
import { seatProblems } from './check-seats.ts'

/** What no schema can say of one field: dates that do not exist, prices that lack a part. */
export function malformedContract(body: ContractBody): Problem[] {
  const problems: Problem[] = [
    ...malformedDates(body.timeZone, {
      startsAt: body.startsAt,
      endsAt: body.endsAt,
      'exclusive.until': body.exclusive?.until,
    }),
    ...malformedPrice(body.price),
  ]
  body.caps?.forEach((cap, i) => {
    if (cap.units === undefined && cap.spendMicros === undefined)
      problems.push({ field: `caps.${i}`, reason: 'needs units or spendMicros' })
  })
  return problems
}

/** A zone that is none, or dates in it that do not exist. */
export function malformedDates(
  timeZone: string | undefined,
  dates: Readonly<Record<string, string | undefined>>,
): Problem[] {
  if (timeZone !== undefined && !isTimeZone(timeZone))
    return [{ field: 'timeZone', reason: 'is not a known IANA time zone' }]
  return Object.entries(dates)
    .filter(([, text]) => text !== undefined && Number.isNaN(momentOf(text, timeZone)))
    .map(([field]) => ({ field, reason: 'is not a date that exists' }))
}

/**
 * What is well formed and makes no sense: all of it, each at its field. What a contract that is over names
 * may be gone: it gives nothing, and stays as it was.
 */
export function senselessContract(body: ContractBody, snapshot: CatalogSnapshot): Problem[] {
  const problems: Problem[] = []
  const wrong = (field: string, reason: string) => problems.push({ field, reason })
  if (body.seller === body.buyer)
    wrong('buyer', 'is the seller: a partner needs no contract for its own segments')
  if (momentOf(body.endsAt, body.timeZone) <= momentOf(body.startsAt, body.timeZone))
    wrong('endsAt', 'must be after startsAt')
  problems.push(...senselessPrice(body), ...senselessAttribution(body), ...senselessCaps(body))
  const isOver = body.status === 'ended' || body.status === 'revoked'
  return isOver ? problems : [...problems, ...danglingProblems(body, snapshot)]
}

/** What units cost would never reach such a cap. */
function senselessCaps({ caps = [], price }: ContractBody): Problem[] {
  if (price.kind !== 'flat_month' && price.kind !== 'free') return []
  const reason = `units cost nothing where the price is ${price.kind}: cap them by units`
  return caps.flatMap(({ spendMicros }, i) =>
    spendMicros === undefined ? [] : [{ field: `caps.${i}.spendMicros`, reason }],
  )
}

/** What it rests on, and is not there or not so. */
function danglingProblems(body: ContractBody, snapshot: CatalogSnapshot): Problem[] {
  const problems: Problem[] = []
  const wrong = (field: string, reason: string) => problems.push({ field, reason })
  for (const side of ['seller', 'buyer'] as const)
    if (!snapshot.kind('partner').has(body[side])) wrong(side, `there is no partner ${body[side]}`)
  const offer = snapshot.kind(OFFER_KIND).get(body.offer ?? '')?.value as OfferRecord | undefined
  if (body.offer !== undefined && offer?.seller !== body.seller)
    wrong('offer', `the seller has no offer ${body.offer}`)
  return [...problems, ...segmentProblems(body, snapshot), ...seatProblems(body, snapshot)]
}

function segmentProblems(body: ContractBody, snapshot: CatalogSnapshot): Problem[] {
  const problems: Problem[] = []
  body.segments.forEach((id, i) => {
    const problem =
      ownershipProblem(snapshot, { id, seller: body.seller }) ?? writingProblem(body, snapshot, id)
    if (problem) problems.push({ field: `segments.${i}`, reason: problem })
  })
  const sold = new Set(body.segments)
  for (const id of Object.keys(body.externalIds ?? {}))
    if (!sold.has(id))
      problems.push({ field: `externalIds.${id}`, reason: 'is not a segment of this contract' })
  return problems
}

/** Why a seller cannot sell a segment; undefined where it owns it. */
export function ownershipProblem(
  snapshot: CatalogSnapshot,
  { id, seller }: { id: string; seller: string },
): string | undefined {
  const segment = snapshot.kind('segment').get(id)?.value as Segment | undefined
  if (!segment) return `there is no segment ${id}`
  if (segment.owner !== seller) return `${id} is not owned by the seller`
  return isOfOthers(basisRecords(snapshot), id)
    ? `${id} is made of segments of others, which are not for sale`
    : undefined
}

function writingProblem(
  { writeAs }: ContractBody,
  snapshot: CatalogSnapshot,
  id: string,
): string | undefined {
  const { taxonomy } = snapshot.kind('segment').get(id)!.value as Segment
  return writeAs === 'taxonomy' && !taxonomy ? `${id} has no taxonomy to be written as` : undefined
}
