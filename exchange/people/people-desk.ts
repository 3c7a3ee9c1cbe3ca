import type { Audience } from '../../audience/audience.ts'
import {
  ContactFaults,
  contactId,
  contactNamespace,
  isContactName,
} from '../../audience/identity/contact-id.ts'
import { LIMITS as AUDIENCE_LIMITS } from '../../audience/limits.ts'
import {
  EXCHANGE_OWNER,
  IdFaults,
  idFault,
  NAMESPACE_KIND,
  type Namespace,
  OWN_NAMESPACES,
} from '../../audience/namespace.ts'
import type { Enters } from '../../audience/people/known.ts'
import type { EndRequest } from '../../audience/people/link.ts'
import { refuse } from '../../audience/refusal.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import { type Actor, type DeskDeps, isExchange, snapshotOf } from '../desk/desk.ts'
import { checkedBody } from '../desk/write-record.ts'
import { compileResolved, openEid } from '../eids/eid-resolvers.ts'
import { TOKEN_KEYS_KIND } from '../eids/token-keys-record.ts'
import { closed } from '../fields.ts'
import { LIMITS } from '../limits.ts'
import type { PartnerRecord } from '../partner.ts'
import { type PersonReport, type Recipient, recipientsOf, reportOf } from './person-report.ts'

/** Body of `POST /api/people/{lookup,export,erase}`. */
export const PersonBody = closed({
  source: Type.String({ minLength: 1, maxLength: 127, description: 'A namespace.' }),
  uid: Type.String({ minLength: 1, maxLength: AUDIENCE_LIMITS.idBytesMax }),
  reason: Type.Optional(
    Type.String({
      minLength: 8,
      maxLength: LIMITS.nameCharsMax,
      pattern: '^[^\\x00-\\x1f\\x7f]+$',
      description: 'Break-glass: why an operator of the exchange has to see a tenant’s people.',
    }),
  ),
})
export type PersonBody = Static<typeof PersonBody>

const checkBody = checker(PersonBody)

const id = {
  source: PersonBody.properties.source,
  uid: PersonBody.properties.uid,
}

/** Body of `POST /api/people/unmerge`. */
export const UnmergeBody = closed({
  ...id,
  /** Whom the id is not one person with; absent: anybody it is matched with. */
  with: Type.Optional(closed(id)),
})
type UnmergeBody = Static<typeof UnmergeBody>

const checkUnmerge = checker(UnmergeBody)

export interface PeopleDeskDeps {
  deskDeps: DeskDeps
  audience: Audience
}

/** A person somebody asks about, and as how much of it they see and touch. */
export interface AskedPerson {
  start: EndRequest
  /** Names the id where it must not be named: hexadecimal of its key. */
  hash: string
  /** Whether what is a tenant's is shown to the exchange. */
  isGlassBroken: boolean
  reason: string | undefined
  sees: (owner: string) => boolean
  /** Partners reach what their own or the exchange's matches lead to; the exchange whatever there is. */
  enters: Enters | undefined
}

export interface Erased {
  /** How much was deleted. Ids are suppressed from now on, known or not. */
  ids: number
  edges: number
  segments: number
  /** Who was given anything about the person within 13 months: the erasure is to be passed on to them. */
  recipients: Recipient[]
}

/** Reads who is asked about. Refuses ids that are none, and namespaces that are not the caller's. */
export function askedPerson(
  { deskDeps, audience }: PeopleDeskDeps,
  actor: Actor,
  body: unknown,
): AskedPerson {
  return askedBy({ deskDeps, audience }, actor, checkedBody<PersonBody>(body, checkBody, []))
}

/** The same of a question that was read already. */
export function askedBy(
  { deskDeps, audience }: PeopleDeskDeps,
  actor: Actor,
  { reason, ...asked }: PersonBody,
): AskedPerson {
  const start = idAsked({ deskDeps, audience }, actor, asked)
  const isGlassBroken = isExchange(actor) && reason !== undefined
  const own = actor.partner ?? EXCHANGE_OWNER
  return {
    start,
    hash: audience.hashOf(start),
    isGlassBroken,
    reason: isGlassBroken ? reason : undefined,
    sees: (owner) => isGlassBroken || owner === own,
    enters: actor.partner === undefined ? undefined : entersOf(deskDeps, actor.partner),
  }
}

/** What is known of a person, as far as the caller may see it. */
export async function lookUpPerson(
  deps: PeopleDeskDeps,
  { start, enters, sees }: AskedPerson,
): Promise<PersonReport> {
  const { deskDeps, audience } = deps
  const known = await audience.known([start], enters)
  const egress = await audience.egressOf(known.ids)
  const vault = await audience.vault.entriesOf(known.ids.map(({ key }) => key))
  const snapshot = snapshotOf(deskDeps)
  return reportOf(known, { snapshot, nowMs: deskDeps.clock.now(), sees, egress, vault })
}

/**
 * Suppresses a person, and deletes all that is known of it. The exchange's word holds for every id that
 * live matches lead to, whoever says that they are the same person: in doubt the stricter. A partner's
 * holds for ids of its own, since what others know of the person is not the partner's to delete.
 */
export async function erasePerson(
  { deskDeps, audience }: PeopleDeskDeps,
  actor: Actor,
  { start, enters }: AskedPerson,
): Promise<Erased> {
  const known = await audience.known([start], enters)
  const mine = <Id extends { namespace: number }>(ids: readonly Id[]) =>
    actor.partner === undefined ? ids : ownIds(deskDeps, actor.partner, ids)
  const going = mine(known.ids)
  await audience.suppress(going, { kind: 'erased', enters: NOWHERE })
  // An opt-out before took the matches over which what was given would be found.
  const past = await audience.pastIdsOf(going, enters)
  const egress = await audience.egressOf([...going, ...mine(past)])
  const gone = new Set(going.map((id) => known.ids.indexOf(id)))
  return {
    ids: going.length,
    edges: known.edges.filter(({ a, b }) => gone.has(a) || gone.has(b)).length,
    segments: going.reduce((sum, { memberships }) => sum + memberships.length, 0),
    recipients: recipientsOf({ snapshot: snapshotOf(deskDeps), egress }),
  }
}

/**
 * Takes matches of an id back, with one other id or with all, and answers how many there were: afterwards people are as if
 * they had never been. An operator's word holds for everybody's, a partner's for its own. Refuses `not_found` where there
 * is none.
 */
export async function unmergePerson(
  deps: PeopleDeskDeps,
  actor: Actor,
  body: unknown,
): Promise<{ hash: string; removed: number }> {
  const given = checkedBody<UnmergeBody>(body, checkUnmerge, [])
  const at = idAsked(deps, actor, given)
  const from = given.with && idAsked(deps, actor, given.with, { field: 'with.', isOfAll: true })
  const owner = actor.partner === undefined ? undefined : numberOf(deps.deskDeps, actor.partner)
  const removed = await deps.audience.unmerge({ at, from, owner })
  if (removed === 0) throw refuse('not_found', '', 'there is no such match that is yours')
  return { hash: deps.audience.hashOf(at), removed }
}

/** The walk was done before. */
const NOWHERE: Enters = () => false

function ownIds<Id extends { namespace: number }>(
  deskDeps: DeskDeps,
  partner: string,
  ids: readonly Id[],
): Id[] {
  const own = new Set<number>()
  for (const { value } of snapshotOf(deskDeps).kind(NAMESPACE_KIND).values()) {
    const { number, owner } = value as Namespace
    if (owner === partner) own.add(number)
  }
  return ids.filter(({ namespace }) => own.has(namespace))
}

function entersOf(deskDeps: DeskDeps, partner: string): Enters {
  const number = numberOf(deskDeps, partner)
  return ({ owner }) => owner === 0 || owner === number
}

function numberOf(deskDeps: DeskDeps, partner: string): number {
  return (snapshotOf(deskDeps).kind('partner').get(partner)!.value as PartnerRecord).number
}

/** An id somebody names. `isOfAll`: it may be one that everybody matches with, such as a device or the hash of an address. */
function idAsked(
  { deskDeps, audience }: PeopleDeskDeps,
  actor: Actor,
  { source, uid }: { source: string; uid: string },
  { field = '', isOfAll = false } = {},
): EndRequest {
  const namespace = namespaceFor(deskDeps, actor, { name: source, field, isOfAll })
  const value = isContactName(source)
    ? hashOf(source, uid, field)
    : idOf({ deskDeps, audience }, namespace, uid)
  const fault = idFault(namespace.number, value)
  if (fault !== undefined) throw refuse('invalid', `${field}uid`, IdFaults[fault])
  return { namespace: namespace.number, value }
}

/** A token stands for the id in it; what does not open is taken as it is. */
function idOf({ deskDeps, audience }: PeopleDeskDeps, namespace: Namespace, uid: string): string {
  const records = snapshotOf(deskDeps)
  const sources = compileResolved(records.kind(NAMESPACE_KIND), records.kind(TOKEN_KEYS_KIND))
  const source = sources.find((one) => one.namespace === namespace.number)
  const deps = { audience, clock: deskDeps.clock }
  return (source && openEid(source, uid, deps)) ?? uid
}

/** Of an address or a number: the caller is not told what was wrong with which. */
function hashOf(kind: keyof typeof ContactFaults, uid: string, field: string): string {
  const contact = contactId(kind, uid)
  if (contact === undefined) throw refuse('invalid', `${field}uid`, ContactFaults[kind])
  return contact.value
}

/** The same answer for what is not there and what is somebody else's. */
function namespaceFor(
  deskDeps: DeskDeps,
  actor: Actor,
  { name, field, isOfAll }: { name: string; field: string; isOfAll: boolean },
): Namespace {
  const kept = snapshotOf(deskDeps).kind(NAMESPACE_KIND).get(name)?.value as Namespace | undefined
  const namespace = contactNamespace(name) ?? OWN_NAMESPACES.get(name) ?? kept
  const isOwn = namespace && (isExchange(actor) || namespace.owner === actor.partner)
  const isCommon = isOfAll && namespace?.owner === EXCHANGE_OWNER && namespace.kind !== 'browser'
  if (!namespace || !(isOwn || isCommon))
    throw refuse('invalid', `${field}source`, 'there is no namespace of this name that is yours')
  return namespace
}
