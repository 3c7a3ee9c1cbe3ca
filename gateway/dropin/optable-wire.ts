import { type BidFacts, Id, Kind, Signal, type SpanList } from '../../proto/bid-facts.ts'
import { additionsJson } from '../bid/additions-json.ts'
import { arriveAs } from '../bid/arrive.ts'
import type { Bid } from '../bid/bid.ts'
import { decisionHead } from '../bid/decision-name.ts'
import type { DataFragment, FragmentObject } from '../bid/make-fragment.ts'
import type { BidRefusal } from '../bid/reasons.ts'
import { replyRefused } from '../bid/reply.ts'
import { EVERYTHING, type Wire } from '../bid/wire.ts'
import { bearerOf } from '../http/bearer-of.ts'
import { type QueryValue, SignalsReader } from './read-signals.ts'
import { SIGNALS_FORM } from './signals-form.ts'
import { signalsPage } from './signals-page.ts'

/** The path, and how Prebid Server Java lengthens one that holds no `?`. */
export const OPTABLE_PATH = '/v2/targeting'

/** Identifiers of devices, of any maker: all are the `ifa` of a request. */
const DEVICE_PREFIXES = ['a', 'g', 'r', 's', 'f']
/** Ids of others, by the source OpenRTB knows them under. */
const EID_SOURCES = { n: 'netid.de', id5: 'id5-sync.com', utiq: 'utiq.com' }
/** The visitor's id, and custom ones: ids of whoever asks. */
const OWN_PREFIXES = ['v', 'c', ...Array.from({ length: 10 }, (_, i) => `c${i}`)]
for (let i = 0; i < 100; i++) OWN_PREFIXES.push(`c${String(i).padStart(2, '0')}`)

/** What an id behind a prefix is: one of these, or an eid of that source. */
const PREFIXES: ReadonlyMap<string, typeof Id.ifa | typeof Id.buyeruid | string> = new Map<
  string,
  typeof Id.ifa | typeof Id.buyeruid | string
>([
  ...DEVICE_PREFIXES.map((one) => [one, Id.ifa] as const),
  ...OWN_PREFIXES.map((one) => [one, Id.buyeruid] as const),
  ...Object.entries(EID_SOURCES),
])

/**
 * What the module `optable-targeting` of Prebid Server Java asks: ids behind prefixes in a query, for
 * audiences and what is to be merged into `ortb2`. It is answered 200 with JSON whatever there is to say: it takes 204
 * for an error.
 */
export const OPTABLE: Wire = {
  form: SIGNALS_FORM,
  gives: { ...EVERYTHING, deals: false },
  arrive,
  reply: (bid) => bid.answer.send(200, decisionHead(bid, TYPE), textOf(bid)),
  refuse: replyRefused,
}

function arrive(bid: Bid): BidRefusal | undefined {
  const { headers, path, query } = bid.ask
  const refusal = arriveAs(bid, bearerOf(headers[0]!), query)
  if (refusal !== undefined) return refusal
  const tail = path.slice(OPTABLE_PATH.length)
  isPrebidServer = false
  const unread = reader.read(bid, tail === '' ? query : `${tail}&${query}`)
  if (isPrebidServer) doubtNo(bid.facts.signals)
  return unread
}

const reader = new SignalsReader({ timeout: takeTimeout, osdk: takeSdk }, { id: takeId })

let isPrebidServer = false

function takeSdk({ text, from, to }: QueryValue): void {
  isPrebidServer = text.slice(from, to) === 'prebid-server'
}

/**
 * Prebid Server Java writes `gdpr=0` wherever it has no valid consent string, whether the GDPR applies or not: without
 * one that says nothing, and what is taken for granted of the partner's requests holds.
 */
function doubtNo(signals: SpanList): void {
  if (hasField(signals, Signal.consent)) return
  for (let i = 0; i < signals.count; i++)
    if (signals.field[i] === Signal.gdpr && signals.kind[i] === Kind.false)
      signals.kind[i] = Kind.null
}

/** Ids as `<prefix>:<value>`. Of the asker's own, and of devices, the first counts: the order is its setting. */
function takeId({ text, from, to, start, end }: QueryValue, { ids }: BidFacts): void {
  const colon = text.indexOf(':', from)
  if (colon <= from || colon >= to - 1) return
  const means = PREFIXES.get(text.slice(from, colon))
  if (means === undefined) return
  const at = start + colon + 1 - from
  if (typeof means === 'string') addEid(ids, means, at, end)
  else if (!hasField(ids, means)) ids.add(means, Kind.text, at, end)
}

function addEid(ids: SpanList, source: string, start: number, end: number): void {
  if (ids.count + 3 > ids.max) return
  const at = signalsPage.write(source)
  ids.add(Id.eid, Kind.object, start, end)
  ids.add(Id.eidSource, Kind.text, at, signalsPage.end)
  ids.add(Id.eidUid, Kind.text, start, end)
}

function hasField({ field, count }: SpanList, wanted: number): boolean {
  for (let i = 0; i < count; i++) if (field[i] === wanted) return true
  return false
}

/** `100ms`, or `100`; at most six digits. */
function takeTimeout({ text, from, to }: QueryValue, facts: BidFacts): void {
  const end = to - from > 2 && text.startsWith('ms', to - 2) ? to - 2 : to
  if (end - from > TIMEOUT_DIGITS_MAX) return
  let ms = 0
  for (let i = from; i < end; i++) {
    const digit = text.charCodeAt(i) - ZERO
    if (digit < 0 || digit > 9) return
    ms = ms * 10 + digit
  }
  facts.tmaxMs = ms
}

const ZERO = 0x30
const TIMEOUT_DIGITS_MAX = 6

const TYPE = ['content-type', 'application/json'] as const

function textOf({ plan, bytes }: Bid): string {
  const { fragment, ids } = plan
  if (plan.isEmpty) return '{"audience":[],"ortb2":{"user":{}}}'
  if (fragment !== undefined && ids === undefined && fragment.token === undefined)
    return textOfFragment(fragment)
  const audience = fragment === undefined ? '[]' : audienceOf(fragment)
  return `{"audience":${audience},"ortb2":${named(fragment, `${additionsJson(plan, bytes)}`)}}`
}

/**
 * By what each Data object goes here: its provider, and its taxonomy where that provider has another. The module merges
 * by `data.id`, and keeps of two with one id the `ext` of the first: segments would stand under another's taxonomy.
 */
function namesOf(objects: readonly FragmentObject[]): string[] {
  const names: string[] = []
  for (const { provider, segtax } of objects.map(({ group }) => group)) {
    const choices = [provider.id, `${provider.id}:${segtax ?? 'own'}`]
    names.push(choices.find((one) => !names.includes(one)) ?? `${choices[1]}#${names.length}`)
  }
  return names
}

/** `ortb2` with these names. Most answers have each provider once: they stay as they are. */
function named(fragment: DataFragment | undefined, ortb2: string): string {
  const objects = fragment?.objects ?? []
  if (new Set(objects.map(({ group }) => group.provider)).size === objects.length) return ortb2
  const names = namesOf(objects)
  const told = JSON.parse(ortb2) as { user: { data: { id: string }[] } }
  for (const [i, data] of told.user.data.entries()) data.id = names[i]!
  return JSON.stringify(told)
}

/** What a fragment comes to is the same for each answer that holds it alone, and no token. */
const texts = new WeakMap<DataFragment, string>()

function textOfFragment(fragment: DataFragment): string {
  let text = texts.get(fragment)
  if (text === undefined) {
    text = `{"audience":${audienceOf(fragment)},"ortb2":${named(fragment, `{${fragment.json.whole}}`)}}`
    texts.set(fragment, text)
  }
  return text
}

const audiences = new WeakMap<DataFragment, string>()

/** One per provider and taxonomy; `keyspace` is what the module's ad-server targeting is keyed by. */
function audienceOf(fragment: DataFragment): string {
  let text = audiences.get(fragment)
  if (text === undefined) {
    const names = namesOf(fragment.objects)
    const list = fragment.objects.map(({ group, ids }, i) => ({
      provider: group.provider.domain,
      ids: [...ids].map((id) => ({ id })),
      keyspace: names[i],
      rtb_segtax: group.segtax,
    }))
    audiences.set(fragment, (text = JSON.stringify(list)))
  }
  return text
}
