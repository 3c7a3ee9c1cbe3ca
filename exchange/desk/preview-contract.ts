import { type Problem, refuse } from '../../audience/refusal.ts'
import { checker } from '../../audience/schema.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import { ContractBody, type ContractRecord } from '../contract.ts'
import { LIMITS } from '../limits.ts'
import { momentOf } from '../moment.ts'
import { OFFER_KIND, type OfferRecord } from '../offer.ts'
import { divided } from '../statements/fee.ts'
import { periodBefore } from '../statements/month-period.ts'
import { type PreviewLine, type PreviewNote, previewMonth } from '../statements/preview-month.ts'
import { type Summed, totalsOf } from '../statements/totals.ts'
import { monthFees } from '../usage/price/month-fees.ts'
import { grouped } from '../usage/price/price-lines.ts'
import { readUsage } from '../usage/read/read-usage.ts'
import { addDays, daysOfMonth } from '../usage/read/stretches.ts'
import type { UsageLine } from '../usage/read/usage-line.ts'
import { malformedContract, senselessContract } from './check-contract.ts'
import { CONTRACT_READ_ONLY } from './contracts.ts'
import { type Actor, isExchange, notFound, sees, snapshotOf } from './desk.ts'
import { mayKnowOffer } from './offers.ts'
import { segmentReading } from './segments.ts'
import { mustBeDays } from './statement-asked.ts'
import { lookupsOf, type UsageDeps } from './usage-deps.ts'
import { checkedBody, refuseAll } from './write-record.ts'

export interface PreviewQuery {
  id: string
  /** First and last day; the month before this one by default. */
  from?: string
  to?: string
  /** Terms to look at; without them, those of the contract that has the id. */
  body?: unknown
}

export interface ContractPreview {
  contract: string
  from: string
  to: string
  items: PreviewLine[]
  totals: Summed[]
  notes: PreviewNote[]
}

const checkContract = checker(ContractBody)

/**
 * What the buyer's usage of the seller's segments in some days would have cost under a contract, made or
 * not: as if it had been in force on all of them. It changes nothing.
 */
export async function previewContract(
  deps: UsageDeps,
  actor: Actor,
  { id, body, ...range }: PreviewQuery,
): Promise<ContractPreview> {
  const terms = termsAsked(deps, actor, { id, body })
  const { from, to } = daysAsked(deps, range)
  const lookups = lookupsOf(deps)
  const segments = new Set(terms.segments)
  const used = (contract: string, version: number) => lookups.terms.contract(contract, version)
  const wants = ({
    contract,
    version,
    segment,
  }: Pick<UsageLine, 'contract' | 'version' | 'segment'>) => {
    const { seller, buyer } = used(contract, version) ?? {}
    return seller === terms.seller && buyer === terms.buyer && segments.has(segment)
  }
  const lines = await readUsage(deps.tallies.read(from, to), { ...lookups, wants })
  const months = [...grouped(lines, ({ day }) => day.slice(0, 7))]
  const items = [
    ...months.flatMap(([month, some]) => previewMonth(some, terms, month)),
    ...monthlyFees(terms, from, to),
  ]
  const records = new Set(lines.map(({ contract, version }) => used(contract, version)!))
  const notes = notesOn(terms, [...records])
  return { contract: id, from, to, items, totals: totalsOf(items), notes }
}

function termsAsked(
  deps: UsageDeps,
  actor: Actor,
  { id, body }: { id: string; body?: unknown },
): ContractBody {
  const snapshot = snapshotOf(deps)
  if (body === undefined) {
    const record = snapshot.kind('contract').get(id)?.value as ContractRecord | undefined
    if (!record || !sees(actor, record.seller, record.buyer)) throw notFound()
    return record
  }
  const given = checkedBody<ContractBody>(body, checkContract, CONTRACT_READ_ONLY)
  if (!sees(actor, given.seller, given.buyer)) throw notFound()
  refuseAll('invalid', malformedContract(given))
  refuseAll('unprocessable', unknownSegments(deps, actor, given.segments))
  refuseAll('unprocessable', senselessContract(given, snapshot))
  return given
}

/** Terms may be made up, and must not be a way to guess: what the caller may not know of is not there. */
function unknownSegments(deps: UsageDeps, actor: Actor, segments: readonly string[]): Problem[] {
  if (isExchange(actor)) return []
  const snapshot = snapshotOf(deps)
  const offered = new Set(
    [...snapshot.kind(OFFER_KIND).values()]
      .map(({ value }) => value as OfferRecord)
      .filter((offer) => mayKnowOffer(actor, offer))
      .flatMap((offer) => offer.segments),
  )
  const { visible } = segmentReading(deps, actor)
  const isKnown = (id: string) => {
    const record = snapshot.kind(SEGMENT_KIND).get(id)
    return record !== undefined && (offered.has(id) || visible(record.value as Segment, id))
  }
  return segments.flatMap((id, i) =>
    isKnown(id) ? [] : [{ field: `segments.${i}`, reason: `there is no segment ${id}` }],
  )
}

function daysAsked(
  { clock }: UsageDeps,
  given: Pick<PreviewQuery, 'from' | 'to'>,
): { from: string; to: string } {
  const last = daysOfMonth(periodBefore(clock.now()))
  const { from = last.from, to = last.to } = given
  mustBeDays({ from, to })
  if (to < from) throw refuse('invalid', 'to', 'must not be before from')
  if (to > addDays(from, LIMITS.previewDaysMax - 1))
    throw refuse('invalid', 'to', `must be at most ${LIMITS.previewDaysMax} days after from`)
  return { from, to }
}

/** Fees by the month, as far as the days asked for reach. */
function monthlyFees(terms: ContractBody, from: string, to: string): PreviewLine[] {
  const { price, timeZone, platformFeeBps = 0 } = terms
  const fromMs = momentOf(from, timeZone)
  const untilMs = momentOf(addDays(to, 1), timeZone)
  const life = { version: 1, price, timeZone, fromMs, untilMs }
  const lines: PreviewLine[] = []
  for (let month = from.slice(0, 7); month <= to.slice(0, 7); month = monthAfter(month))
    for (const { amountMicros } of monthFees([life], month))
      lines.push({
        month,
        segment: '',
        deal: '',
        units: 0,
        ...divided(amountMicros, platformFeeBps),
        currency: price.currency ?? '',
      })
  return lines
}

function monthAfter(month: string): string {
  return addDays(daysOfMonth(month).to, 1).slice(0, 7)
}

function notesOn(terms: ContractBody, used: readonly ContractRecord[]): PreviewNote[] {
  if (used.length === 0) return terms.price.kind === 'flat_month' ? [] : ['no_usage']
  const { billOn = 'billable', attribution = 'used_all', price } = terms
  const notes: PreviewNote[] = []
  if (used.some((one) => one.billOn !== billOn)) notes.push('counted_as_was')
  if (used.some((one) => (one.attribution ?? 'used_all') !== attribution))
    notes.push('attributed_as_was')
  if (price.floorMicros !== undefined || price.capMicros !== undefined)
    notes.push('bounds_on_average')
  return notes
}
