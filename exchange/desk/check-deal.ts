import { isTimeZone } from '../../audience/calendar.ts'
import { type Problem, refuse } from '../../audience/refusal.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import { type DealBody, wireIdOf } from '../deal.ts'
import { dealNames } from '../deal-names.ts'
import { momentOf } from '../moment.ts'

/** What no schema can say of one field. */
export function malformedDeal(deal: DealBody): Problem[] {
  if (deal.timeZone !== undefined && !isTimeZone(deal.timeZone))
    return [{ field: 'timeZone', reason: 'is not a known IANA time zone' }]
  return (['startsAt', 'endsAt'] as const)
    .filter((field) => deal[field] !== undefined && Number.isNaN(dateOf(deal, field)))
    .map((field) => ({ field, reason: 'is not a date that exists' }))
}

/** What is well formed and makes no sense: all of it, each at its field. */
export function senselessDeal(deal: DealBody, snapshot: CatalogSnapshot): Problem[] {
  const problems: Problem[] = []
  const wrong = (field: string, reason: string) => problems.push({ field, reason })
  const mustExist = (kind: string, id: string, field: string) => {
    if (!snapshot.kind(kind).has(id)) wrong(field, `there is no ${kind} ${id}`)
  }
  mustExist('partner', deal.seller, 'seller')
  mustExist('partner', deal.exchange, 'exchange')
  for (const [i, id] of (deal.buyers ?? []).entries()) mustExist('partner', id, `buyers.${i}`)
  for (const [part, ids] of Object.entries(deal.audience ?? {}))
    for (const [i, id] of ids.entries()) mustExist('segment', id, `audience.${part}.${i}`)
  if (deal.startsAt && deal.endsAt && dateOf(deal, 'endsAt') <= dateOf(deal, 'startsAt'))
    wrong('endsAt', 'must be after startsAt')
  if (deal.at === 3 && deal.bidfloor === undefined)
    wrong('bidfloor', 'is required where at is 3: it is the price')
  return [...problems, ...audienceProblems(deal.audience ?? {})]
}

/** Exchange and buyers know a deal by this name alone: two of one exchange may not share it. */
export function refuseTakenWireId(id: string, deal: DealBody, snapshot: CatalogSnapshot): void {
  const name = wireIdOf(id, deal)
  const ids = dealNames.idsOf(snapshot.kind('deal'), deal.exchange, name)
  if (ids.every((other) => other === id)) return
  const field = deal.dealId === undefined ? 'id' : 'dealId'
  throw refuse('conflict', field, `another deal of ${deal.exchange} is called ${name}`)
}

function audienceProblems({ any = [], all = [], none = [] }: NonNullable<DealBody['audience']>) {
  const problems: Problem[] = []
  if (none.length > 0 && any.length + all.length === 0)
    problems.push({ field: 'audience.none', reason: 'needs any or all beside it' })
  for (const [i, id] of all.entries())
    if (none.includes(id))
      problems.push({ field: `audience.all.${i}`, reason: 'is in none too: nobody can be in both' })
  if (any.length > 0 && any.every((id) => none.includes(id)))
    problems.push({ field: 'audience.any', reason: 'is in none as a whole: it can never hold' })
  return problems
}

function dateOf(deal: DealBody, field: 'startsAt' | 'endsAt'): number {
  return momentOf(deal[field]!, deal.timeZone)
}
