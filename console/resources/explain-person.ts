import { NAMESPACE_KIND, type Namespace, OWN_NAMESPACES } from '../../audience/namespace.ts'
import { refuse } from '../../audience/refusal.ts'
import { isExchange } from '../../exchange/desk/desk.ts'
import {
  ExplainBody,
  type Explaining,
  explainPerson,
} from '../../exchange/people/explain-person.ts'
import { explainSegment } from '../../gateway/bid/explain-segment.ts'
import { reasonSays } from '../../gateway/bid/reason-says.ts'
import { BidRefusals } from '../../gateway/bid/reasons.ts'
import { type RehearsalRooms, rehearseBid } from '../../gateway/bid/rehearse-bid.ts'
import type { ApiRoute, Call } from '../api/route.ts'
import { type ImportRooms, keysOf } from '../imports/import-rooms.ts'
import { note } from './audited.ts'
import type { BackfillRooms } from './backfills.ts'
import { PersonExplainedShape } from './explain-shapes.ts'

type Rooms = ImportRooms & RehearsalRooms & BackfillRooms

/** `POST /api/people/explain`: why somebody is in a segment, or is not, and whether a partner would be given it. */
export function explainPersonRoute(rooms: Rooms): ApiRoute {
  return {
    method: 'POST',
    path: '/api/people/explain',
    operationId: 'explainPerson',
    summary:
      'Why the person behind an id is in a segment, or is not: the rule’s tree, the moments it counts, when it ends; and whether a partner’s bid request would be given it.',
    permission: 'side',
    isQuestion: true,
    body: { kind: 'json', name: 'ExplainQuestion', schema: ExplainBody },
    answers: { 200: { says: 'As of now, asked anew.', body: PersonExplainedShape } },
    async handle(call) {
      keysOf(rooms)
      const deps = { deskDeps: rooms.exchange.deskDeps, audience: rooms.audience }
      const explaining = await explainPerson(deps, call.caller.actor, call.body)
      await noted(rooms, call, explaining)
      const { explained, segment } = explaining
      const filling = await rooms.backfill.show(segment.number)
      const body = {
        ...explained,
        backfill: filling ? { state: filling.state, share: filling.share } : null,
        bid: await bidOf(rooms, call, explaining),
      }
      return { status: 200, body }
    },
  }
}

/** Looking at people is noted like a write; the id itself never is. */
function noted(rooms: Rooms, call: Call, { asked, body }: Explaining): Promise<void> {
  const { segment, partner } = body
  const details = {
    segment,
    ...(partner === undefined ? {} : { partner }),
    ...(asked.reason === undefined ? {} : { reason: asked.reason }),
  }
  const object = `person/${asked.hash}`
  return note(rooms, call, { verb: 'explainPerson', object, before: null, after: null, details })
}

/**
 * What the bid path itself makes of a request of the partner that names the person as well as it could. Told to the
 * exchange, and to the partner of itself: a seller would learn which of its people a buyer knows.
 */
async function bidOf(rooms: Rooms, { caller }: Call, { asked, body, segment }: Explaining) {
  const { partner: buyer } = body
  if (buyer === undefined) return null
  const catalog = rooms.exchange.catalog()!
  const partner = catalog.partner(buyer)
  if (!partner) throw refuse('unprocessable', 'partner', `there is no partner ${buyer}`)
  if (!isExchange(caller.actor) && caller.actor.partner !== buyer) return withheld()
  const named = await namesFor(rooms, asked.start, buyer)
  const { exchange } = partner
  const holder = { keyId: '', partner, scopes: new Set<string>(), trace: false, exchange }
  const bytes = Buffer.from(JSON.stringify(requestOf(named, body)))
  const bid = await rehearseBid(rooms, { holder, exchange, bytes })
  if (typeof bid === 'string') throw refuse('invalid', 'consent', BidRefusals[bid].says)
  const { reason, contract } = explainSegment(bid, segment.number)
  const word = partner.active ? reason : 'buyer_paused'
  return {
    isGiven: word === '',
    reason: word,
    says: word === '' ? 'It would be written into the request.' : reasonSays(word),
    contract: contract ?? null,
    gdpr: bid.consent.gdprApplies,
    named: named.map(({ source, uid }) => ({ source, uid })),
  }
}

function withheld() {
  const says = 'Whether a buyer knows a person is told to that buyer, and to the exchange.'
  return { isGiven: null, reason: 'withheld', says, contract: null, gdpr: null, named: [] }
}

interface NamedId {
  source: string
  kind: Namespace['kind']
  uid: string
}

/** The person's ids that bid requests of a partner may bear. */
async function namesFor(
  { exchange, audience }: Rooms,
  start: Explaining['asked']['start'],
  buyer: string,
): Promise<NamedId[]> {
  const { ids } = await audience.known([start])
  const byNumber = new Map<number, Namespace>()
  for (const own of OWN_NAMESPACES.values()) byNumber.set(own.number, own)
  for (const { value } of exchange.deskDeps.feed.current()!.kind(NAMESPACE_KIND).values())
    byNumber.set((value as Namespace).number, value as Namespace)
  return ids.flatMap(({ namespace, value: uid }) => {
    const { name: source, kind, owner } = byNumber.get(namespace) ?? {}
    if (source === undefined || kind === undefined) return []
    const isBorne = kind === 'partner' ? owner === buyer : kind === 'eid' || kind === 'device'
    return isBorne ? [{ source, kind, uid }] : []
  })
}

function requestOf(named: readonly NamedId[], { consent = {}, country }: ExplainBody): object {
  const first = (kind: Namespace['kind']) => named.find((one) => one.kind === kind)?.uid
  const eids = named.filter(({ kind }) => kind === 'eid')
  const { gdpr, gdprConsent, usPrivacy, gpp, gppSid, gpc } = consent
  const given = (fields: object) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  return {
    id: 'explain',
    imp: [{ id: '1' }],
    user: given({
      buyeruid: first('partner'),
      consent: gdprConsent,
      eids:
        eids.length > 0
          ? eids.map(({ source, uid }) => ({ source, uids: [{ id: uid }] }))
          : undefined,
    }),
    device: given({ ifa: first('device'), geo: country === undefined ? undefined : { country } }),
    regs: given({ gdpr, us_privacy: usPrivacy, gpp, gpp_sid: gppSid, gpc: gpc ? 1 : undefined }),
  }
}
