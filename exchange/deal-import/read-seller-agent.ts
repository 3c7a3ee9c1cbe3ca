import type { DealDocument, SenderFields } from './deal-document.ts'
import { sameDecimal } from './decimal-text.ts'
import type { ForeignDocument } from './foreign-document.ts'
import { given } from './given.ts'
import { lastDayOf } from './last-day-of.ts'
import type { SellerStatus } from './reasons.ts'

const STATUSES: Readonly<Record<string, SellerStatus>> = {
  active: 'active',
  approved: 'active',
  booked: 'active',
  live: 'active',
  paused: 'paused',
  created: 'pending',
  draft: 'pending',
  pending: 'pending',
  proposed: 'pending',
  complete: 'complete',
  completed: 'complete',
  expired: 'complete',
  archived: 'archived',
  cancelled: 'archived',
  rejected: 'archived',
}

/** Whether the price is fixed, and whether the buyer must bid; short forms are met, too. */
const TYPES: Readonly<Record<string, { isFixed: boolean; isGuaranteed: boolean }>> = {
  programmaticguaranteed: { isFixed: true, isGuaranteed: true },
  pg: { isFixed: true, isGuaranteed: true },
  preferreddeal: { isFixed: true, isGuaranteed: false },
  pd: { isFixed: true, isGuaranteed: false },
  privateauction: { isFixed: false, isGuaranteed: false },
  pa: { isFixed: false, isGuaranteed: false },
}

const FLOOR = 'floor_price_cpm'
const FIXED = 'fixed_price_cpm'
const AT = { 1: 1, 2: 2, 3: 3 } as const

/** What IAB Tech Lab's seller agent posts to a buyer's URL. */
export function readSellerAgent(doc: ForeignDocument): DealDocument {
  const dealId = doc.requiredText('deal_id') ?? ''
  same(doc, 'openrtb_params.id', dealId, 'deal_id')
  const type = wordOf(doc, 'deal_type', TYPES)
  const price = priceOf(doc, type?.isFixed ?? false)
  const fields: SenderFields = {
    ...given('name', doc.text('name')),
    ...given('bidfloor', price?.amount),
    ...given('bidfloorcur', currencyOf(doc)),
    ...given('at', doc.intOf('openrtb_params.at', AT) ?? (type?.isFixed ? 3 : undefined)),
    ...given('guar', type?.isGuaranteed ? 1 : undefined),
    ...given('wseat', seatsOf(doc)),
    ...given('wadomain', doc.texts('openrtb_params.wadomain')),
    ...given('startsAt', doc.text('flight_start')),
    ...given('endsAt', lastDayOf(doc.text('flight_end'))),
  }
  const sellerStatus = wordOf(doc, 'status', STATUSES) ?? 'active'
  return {
    dialect: 'seller_agent',
    dealId,
    origin: undefined,
    seller: undefined,
    sellerStatus,
    fields,
    names: {
      dealId: 'deal_id',
      status: 'status',
      bidfloor: price?.field ?? (type?.isFixed ? FIXED : FLOOR),
      bidfloorcur: 'currency',
      at: 'openrtb_params.at',
      wseat: 'buyer_seat_ids',
      wadomain: 'openrtb_params.wadomain',
      startsAt: 'flight_start',
      endsAt: 'flight_end',
    },
    kept: doc.kept,
    keptFields: doc.keptFields,
    ignored: doc.ignored(),
    problems: doc.problems,
  }
}

/** What stands in requests is `openrtb_params.bidfloor`; other prices beside it have to say the same. */
function priceOf(doc: ForeignDocument, isFixed: boolean) {
  const given = ['openrtb_params.bidfloor', ...(isFixed ? [FIXED, FLOOR] : [FLOOR, FIXED])]
    .map((field) => ({ field, amount: doc.amount(field) }))
    .filter((one): one is { field: string; amount: string } => one.amount !== undefined)
  const [first, ...others] = given
  for (const { field, amount } of others)
    if (!sameDecimal(amount, first!.amount))
      doc.wrong(
        field,
        `is ${amount}, and ${first!.field} is ${first!.amount}: which of them holds?`,
      )
  return first
}

function currencyOf(doc: ForeignDocument): string | undefined {
  const currency = doc.text('currency')
  if (currency !== undefined) same(doc, 'openrtb_params.bidfloorcur', currency, 'currency')
  return doc.text('openrtb_params.bidfloorcur') ?? currency
}

function seatsOf(doc: ForeignDocument): string[] | undefined {
  const [own, inRequests] = [doc.texts('buyer_seat_ids'), doc.texts('openrtb_params.wseat')]
  if (own && inRequests && own.toSorted().join('\n') !== inRequests.toSorted().join('\n'))
    doc.wrong('openrtb_params.wseat', 'names other seats than buyer_seat_ids')
  return inRequests ?? own
}

function same(doc: ForeignDocument, field: string, expected: string, other: string): void {
  const text = doc.text(field)
  if (text !== undefined && text !== expected) doc.wrong(field, `is not what ${other} says`)
}

/** What a word means, in whatever case and with whatever between its letters. */
function wordOf<T>(
  doc: ForeignDocument,
  field: string,
  meanings: Readonly<Record<string, T>>,
): T | undefined {
  const text = doc.text(field)
  if (text === undefined) return undefined
  const word = text.toLowerCase().replace(/[\s_-]/g, '')
  if (Object.hasOwn(meanings, word)) return meanings[word]
  return doc.wrong(field, `must be one of ${Object.keys(meanings).join(', ')}`)
}
