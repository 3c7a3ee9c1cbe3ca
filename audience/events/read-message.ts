import { createHash, randomUUID } from 'node:crypto'
import { DAY_MS } from '../clock.ts'
import { namesNobody } from '../identity/names-nobody.ts'
import type { PiiKind } from '../identity/normalize-pii.ts'
import { looksPersonal, PERSONAL_SAYS } from '../identity/personal-value.ts'
import { IdFaults, idFault } from '../namespace.ts'
import type { EndRequest } from '../people/link.ts'
import type { UserKeys } from '../people/user-key.ts'
import { isWeaker, type Provenance } from '../provenance.ts'
import type { Problem } from '../refusal.ts'
import { type EventValues, eventValues } from '../rules/event-values.ts'
import { piiOf } from '../vault/pii-of.ts'
import type { Vault } from '../vault/vault.ts'
import { textOf as entryText } from '../vault/vault-record.ts'
import type { BookTrait } from './book-rules.ts'
import type { CollectedEvent } from './collected-event.ts'
import { contactsOf } from './contacts-of.ts'
import { EVENT_LIMITS } from './limits.ts'
import { readMoment } from './read-moment.ts'
import type { OwnerRules } from './rule-book.ts'
import { hashed, type Switches, switchOf, switchValues } from './switch-message.ts'

/** Kinds of messages of the Segment HTTP tracking API. */
export const MESSAGE_TYPES = ['track', 'identify', 'page', 'screen', 'group', 'alias'] as const
export type MessageType = (typeof MESSAGE_TYPES)[number]

/** A source, as its messages are read. */
export interface MessageSource {
  id: string
  /** Number of the partner that owns it. */
  owner: number
  /** Numbers of its namespaces; undefined where it has none for that id. */
  anonymousId: number | undefined
  userId: number | undefined
  /** ISO 3166-1 alpha-2: whose telephone numbers they are that come without a country code. */
  country: string | undefined
  provenance: Provenance
  switches: Switches
  /** What of its people's may be kept in the vault. */
  vault: readonly PiiKind[]
}

export interface MessageContext {
  source: MessageSource
  /** The owner's traits; undefined where it has none. */
  rules: OwnerRules | undefined
  /** Kind of the endpoint it came to; undefined: the message says it. */
  type: MessageType | undefined
  /** When it was sent, as the request says it; counts where the message does not say. */
  sentMs: number | undefined
  receivedMs: number
  /** Keys the hashes of switched properties. */
  hashKey: Buffer
  keys: UserKeys
  vault: Vault
}

/** One message, understood. */
export interface ReadMessage {
  /** What is kept of it: whom it is about and which traits it shows. */
  event: CollectedEvent
  /** The message itself, with its type. */
  message: Readonly<Record<string, unknown>>
  /** Its values as the source's switches leave them: asked where it came in, and kept nowhere. */
  values: EventValues
}

/** Reads one message, or says what is wrong with it. */
export function readMessage(
  message: unknown,
  context: MessageContext,
): ReadMessage | { problem: Problem } {
  if (!isFields(message)) return wrong('', 'must be a JSON object')
  const type = context.type ?? message['type']
  if (!isType(type)) return wrong('type', `must be one of ${MESSAGE_TYPES.join(', ')}`)
  const missing = missingField(message, type)
  if (missing) return { problem: missing }
  const ids = idsOf(message, type, context.source)
  if ('problem' in ids) return ids
  const atMs = timeOf(message, context)
  if (typeof atMs !== 'number') return atMs
  if (isInexact(message['messageId'])) return wrong('messageId', INEXACT)
  const { source, hashKey, keys } = context
  const typed = message['type'] === type ? message : { ...message, type }
  const values = switchValues(eventValues(typed, EVENT_LIMITS), source.switches, hashKey)
  const event: CollectedEvent = {
    source: source.id,
    owner: source.owner,
    messageId: messageIdOf(message, context),
    atMs,
    about: ids.about,
    traits: traitsShown(values, context),
  }
  if (atMs !== context.receivedMs) event.receivedMs = context.receivedMs
  if (ids.sameAs) event.sameAs = ids.sameAs
  const isOpen = (path: string) => switchOf(path, source.switches) !== 'drop'
  const contacts = contactsOf(typed, { keys, country: source.country, isOpen })
  if (contacts.length > 0) event.contacts = contacts
  if (source.vault.length > 0) seal(event, typed, { context, isOpen })
  return { event, message: typed, values }
}

/** Adds what is to be kept of the person, sealed for the id that the event is kept at. */
function seal(
  event: CollectedEvent,
  message: Fields,
  { context, isOpen }: { context: MessageContext; isOpen: (path: string) => boolean },
): void {
  const { source, keys, vault } = context
  if (!vault.isOpen) return
  const values = piiOf(message, source.vault, { country: source.country, isOpen })
  if (values.size === 0) return
  const { about, atMs } = event
  const person = keys.ref(about.namespace, about.value).key
  event.vault = vault.seal(values, { owner: source.owner, person, atMs }).map(entryText)
}

type Fields = Record<string, unknown>
type Wrong = { problem: Problem }

function wrong(field: string, reason: string): Wrong {
  return { problem: { field, reason } }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isType(type: unknown): type is MessageType {
  return (MESSAGE_TYPES as readonly unknown[]).includes(type)
}

const MUST_HAVE: Partial<Record<MessageType, string>> = {
  track: 'event',
  group: 'groupId',
  alias: 'previousId',
}

const CONTAINERS = ['properties', 'traits', 'context'] as const

function missingField(message: Fields, type: MessageType): Problem | undefined {
  const field = MUST_HAVE[type]
  if (field !== undefined && textOf(message[field]) === '')
    return { field, reason: `is required in a message of type ${type}` }
  for (const name of CONTAINERS)
    if (isGiven(message[name]) && !isFields(message[name]))
      return { field: name, reason: 'must be a JSON object' }
  return undefined
}

/** Whom it is about: the customer where it says so, and the visitor beside it as the same person. */
function idsOf(
  message: Fields,
  type: MessageType,
  source: MessageSource,
): { about: EndRequest; sameAs: EndRequest | undefined } | Wrong {
  const customer = idIn(message, 'userId', source.userId)
  if (customer && 'problem' in customer) return customer
  const isAlias = type === 'alias'
  const visitor = isAlias
    ? idIn(message, 'previousId', source.anonymousId ?? source.userId)
    : idIn(message, 'anonymousId', source.anonymousId)
  if (visitor && 'problem' in visitor) return visitor
  const about = customer ?? visitor
  if (!about)
    return wrong('anonymousId', 'no anonymousId or userId that the source has a namespace for')
  const sameAs = customer && visitor
  if (isAlias && !sameAs) return wrong('userId', 'is required in a message of type alias')
  return { about, sameAs }
}

function idIn(
  message: Fields,
  field: string,
  namespace: number | undefined,
): EndRequest | Wrong | undefined {
  const value = textOf(message[field])
  if (value === '' || namespace === undefined) return undefined
  if (isInexact(message[field])) return wrong(field, INEXACT)
  if (isNobody(value.trim())) return undefined
  const fault = idFault(namespace, value)
  if (fault) return wrong(field, IdFaults[fault])
  return looksPersonal(value) ? wrong(field, PERSONAL_SAYS) : { namespace, value }
}

/**
 * By the sender's clock, corrected by how far it was off when it sent (Segment: timestamp = receivedAt −
 * (sentAt − originalTimestamp)); never later than it came.
 */
function timeOf(message: Fields, { sentMs, receivedMs }: MessageContext): number | Wrong {
  const field = isGiven(message['originalTimestamp']) ? 'originalTimestamp' : 'timestamp'
  if (!isGiven(message[field])) return receivedMs
  const saidMs = readMoment(message[field])
  if (saidMs === undefined) return wrong(field, 'is no date and time as in 2026-11-27T10:15:00Z')
  const said = message['sentAt']
  const leftMs = isGiven(said) ? readMoment(said) : sentMs
  const atMs = Math.min(receivedMs, leftMs === undefined ? saidMs : receivedMs - (leftMs - saidMs))
  if (atMs < receivedMs - EVENT_LIMITS.ageDaysMax * DAY_MS)
    return wrong(field, `is more than ${EVENT_LIMITS.ageDaysMax} days ago`)
  return Math.round(atMs)
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** One that is not given is made here: such a message counts however often it comes. What looks personal is kept as its hash. */
function messageIdOf(message: Fields, { hashKey }: MessageContext): string {
  const id = textOf(message['messageId'])
  if (id === '') return randomUUID()
  if (looksPersonal(id)) return hashed(id, hashKey)
  if (id.length <= EVENT_LIMITS.messageIdCharsMax) return id
  return createHash('sha256').update(id).digest('base64url')
}

/** What programs make of nothing, beside what all systems do. */
const NOTHING = new Set(['nan', 'none', '[object object]', '-1'])

function isNobody(value: string): boolean {
  return NOTHING.has(value.toLowerCase()) || namesNobody(value) !== undefined
}

/** Beyond 2^53 different numbers of a sender are one here: two people, or two messages, would be. */
function isInexact(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER
}

const INEXACT = 'is a number beyond 2^53, which JSON does not carry exactly: write it as text'

/** Ids and event names come as numbers, too. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : ''
}

function traitsShown(values: EventValues, { rules, source }: MessageContext): number[] {
  const numbers: number[] = []
  if (rules === undefined) return numbers
  for (const trait of rules.index.match(values)) if (sees(trait, source)) numbers.push(trait.number)
  return numbers
}

/** A third party's events are seen by traits that name their source, so that it is known which contract they rest on. */
function sees(trait: BookTrait, { id, provenance }: MessageSource): boolean {
  if (trait.source !== undefined) return trait.source === id
  return provenance !== 'third_party' && !isWeaker(provenance, trait.provenance)
}
