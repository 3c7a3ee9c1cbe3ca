import { IdPlaces } from '../../audience/people/candidates.ts'
import { Refused, refuse } from '../../audience/refusal.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import type { KeyHolder } from '../../exchange/compile-keys.ts'
import { wireIdOf } from '../../exchange/deal.ts'
import { type Actor, isExchange } from '../../exchange/desk/desk.ts'
import type { ExchangeCatalog } from '../../exchange/exchange-catalog.ts'
import { closed, OperatorId } from '../../exchange/fields.ts'
import { additionsJson } from '../../gateway/bid/additions-json.ts'
import type { Bid } from '../../gateway/bid/bid.ts'
import { type DealExplained, explainDeals } from '../../gateway/bid/explain-deals.ts'
import { placeAdditions } from '../../gateway/bid/place-additions.ts'
import { reasonSays } from '../../gateway/bid/reason-says.ts'
import { BidRefusals } from '../../gateway/bid/reasons.ts'
import { type RehearsalRooms, rehearseBid } from '../../gateway/bid/rehearse-bid.ts'
import type { ApiRoute, Call, Reply } from '../api/route.ts'
import { LIMITS } from '../limits.ts'
import { type AuditedRooms, note } from './audited.ts'

const DryRunBody = closed({
  /** Whose request it is. */
  buyer: OperatorId,
  /** The exchange it comes from; default: the buyer's own. */
  exchange: Type.Optional(OperatorId),
  /** A bid request as its very text, or as an object. */
  request: Type.Union([Type.String(), Type.Object({})]),
})
const checkBody = checker(DryRunBody)

const Reason = { reason: Type.String(), says: Type.String() }
const Ids = Type.Array(Type.String())

const DryRun = {
  name: 'DealDryRun',
  schema: closed({
    buyer: Type.String(),
    exchange: Type.Unsafe<string | null>({ type: ['string', 'null'] }),
    /** Why nothing about the person, or nothing at all, would be added. */
    reason: Type.Optional(Type.String()),
    says: Type.Optional(Type.String()),
    /** Whether the person may be looked up, and by what it was found. */
    person: closed({
      gdpr: Type.Boolean(),
      ids: Type.Integer(),
      foundBy: Type.Optional(Type.String()),
      matchedIds: Type.Integer(),
    }),
    /** What would be added, as `Prefer: return=additions` answers it; without tokens. */
    additions: Type.Object({}),
    /** Segments the person is in that are not written, by reason. */
    segmentsLeftOut: Type.Record(Type.String(), Type.Integer()),
    deals: Type.Array(
      closed({
        deal: Type.String(),
        dealId: Type.String(),
        /** How many imps would get it. */
        imps: Type.Integer(),
        reason: Type.Optional(Reason.reason),
        says: Type.Optional(Reason.says),
        /** Segments of the audience the person is not in; those the caller may not know of are counted. */
        missing: Type.Optional(Ids),
        unwanted: Type.Optional(Ids),
        unnamed: Type.Optional(Type.Integer()),
      }),
    ),
    /** Deals beyond those listed. */
    more: Type.Integer(),
  }),
}

/** `POST /api/deals/dry-run`: what the bid path would add to a pasted request, and why not the rest. */
export function dealDryRunRoute(rooms: AuditedRooms & RehearsalRooms): ApiRoute {
  return {
    method: 'POST',
    path: '/api/deals/dry-run',
    operationId: 'dryRunDeals',
    summary:
      'What would be added to a bid request, by the bid path itself, and for each deal the caller may see why not.',
    permission: 'side',
    isQuestion: true,
    body: { kind: 'json', name: 'DealDryRunQuestion', schema: DryRunBody },
    answers: { 200: { says: 'What would become of it.', body: DryRun } },
    handle: (call) => dryRun(rooms, call),
  }
}

async function dryRun(rooms: AuditedRooms & RehearsalRooms, call: Call): Promise<Reply> {
  const problems = checkBody(call.body)
  if (problems.length > 0) throw new Refused('invalid', problems)
  const { buyer, exchange, request } = call.body as Static<typeof DryRunBody>
  const catalog = rooms.exchange.catalog()!
  const holder = holderOf(catalog, call.caller.actor, buyer)
  const from = exchangeOf(catalog, holder, exchange)
  const text = typeof request === 'string' ? request : JSON.stringify(request)
  const bytes = Buffer.from(text)
  // It looks at a person, as far as consent lets the bid path: that is written down, without the person.
  const object = `partner/${buyer}`
  await note(rooms, call, { verb: 'dryRunDeals', object, before: null, after: null })
  const bid = await rehearseBid(rooms, { holder, exchange: from, bytes })
  if (typeof bid === 'string') throw refuse('invalid', 'request', BidRefusals[bid].says)
  return { status: 200, body: answerOf(rooms, call.caller.actor, { bid, buyer, catalog }) }
}

/**
 * The buyer asks for its own requests, and operators of the exchange for anybody's. A seller may not: it would
 * learn which of a buyer's ids are people of its own.
 */
function holderOf(catalog: ExchangeCatalog, actor: Actor, buyer: string): KeyHolder {
  if (!isExchange(actor) && actor.partner !== buyer)
    throw refuse('forbidden', 'buyer', 'is not you: a partner rehearses its own requests')
  const partner = catalog.partner(buyer)
  if (!partner) throw refuse('unprocessable', 'buyer', `there is no partner ${buyer}`)
  if (!partner.active)
    throw refuse('unprocessable', 'buyer', `${buyer} is paused: its requests are answered with 401`)
  return { keyId: '', partner, scopes: new Set(), trace: false, exchange: partner.exchange }
}

function exchangeOf(
  catalog: ExchangeCatalog,
  holder: KeyHolder,
  asked: string | undefined,
): number {
  if (asked === undefined) return holder.exchange
  const exchange = catalog.partner(asked)
  if (!exchange) throw refuse('unprocessable', 'exchange', `there is no partner ${asked}`)
  return exchange.number
}

interface Answering {
  bid: Bid
  buyer: string
  catalog: ExchangeCatalog
}

/** In one turn of the event loop with the choice: see explainDeals. */
function answerOf(rooms: AuditedRooms, actor: Actor, answering: Answering): object {
  const { bid, buyer, catalog } = answering
  const explained = new Map(explainDeals(bid).map((one) => [one.deal.id, one]))
  placeAdditions(bid)
  if (bid.reason === 'too_much')
    for (const one of explained.values()) if (one.imps > 0) Object.assign(one, TOO_MUCH)
  const seen = dealsSeenBy(rooms, actor, explained)
  const { consent, candidates, person, selection } = bid
  return {
    buyer,
    exchange: catalog.partnerByNumber(bid.exchange)?.id ?? null,
    ...reasonOf(bid.reason),
    person: {
      gdpr: consent.gdprApplies,
      ids: candidates.count,
      ...(person.foundBy < 0 ? {} : { foundBy: IdPlaces[candidates.place[person.foundBy]!] }),
      matchedIds: Math.max(0, person.nodes - 1),
    },
    additions: withoutTokens(JSON.parse(additionsJson(bid.plan, bid.bytes).toString())),
    segmentsLeftOut: selection.leftOut,
    deals: seen
      .slice(0, LIMITS.dryRunDealsMax)
      .map((deal) => shownDeal(deal, explained.get(deal.id), { ...answering, actor })),
    more: Math.max(0, seen.length - LIMITS.dryRunDealsMax),
  }
}

const TOO_MUCH = { imps: 0, reason: 'too_much' }

function reasonOf(reason: string): { reason?: string; says?: string } {
  return reason === '' ? {} : { reason, says: reasonSays(reason) }
}

interface Seen {
  id: string
  wireId: string
}

/** Those that would be added come first; they are seen by whoever's request it is. */
function dealsSeenBy(
  { exchange }: AuditedRooms,
  actor: Actor,
  explained: ReadonlyMap<string, DealExplained>,
): Seen[] {
  const added = [...explained.values()].filter(({ imps }) => imps > 0).map(({ deal }) => deal)
  const others: Seen[] = []
  for (let after: string | null = ''; after !== null; ) {
    const page = exchange.desk.listDeals(actor, { after, limit: PAGE })
    for (const deal of page.items)
      if ((explained.get(deal.id)?.imps ?? 0) === 0)
        others.push({ id: deal.id, wireId: wireIdOf(deal.id, deal) })
    after = page.next
  }
  return [...added, ...others]
}

const PAGE = 1_000

function shownDeal(
  deal: Seen,
  explained: DealExplained | undefined,
  at: Answering & { actor: Actor },
): object {
  const {
    imps = 0,
    reason = 'deal_not_for_this_buyer',
    missing = [],
    unwanted = [],
  } = explained ?? {}
  const names = [missing, unwanted].map((segments) =>
    segments.flatMap((segment) => nameOf(segment, at) ?? []),
  )
  const unnamed = missing.length + unwanted.length - names.flat().length
  return {
    deal: deal.id,
    dealId: deal.wireId,
    imps,
    ...reasonOf(reason),
    ...(names[0]!.length > 0 ? { missing: names[0] } : {}),
    ...(names[1]!.length > 0 ? { unwanted: names[1] } : {}),
    ...(unnamed > 0 ? { unnamed } : {}),
  }
}

/** A buyer is told of segments it has a live right to; of others that there are some. */
function nameOf(
  segment: number,
  { bid, catalog, actor }: Answering & { actor: Actor },
): string | undefined {
  if (!isExchange(actor) && !bid.view!.entitlement(segment)) return undefined
  return catalog.segmentByNumber(segment)?.id
}

interface Additions {
  user?: { data: { ext?: { t?: string } }[] }
  imp?: { pmp: { deals: { ext?: { t?: string } }[] } }[]
}

/** A token of an answer that was never given would be good for nothing. */
function withoutTokens(additions: Additions): Additions {
  const carriers = [
    ...(additions.user?.data ?? []),
    ...(additions.imp ?? []).flatMap(({ pmp }) => pmp.deals),
  ]
  for (const carrier of carriers) {
    if (carrier.ext?.t === undefined) continue
    delete carrier.ext.t
    if (Object.keys(carrier.ext).length === 0) delete carrier.ext
  }
  return additions
}
