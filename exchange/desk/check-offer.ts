import type { Reach } from '../../audience/reach/reach.ts'
import type { Problem } from '../../audience/refusal.ts'
import type { Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractBody } from '../contract.ts'
import { LIMITS } from '../limits.ts'
import { type OfferBody, type OfferRecord, partnersNamed } from '../offer.ts'
import type { OfferRefusal } from '../reasons.ts'
import { nodesOf } from '../taxonomy/nodes-of.ts'
import { ProhibitedTopics } from '../taxonomy/prohibited-nodes.ts'
import { topicOf } from '../taxonomy/taxonomy-record.ts'
import { malformedDates, ownershipProblem } from './check-contract.ts'
import { malformedPrice, senselessAttribution, senselessPrice } from './check-price.ts'
import { countedSoon } from './counted-soon.ts'

export function malformedOffer(body: OfferBody): Problem[] {
  const dates = { 'exclusive.until': body.exclusive?.until }
  return [...malformedDates(body.timeZone, dates), ...malformedPrice(body.price)]
}

/** What is well formed and makes no sense, or must not be: all of it, each at its field. */
export function senselessOffer(offer: OfferRecord, snapshot: CatalogSnapshot): Problem[] {
  const problems: Problem[] = []
  const wrong = (field: string, reason: string) => problems.push({ field, reason })
  for (const { field, partner } of partnersNamed(offer))
    if (!snapshot.kind('partner').has(partner)) wrong(field, `there is no partner ${partner}`)
    else if (field !== 'seller' && partner === offer.seller) wrong(field, 'is the seller')
  if (offer.visibility === 'private' && !offer.buyers?.length)
    wrong('buyers', 'is required where the offer is private')
  const billOn = offer.billOn ?? (offer.price.kind === 'percent_media' ? 'win' : undefined)
  problems.push(...senselessPrice({ price: offer.price, billOn }), ...senselessAttribution(offer))
  offer.segments.forEach((id, i) => {
    const problem =
      ownershipProblem(snapshot, { id, seller: offer.seller }) ?? unofferable(id, snapshot)
    if (problem) wrong(`segments.${i}`, problem)
  })
  return problems
}

/** Segments with fewer people than the offer asks for, told so roughly that a small one tells nothing. */
export async function tooSmall(
  { segments, minPeople }: Pick<OfferRecord, 'segments' | 'minPeople'>,
  snapshot: CatalogSnapshot,
  reach: Reach | undefined,
): Promise<Problem[]> {
  if (!reach || minPeople === 0) return []
  const index = await countedSoon(reach)
  return segments.flatMap((id, i) => {
    const { number } = snapshot.kind('segment').get(id)!.value as Segment
    const count = index.people({ any: [number] }).count()
    if (count >= minPeople) return []
    const about = Math.floor(count / LIMITS.sizeStep) * LIMITS.sizeStep
    const said = `${id} has fewer than ${minPeople} people (at least ${about})`
    return [{ field: `segments.${i}`, reason: because('too_few_people', said) }]
  })
}

/** Segments of a contract made from an offer that have become such as must not be offered since it was asked for. */
export function forbiddenSince(
  { offer, segments }: Pick<ContractBody, 'offer' | 'segments'>,
  snapshot: CatalogSnapshot,
): Problem[] {
  if (offer === undefined) return []
  return segments.flatMap((id, i) => {
    const reason = unofferable(id, snapshot)
    return reason === undefined ? [] : [{ field: `segments.${i}`, reason }]
  })
}

function unofferable(id: string, snapshot: CatalogSnapshot): string | undefined {
  const segment = snapshot.kind('segment').get(id)?.value as Segment | undefined
  if (segment === undefined) return undefined
  for (const { node } of nodesOf(segment)) {
    const topic = topicOf(snapshot, node)
    const said = `${id} stands for node ${node.id} of taxonomy ${node.segtax}.`
    if (topic) return because('prohibited_node', `${said} ${ProhibitedTopics[topic]}`)
  }
  if (segment.sensitive && segment.basis === undefined)
    return because('no_explicit_consent', `${id} is sensitive: name the evidence in its basis`)
  return undefined
}

/** A word of why a segment cannot be offered, and what that means here. */
export function because(word: OfferRefusal, sentence: string): string {
  return `${word}: ${sentence}`
}
