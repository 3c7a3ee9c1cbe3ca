import { Refused, refuse } from '../../audience/refusal.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import type { DealDocument } from '../../exchange/deal-import/deal-document.ts'
import { dealState } from '../../exchange/deal-import/deal-state.ts'
import { readDealDocument } from '../../exchange/deal-import/read-deal-document.ts'
import { Dialects } from '../../exchange/deal-import/reasons.ts'
import type { DealShown } from '../../exchange/desk/deals.ts'
import type { ImportParties } from '../../exchange/desk/import-deal.ts'
import type { StagedWrite } from '../../exchange/desk/staged-write.ts'
import { closed, OperatorId } from '../../exchange/fields.ts'
import type { ApiRoute, Call, Reply } from '../api/route.ts'
import { dealDocuments, type FoundDocument } from '../imports/deal-documents.ts'
import { type AuditedRooms, note } from './audited.ts'
import {
  agentStatus,
  BuyerSeat,
  batchAnswer,
  buyerSeat,
  DealImportAnswer,
  DealStatusAnswer,
  type ImportResult,
  importAnswer,
} from './deal-answers.ts'

const PATH = '/api/deals/import'

/** Partner ids, for documents that do not say it, or whose domain several partners have. */
const ImportQuery = closed({
  exchange: Type.Optional(OperatorId),
  seller: Type.Optional(OperatorId),
})

/** What an origin asks of a receiving system; further fields of its own do no harm. */
const StatusQuestion = Type.Object({
  id: Type.String(),
  origin: Type.Optional(
    Type.String({ description: 'Domain; where several exchanges use the id.' }),
  ),
})
const checkQuestion = checker(StatusQuestion)

/** `POST /api/deals/import` for foreign documents, and how their senders ask what became of a deal. */
export function dealImportRoutes(rooms: AuditedRooms): ApiRoute[] {
  return [importRoute(rooms), statusRoute(rooms), buyerSeatRoute(rooms)]
}

function importRoute(rooms: AuditedRooms): ApiRoute {
  return {
    method: 'POST',
    path: PATH,
    operationId: 'importDeals',
    summary:
      'Takes deals as IAB Deal Sync 1.0 documents or as the IAB seller agent sends them: one, a list, or one a line.',
    permission: 'side',
    isCreating: true,
    query: ImportQuery,
    body: { kind: 'text', name: 'DealDocument', schema: Type.Object({}) },
    answers: {
      200: { says: 'What became of it; of several, of each.', body: DealImportAnswer },
      201: { says: 'A new deal.', body: DealImportAnswer },
      202: { says: 'Kept; its seller has not opened it yet.', body: DealImportAnswer },
    },
    handle: (call) => importDeals(rooms, call),
  }
}

function statusRoute({ exchange, clock }: AuditedRooms): ApiRoute {
  return {
    method: 'GET',
    path: `${PATH}/{id}/status`,
    operationId: 'getImportedDealStatus',
    summary: 'How a deal stands here, by the id its origin gave it, in the dialect it came in.',
    permission: 'side',
    query: closed({ exchange: Type.Optional(OperatorId) }),
    answers: { 200: { says: 'The status.', body: DealStatusAnswer } },
    handle({ caller, params, query }) {
      const dealId = params['id']!
      const all = exchange.desk.dealsCalled(caller.actor, dealId)
      const deal = onlyOne(
        all.filter((one) => (query['exchange'] ?? one.exchange) === one.exchange),
      )
      const state = dealState(deal, clock.now())
      const isAgent = deal.source?.dialect === 'seller_agent'
      const body = isAgent ? agentStatus(dealId, state) : buyerSeat(dealId, deal, state)
      return { status: 200, body }
    },
  }
}

function buyerSeatRoute({ exchange, clock }: AuditedRooms): ApiRoute {
  return {
    method: 'POST',
    path: `${PATH}/status`,
    operationId: 'askBuyerSeat',
    summary: 'Deal Sync 1.0: an origin asks how a deal stands at its buyers’ seats.',
    permission: 'side',
    isQuestion: true,
    body: { kind: 'json', name: 'BuyerSeatQuestion', schema: StatusQuestion },
    answers: { 200: { says: 'The status at each seat.', body: BuyerSeat } },
    handle({ caller, body }) {
      const problems = checkQuestion(body)
      if (problems.length > 0) throw new Refused('invalid', problems)
      const { id, origin } = body as Static<typeof StatusQuestion>
      const domainOf = (partner: string) => exchange.catalog()?.partner(partner)?.domain
      const all = exchange.desk.dealsCalled(caller.actor, id)
      const deal = onlyOne(
        all.filter((one) => origin === undefined || domainOf(one.exchange) === origin),
      )
      return { status: 200, body: buyerSeat(id, deal, dealState(deal, clock.now())) }
    },
  }
}

function onlyOne(deals: readonly DealShown[]): DealShown {
  const [deal, ...others] = deals
  if (!deal) throw refuse('not_found', '', 'there is no such deal')
  if (others.length === 0) return deal
  const exchanges = deals.map(({ exchange }) => exchange).join(', ')
  throw refuse('conflict', 'exchange', `${exchanges} each have a deal of this id: say which`)
}

async function importDeals(rooms: AuditedRooms, call: Call): Promise<Reply> {
  const { caller, body, headers } = call
  if (!caller.actor.operator && !caller.scopes.has('desk'))
    throw refuse('forbidden', '', 'deals are imported with a key of scope desk')
  const found = dealDocuments(String(body ?? ''), headers.contentType)
  const documents = found.documents.map(documentIn)
  const asked = { documents, parties: partiesOf(rooms, call) }
  const { results, written } = await rooms.exchange.desk.importDeals(caller.actor, asked)
  const nowMs = rooms.clock.now()
  const all = results.map((result, i): ImportResult => {
    if (result.outcome === 'refused') return result
    const document = documents[i] as DealDocument
    return { ...result, document, state: dealState(result.deal, nowMs) }
  })
  await noteAll(rooms, call, { results: all, written })
  if (found.isMany) return { status: 200, body: batchAnswer(all) }
  const only = all[0]!
  if (only.outcome === 'refused') throw only.error
  const status = only.state === 'pending' ? 202 : only.outcome === 'created' ? 201 : 200
  return { status, body: importAnswer(only) }
}

function documentIn(found: FoundDocument): DealDocument | Refused {
  if ('reason' in found) return refuse('invalid', '', found.reason)
  const document = readDealDocument(found.value)
  if (document) return document
  const known = Object.values(Dialects).join(' Or ')
  return refuse('invalid', '', `is no document of a deal that is understood here. ${known}`)
}

/** A partner sells what it brings; its requests come from its exchange, else it is one itself. */
function partiesOf({ exchange }: AuditedRooms, { caller, query }: Call): ImportParties {
  const { partner } = caller.actor
  const own = partner === undefined ? undefined : exchange.desk.getPartner(caller.actor, partner)
  return {
    ...(own ? { seller: own.value.id, exchange: own.value.exchange ?? own.value.id } : {}),
    ...(query as ImportParties),
  }
}

/** An entry for each deal that changed, and one for the import; they share a sync. */
async function noteAll(
  rooms: AuditedRooms,
  call: Call,
  { results, written }: { results: readonly ImportResult[]; written: readonly StagedWrite[] },
): Promise<void> {
  const counts = { created: 0, updated: 0, unchanged: 0, refused: 0 }
  for (const { outcome } of results) counts[outcome]++
  const whole = { verb: 'importDeals', object: 'deals', before: null, after: null, details: counts }
  await Promise.all([
    ...written.map(({ kind, id, before, after }) =>
      note(rooms, call, { verb: 'importDeal', object: `${kind}/${id}`, before, after }),
    ),
    note(rooms, call, whole),
  ])
}
