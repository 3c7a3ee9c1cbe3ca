import { createHash } from 'node:crypto'
import type { TallyAdd, TallyEntry } from '../../audience/store/store.ts'
import type { ContractRecord } from '../contract.ts'
import { dayIn } from '../moment.ts'
import type { CarriedContract, NoticeRecord, Witness } from './ledger-record.ts'
import { encodeField, type TallyField } from './tally-field.ts'
import { toldPrice } from './told-price.ts'
import type { UsageTerms } from './usage-terms.ts'
import { usedSegments } from './used-segments.ts'

type Once = NonNullable<TallyEntry['once']>

/** A contract that an answer carried, with its terms and the segments the notice says were used. */
interface Used extends CarriedContract {
  terms: ContractRecord | undefined
  /** The day of the usage: when the answer was given, in the contract's time zone. */
  day: string
  /** What a unit of it is paid in: where that is a share of the media price, in the notice's. */
  currency: string
}

/**
 * Of the notices about one impression of one answer one counts: `billing` before `win`; of one kind the
 * one with the lowest price, one with a price before one without.
 */
export function noticeEntries(record: NoticeRecord, terms: UsageTerms): TallyEntry[] {
  const all = usedOf(record, terms)
  const impression = `${record.answer}|${record.imp}`
  const day = dayIn(record.answeredS * 1000)
  if (record.what === 'loss') {
    const adds = all.map((one) => addTo(record.by, one, { measure: 'lost' }))
    const once = { id: `${impression}|loss`, rank: rankOf(record), day }
    return [{ adds, once: { ...once, ...amongOf(record, '|loss') } }]
  }
  const counted = all.filter((one) => counts(record, one))
  if (counted.length === 0) return []
  const adds = addsOf(record, counted)
  const once = { id: impression, rank: rankOf(record), day, ...amongOf(record) }
  return [{ adds, once }, ...conflictEntries(record, all, { impression, day })]
}

/** Whoever has a token may name what impressions it likes: no more of them count than the answer was for. */
function amongOf({ answer, imp, imps }: NoticeRecord, kind = ''): Pick<Once, 'among'> {
  return imp === '' || imps === undefined ? {} : { among: { id: `${answer}${kind}`, max: imps } }
}

function usedOf(record: NoticeRecord, terms: UsageTerms): Used[] {
  const { answeredS, price, used, carried } = record
  return carried.map((one) => {
    const contract = terms.contract(one.contract, one.version)
    const isShare = contract?.price.kind === 'percent_media'
    return {
      ...one,
      terms: contract,
      segments: contract ? usedSegments(one, { contract, used, terms }) : one.segments,
      day: dayIn(answeredS * 1000, contract?.timeZone),
      currency: (isShare && price ? price.currency : contract?.price.currency) ?? '',
    }
  })
}

/** A `win` makes no unit of a contract that is billed for billable impressions only. */
function counts({ what }: NoticeRecord, { terms }: Used): boolean {
  return what === 'billing' || terms?.billOn !== 'billable'
}

function addsOf({ what, by, price }: NoticeRecord, counted: readonly Used[]): TallyAdd[] {
  const sets = setNames(counted)
  const unknown = what === 'billing' ? 'unknownBilled' : 'unknownWon'
  return counted.flatMap((one) => {
    const { terms, segments, currency } = one
    if (!terms) return segments.map((segment) => addTo(by, one, { measure: unknown, segment }))
    const set = sets.get(one) ?? ''
    const told = toldPrice(terms.price, price)
    const isShare = terms.price.kind === 'percent_media'
    const shareIn = isShare ? currency : ''
    const toldIn = isShare ? currency : (price?.currency ?? '')
    return segments.flatMap((segment) => [
      addTo(by, one, { measure: 'units', segment, set, currency: shareIn }),
      ...told.map((counted) => addTo(by, one, { ...counted, segment, set, currency: toldIn })),
    ])
  })
}

/** Attributions by which each seller's segments are bundled by themselves (Xandr: the provider's method). */
const BY_SELLER: ReadonlySet<string> = new Set(['used_highest', 'used_sum_by_category'])

/**
 * Names the sets of segments that compete for one impression: those under contracts with the same
 * attribution, currency and time zone, on the same deal. A set of one needs no name.
 */
function setNames(all: readonly Used[]): Map<Used, string> {
  const groups = new Map<string, Used[]>()
  for (const one of all) {
    const { attribution = 'used_all', seller, timeZone = 'UTC' } = one.terms ?? {}
    if (attribution === 'used_all') continue
    const bundle = BY_SELLER.has(attribution) ? seller : ''
    const key = [bundle, attribution, one.currency, timeZone, one.deal].join('|')
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  const names = new Map<Used, string>()
  for (const [key, group] of groups) {
    const members = group.flatMap(({ contract, version, segments }) =>
      segments.map((segment) => `${contract}@${version}/${segment}`),
    )
    if (members.length < 2) continue
    const name = hashOf([key, ...members.sort()], 16)
    for (const one of group) names.set(one, name)
  }
  return names
}

/**
 * Prices that contradict each other, where money hangs on them: how many differing ones were told for an
 * impression, less one. Two entries, each counted once, whose sum is that.
 */
function conflictEntries(
  record: NoticeRecord,
  all: readonly Used[],
  { impression, day }: { impression: string; day: string },
): TallyEntry[] {
  const { what, price } = record
  const shares = all.filter(({ terms }) => terms?.price.kind === 'percent_media')
  if (!price || shares.length === 0) return []
  const entry = (by: bigint, id: string): TallyEntry => ({
    adds: shares.map((one) => ({ ...addTo('gateway', one, { measure: 'conflicts' }), by })),
    once: { id, rank: '0', day },
  })
  return [
    entry(1n, `${impression}|${what}|${price.micros}${price.currency}`),
    entry(-1n, `${impression}|${what}`),
  ]
}

function addTo(
  witness: Witness,
  { contract, version, deal = '', day }: Used,
  what: Pick<TallyField, 'measure'> & Partial<TallyField> & { by?: bigint },
): TallyAdd {
  const { by = 1n, ...rest } = what
  const named = { segment: '', currency: '', set: '', ...rest }
  return { day, field: encodeField({ contract, version, deal, witness, ...named }), by }
}

const MICROS_DIGITS = 16
const WITNESS_RANK = { creative: 0, buyer: 1, exchange: 2 } as const

/**
 * Which of several notices about one impression counts, as a text to compare. What says the same has the
 * same rank; where all that matters is equal, a digest of the rest decides, not who came first.
 */
function rankOf({ what, price, by, used }: NoticeRecord): string {
  const kind = what === 'billing' ? 1 : 0
  const cheapness = price ? Number.MAX_SAFE_INTEGER - price.micros : 0
  const rest = hashOf([price?.currency ?? '', ...(used ? ['used', ...used.toSorted()] : [])], 8)
  return [
    kind,
    price ? 1 : 0,
    String(cheapness).padStart(MICROS_DIGITS, '0'),
    WITNESS_RANK[by],
    used ? 1 : 0,
    rest,
  ].join('')
}

function hashOf(parts: readonly string[], digits: number): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, digits)
}
