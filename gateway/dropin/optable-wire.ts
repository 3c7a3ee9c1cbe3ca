import { additionsJson } from '../bid/additions-json.ts'
import { arriveAs } from '../bid/arrive.ts'
import type { Bid } from '../bid/bid.ts'
import { decisionHeader } from '../bid/decision-name.ts'
import { JSON_FORM } from '../bid/json-form.ts'
import type { DataFragment } from '../bid/make-fragment.ts'
import type { BidRefusal } from '../bid/reasons.ts'
import { replyRefused } from '../bid/reply.ts'
import { EVERYTHING, type Wire } from '../bid/wire.ts'
import { Query } from '../edge/query.ts'
import { bearerOf } from '../http/bearer-of.ts'
import { given, type Named, signalsRequest } from './signals-request.ts'

/** The path, and how Prebid Server Java lengthens one that holds no `?`. */
export const OPTABLE_PATH = '/v2/targeting'

/** Identifiers of devices, of any maker: all are the `ifa` of a request. */
const DEVICE_PREFIXES: ReadonlySet<string> = new Set(['a', 'g', 'r', 's', 'f'])
/** Ids of others, by the source OpenRTB knows them under. */
const EID_SOURCES: Readonly<Record<string, string>> = {
  n: 'netid.de',
  id5: 'id5-sync.com',
  utiq: 'utiq.com',
}
/** The visitor's id, and custom ones: ids of whoever asks. */
const OWN_PREFIX = /^(v|c\d{0,2})$/

/**
 * What the module `optable-targeting` of Prebid Server Java asks (openrtb.md §4.1): ids behind prefixes in a query, for
 * audiences and what is to be merged into `ortb2`. It is answered 200 with JSON whatever there is to say: it takes 204
 * for an error.
 */
export const OPTABLE: Wire = {
  form: JSON_FORM,
  gives: { ...EVERYTHING, deals: false },
  arrive,
  reply(bid) {
    const { plan, bytes } = bid
    const told = plan.isEmpty ? '{"user":{}}' : additionsJson(plan, bytes).toString()
    const audience = plan.fragment === undefined ? '[]' : audienceOf(plan.fragment)
    const headers = ['content-type', 'application/json', ...decisionHeader(bid)]
    if (bid.reason !== '') headers.push('x-passerelle-reason', bid.reason)
    bid.answer.send(200, headers, `{"audience":${audience},"ortb2":${told}}`)
  },
  refuse: replyRefused,
}

function arrive(bid: Bid): BidRefusal | undefined {
  const { headers, path, query } = bid.ask
  const refusal = arriveAs(bid, bearerOf(headers[0]!), query)
  if (refusal !== undefined) return refusal
  const asked = new Query(`${path.slice(OPTABLE_PATH.length)}&${query}`)
  bid.bytes = signalsRequest(asked, namedIn(asked))
  return undefined
}

/** Ids as `<prefix>:<value>`. Of the asker's own, and of devices, the first counts: the order is its setting. */
function namedIn(query: Query): Named {
  const eids: { source: string; uids: { id: string }[] }[] = []
  let buyeruid: string | undefined
  let ifa: string | undefined
  for (const id of query.all('id')) {
    const colon = id.indexOf(':')
    const [prefix, value] = [id.slice(0, colon), id.slice(colon + 1)]
    if (colon < 1 || value === '') continue
    const source = Object.hasOwn(EID_SOURCES, prefix) ? EID_SOURCES[prefix] : undefined
    if (source !== undefined) eids.push({ source, uids: [{ id: value }] })
    else if (DEVICE_PREFIXES.has(prefix)) ifa ??= value
    else if (OWN_PREFIX.test(prefix)) buyeruid ??= value
  }
  const [, timeout] = /^(\d{1,6})(ms)?$/.exec(given(query, 'timeout') ?? '') ?? []
  return { buyeruid, ifa, eids, tmaxMs: timeout === undefined ? undefined : Number(timeout) }
}

const audiences = new WeakMap<DataFragment, string>()

/** One per provider and taxonomy; `keyspace` is what the module's ad-server targeting is keyed by. */
function audienceOf(fragment: DataFragment): string {
  let text = audiences.get(fragment)
  if (text === undefined) {
    const list = fragment.objects.map(({ group, ids }) => ({
      provider: group.provider.domain,
      ids: [...ids].map((id) => ({ id })),
      keyspace: group.provider.id,
      rtb_segtax: group.segtax,
    }))
    audiences.set(fragment, (text = JSON.stringify(list)))
  }
  return text
}
