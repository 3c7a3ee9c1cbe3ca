import { LIMITS } from '../limits.ts'
import type { CarriedContract, NoticeKind, NoticeRecord } from './ledger-record.ts'
import type { NoticeRefusal } from './notice-reasons.ts'
import type { OpenedToken } from './open-token.ts'
import { priceMicros } from './price-micros.ts'
import type { UsageTerms } from './usage-terms.ts'
import { writtenIds } from './used-segments.ts'

/** A notice as it was sent; '' for what it does not say. */
export interface NoticeGiven {
  what: NoticeKind
  t: string
  imp: string
  /** Per 1,000 impressions, as `${AUCTION_PRICE}` gives it. */
  price: string
  cur: string
  /** Segment ids as they were written into the request, separated by commas. */
  used: string
  by: string
}

/** In which a price counts that names no currency (OpenRTB 2.6 §4.2.1, BidResponse.cur). */
const DEFAULT_CURRENCY = 'USD'

/** What a notice says besides its token, checked; or the word for what is wrong with it. */
export function readSaid(
  { imp, price, cur, used, by }: NoticeGiven,
  isBuyer: boolean,
): Pick<NoticeRecord, 'imp' | 'by' | 'price' | 'used'> | NoticeRefusal {
  if (imp.length > LIMITS.noticeImpCharsMax) return 'bad_imp'
  const witness = witnessOf(by, isBuyer)
  if (witness === undefined) return 'bad_witness'
  const micros = price === '' ? undefined : priceMicros(price)
  if (price !== '' && micros === undefined) return 'bad_price'
  const currency = cur === '' ? DEFAULT_CURRENCY : cur.toUpperCase()
  // Before it is told in capitals: those of some letters beyond ASCII are in it.
  if (cur !== '' && !/^[A-Za-z]{3}$/.test(cur)) return 'bad_currency'
  const ids = used === '' ? undefined : idsIn(used)
  if (ids !== undefined && ids.length > LIMITS.noticeUsedMax) return 'bad_used'
  return {
    imp,
    by: witness,
    ...(micros === undefined ? {} : { price: { micros, currency } }),
    ...(ids === undefined ? {} : { used: ids }),
  }
}

/** Spaces around commas are nobody's ids. */
function idsIn(used: string): string[] {
  const ids = used.split(',').map((id) => id.trim())
  return [...new Set(ids)].filter((id) => id !== '')
}

/** Only the buyer itself can say that it is the buyer who says so. */
function witnessOf(by: string, isBuyer: boolean): NoticeRecord['by'] | undefined {
  if (by === '') return isBuyer ? 'buyer' : 'exchange'
  if (by === 'exchange' || by === 'creative') return by
  return by === 'buyer' && isBuyer ? by : undefined
}

/** What an answer carried, by segment ids; undefined where the terms of one contract are not known. */
export function carriedBy(
  { deal, lines }: OpenedToken,
  terms: UsageTerms,
): CarriedContract[] | undefined {
  const carried: CarriedContract[] = []
  for (const { contract, version, positions } of lines) {
    const sold = terms.contract(contract, version)?.segments
    if (sold === undefined) return undefined
    const segments = positions.flatMap((position) => sold[position] ?? [])
    carried.push({ contract, version, segments, ...(deal === '' ? {} : { deal }) })
  }
  return carried
}

/** Of the ids in `used` those under which something carried was written, with or without its provider before a colon. */
export function knownIds(
  used: readonly string[],
  carried: readonly CarriedContract[],
  terms: UsageTerms,
): string[] {
  const known = new Set<string>()
  for (const { contract, version, segments } of carried) {
    const at = terms.contract(contract, version)!
    for (const segment of segments)
      for (const id of writtenIds(segment, at, terms)) known.add(id).add(`${at.seller}:${id}`)
  }
  return used.filter((id) => known.has(id))
}
