import { rememberedOf } from '../../audience/events/counted-event.ts'
import { explainMembership, type KeptOutReason } from '../../audience/events/explain-membership.ts'
import { type GatheredPerson, gatherPeople } from '../../audience/events/gather-people.ts'
import { heldBy } from '../../audience/events/held-by.ts'
import type { OwnerRules } from '../../audience/events/rule-book.ts'
import { rulesFor } from '../../audience/events/rules-for.ts'
import type { Known } from '../../audience/people/known.ts'
import { nameOf } from '../../audience/people/shared-reads.ts'
import { refuse } from '../../audience/refusal.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import { SEGMENT_KIND, type Segment } from '../../audience/segment.ts'
import type { EventQueue } from '../../audience/store/event-stores.ts'
import { ownerOf } from '../collect/owner-of.ts'
import { type Actor, isExchange, snapshotOf } from '../desk/desk.ts'
import { checkedBody } from '../desk/write-record.ts'
import { closed, OperatorId } from '../fields.ts'
import { refreshOf } from '../label/label-records.ts'
import { type MadeOf, madeOf } from '../provenance/made-of.ts'
import { type ContractShown, contractsOn } from './contracts-on.ts'
import { type AskedPerson, askedBy, type PeopleDeskDeps, PersonBody } from './people-desk.ts'
import { dateOf, type PersonReport, reportOf } from './person-report.ts'
import { type MessagesAt, type PartShown, showPart } from './show-part.ts'

const Text = Type.Optional(Type.String({ maxLength: 8_192 }))

/** Body of `POST /api/people/explain`. */
export const ExplainBody = closed({
  ...PersonBody.properties,
  segment: OperatorId,
  partner: Type.Optional(OperatorId),
  country: Type.Optional(
    Type.String({
      pattern: '^[A-Z]{3}$',
      description: 'ISO 3166-1 alpha-3, as device.geo.country.',
    }),
  ),
  consent: Type.Optional(
    closed({
      gdpr: Type.Optional(Type.Enum([0, 1])),
      gdprConsent: Text,
      usPrivacy: Text,
      gpp: Text,
      gppSid: Type.Optional(Type.Array(Type.Integer({ minimum: 1 }), { maxItems: 64 })),
      gpc: Type.Optional(Type.Boolean()),
    }),
  ),
})
export type ExplainBody = Static<typeof ExplainBody>

const checkBody = checker(ExplainBody)

/** Why a person is in a segment, or is not. Days are UTC; moments end with Z. */
export interface PersonExplained {
  at: string
  segment: MadeOf & { id: string; owner: string; ttlDays: number }
  suppressed: PersonReport['suppressed']
  /** A membership stands at an id of the person. */
  isMember: boolean
  ids: PersonReport['ids']
  edges: PersonReport['edges']
  /** The memberships that stand, each at its id. */
  memberships: MembershipShown[]
  /** What the segment's rule says, asked anew; null where it has none. */
  byRule: RuleExplained | null
  /** What imports of people into the segment are known. */
  imported: { lastOn: string | null; namespaces: Record<string, string>; basis: string | null }
  /** Contracts on the segment, with the partner that was asked for or with anybody. */
  contracts: ContractShown[]
}

interface MembershipShown {
  /** By which it was made: what events showed, or an import. */
  by: 'rule' | 'import'
  since: string | null
  until: string
  at: number | null
  over: number[] | null
}

interface RuleExplained {
  isIn: boolean
  /** Ids of the person that events were counted at. */
  ids: number
  tree: PartShown
  /** Why the person is not in it although the rule holds. */
  keptOutBy: KeptOutReason | null
  /** The latest day; null where the person is not in it by rule. */
  until: string | null
  /** First moment at which it is otherwise with nothing new happening; null where time alone does not do it. */
  turnsAt: string | null
  turnsBy: string | null
  turning: string[]
  /** First day on which a match of the person no longer holds: it is then asked without. */
  matchesUntil: string | null
}

/** What an explanation was made of, for whoever goes on from it. */
export interface Explaining {
  explained: PersonExplained
  asked: AskedPerson
  body: ExplainBody
  segment: Segment
}

/**
 * Explains a person for a segment, to its owner, or with a reason to the exchange: over the matches its owner may use.
 * Refuses what `askedPerson` does, and segments that are not the caller's.
 */
export async function explainPerson(
  deps: PeopleDeskDeps,
  actor: Actor,
  given: unknown,
): Promise<Explaining> {
  const { deskDeps, audience } = deps
  const body = checkedBody<ExplainBody>(given, checkBody, [])
  const asked = askedBy(deps, actor, body)
  if (isExchange(actor) && !asked.isGlassBroken)
    throw refuse('forbidden', 'reason', 'say why tenants’ people have to be seen: it is audited')
  const snapshot = snapshotOf(deskDeps)
  const segment = snapshot.kind(SEGMENT_KIND).get(body.segment)?.value as Segment | undefined
  if (!segment || !asked.sees(segment.owner))
    throw refuse('unprocessable', 'segment', 'there is no segment of this id that is yours')
  const { clock } = deskDeps
  const nowMs = clock.now()
  const rules = rulesFor(snapshot, ownerOf, { id: body.segment, segment, nowMs })
  const enters = ({ owner }: { owner: number }) => owner === 0 || owner === rules.number
  const known = await audience.known([asked.start], enters)
  const { store } = audience
  const [person] = await gatherPeople({ store, clock }, known.ids.slice(0, 1), rules.number)
  const report = reportOf(known, { snapshot, nowMs, sees: asked.sees, egress: [], vault: [] })
  const refresh = refreshOf(snapshot, body.segment)
  const messagesAt = await messagesOf(audience.store.events, rules, person!)
  const memberships = membershipsOf({ known, report, person: person!, segment, id: body.segment })
  const explained: PersonExplained = {
    at: new Date(nowMs).toISOString(),
    segment: {
      ...{ id: body.segment, owner: segment.owner },
      ...madeOf(snapshot, body.segment, nowMs),
      ttlDays: segment.ttlDays,
    },
    suppressed: report.suppressed,
    isMember: memberships.length > 0 && report.suppressed === null,
    ids: report.ids,
    edges: report.edges,
    memberships,
    byRule: byRule(rules, segment, { person: person!, nowMs, messagesAt }),
    imported: {
      lastOn: refresh?.on ?? null,
      namespaces: refresh?.namespaces ?? {},
      basis: segment.basis ?? null,
    },
    contracts: contractsOn(snapshot, { segment: body.segment, buyer: body.partner, nowMs }),
  }
  return { explained, asked, body, segment }
}

interface Standing {
  known: Known
  report: PersonReport
  person: GatheredPerson
  segment: Segment
  id: string
}

/** The report tells memberships in the order of the ids that hold them. */
function membershipsOf({ known, report, person, segment, id }: Standing): MembershipShown[] {
  const histories = new Map(person.ids.map(({ key, history }) => [nameOf(key), history]))
  const shown = report.segments.filter((one) => one.segment === id)
  const holders = known.ids.filter(({ memberships }) =>
    memberships.some((one) => one.segment === segment.number),
  )
  return shown.map(({ until, at, over }, i) => {
    const sinceMs = histories.get(nameOf(holders[i]!.key))?.segments.get(segment.number)
    const since = sinceMs === undefined ? null : new Date(sinceMs).toISOString()
    return { by: sinceMs === undefined ? 'import' : 'rule', since, until, at, over }
  })
}

function byRule(
  rules: OwnerRules,
  { number }: Segment,
  at: { person: GatheredPerson; nowMs: number; messagesAt: MessagesAt },
): RuleExplained | null {
  const { person, nowMs, messagesAt } = at
  const rule = rules.rules.find(({ segment }) => segment === number)
  if (!rule) return null
  const known = person.ids.filter(({ history }) => rules.owns(history))
  const held = heldBy(rules, person.ids, known)
  const histories = person.isSuppressed ? [] : known.map(({ history }) => history)
  const explained = explainMembership(rules, rule, { known: { histories, held }, nowMs })
  const { isIn, keptOutBy, expiryDay, turnsAtMs, turnsBy, turning } = explained
  return {
    isIn,
    ids: histories.length,
    tree: showPart(explained.rule, messagesAt),
    keptOutBy: keptOutBy ?? null,
    until: expiryDay === undefined ? null : dateOf(expiryDay),
    turnsAt: turnsAtMs === undefined ? null : new Date(turnsAtMs).toISOString(),
    turnsBy: turnsBy ?? null,
    turning,
    matchesUntil: Number.isFinite(person.splitDay) ? dateOf(person.splitDay) : null,
  }
}

/** Which messages showed a trait at a moment, as far as it is remembered. */
async function messagesOf(
  events: EventQueue,
  rules: OwnerRules,
  { ids }: GatheredPerson,
): Promise<MessagesAt> {
  const found = new Map<string, { source: string; messageId: string }[]>()
  const keys = ids.map(({ key }) => key)
  for (const { traits, atMs, source, messageId } of await rememberedOf(events, keys))
    for (const number of traits) {
      const moment = `${rules.traitByNumber.get(number)?.id} ${atMs}`
      found.set(moment, [...(found.get(moment) ?? []), { source, messageId }])
    }
  return (trait, atMs) => found.get(`${trait} ${atMs}`) ?? []
}
