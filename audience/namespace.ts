import { LIMITS } from './limits.ts'
import { type Static, Type } from './schema.ts'
import { type EidResolverKind, EidResolvers } from './tokens/eid-resolver-kinds.ts'

/** Catalog kind under which namespaces are kept; a record's id is the namespace's name. */
export const NAMESPACE_KIND = 'namespace'

/** Whose ids a namespace holds. The bid path reads partner, eid and device only. */
export const NamespaceKinds = {
  partner: 'The ids a partner knows people by; its name is the partner’s id.',
  eid: 'The ids of an extended identifier source, such as a domain; its name is `eids[].source`.',
  device: 'Advertising ids of devices.',
  source: 'Ids that a source of events gives to visitors.',
  crm: 'Ids of customers in a customer file.',
  hash: 'Contact points known only by their SHA-256: what deletion lists name people by.',
  browser: 'Browsers, as our own cookie tells them apart; only the edge door writes here.',
} as const
export type NamespaceKind = keyof typeof NamespaceKinds

export const MaxPerPerson = Type.Integer({ minimum: 1, maximum: LIMITS.idsPerPersonMax })
export const Priority = Type.Integer({ minimum: 0, maximum: 100 })

/** A namespace as kept in the catalog. Owner and kind are fixed when it is made. */
export const NamespaceSchema = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,126}$' }),
    number: Type.Integer({ minimum: 1, maximum: LIMITS.numberMax }),
    kind: Type.Enum(Object.keys(NamespaceKinds) as NamespaceKind[]),
    owner: Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' }),
    maxPerPerson: Type.Optional(MaxPerPerson),
    priority: Type.Optional(Priority),
    resolver: Type.Optional(Type.Enum(Object.keys(EidResolvers) as EidResolverKind[])),
  },
  { additionalProperties: false },
)

/**
 * `resolver`, of kind `eid` only: how what a request sends becomes an id; absent: `raw`.
 * `number` names it in keys and is never given twice. `owner` is a partner's id, or EXCHANGE_OWNER.
 * `maxPerPerson`: one person has at most so many values here, and a match that says otherwise is refused; absent: as many
 * as a person may have. `priority`: of two claims that cannot both hold, the one between ids of higher priority does; what
 * holds where these are absent is in people/namespace-rules.ts.
 */
export type Namespace = Static<typeof NamespaceSchema>

/** Owner of what belongs to no partner. */
export const EXCHANGE_OWNER = 'exchange'

/** Advertising ids of devices (`device.ifa`): always there, always number 1. */
export const IFA: Namespace = { name: 'ifa', number: 1, kind: 'device', owner: EXCHANGE_OWNER }

/**
 * Browsers by our own cookie: always there. Its number is the highest there is, so that no sequence
 * ever reaches it. Nobody imports into it, and no bid request is looked up by it but what a browser asks for itself.
 */
export const BROWSER: Namespace = {
  name: 'browser',
  number: LIMITS.numberMax,
  kind: 'browser',
  owner: EXCHANGE_OWNER,
}

/** SHA-256 of an e-mail address, trimmed and in lower case: always there. */
export const EMAIL_HASH: Namespace = {
  name: 'email_sha256',
  number: LIMITS.numberMax - 1,
  kind: 'hash',
  owner: EXCHANGE_OWNER,
}

/** SHA-256 of a telephone number in E.164, with its plus: always there. */
export const PHONE_HASH: Namespace = {
  name: 'phone_sha256',
  number: LIMITS.numberMax - 2,
  kind: 'hash',
  owner: EXCHANGE_OWNER,
}

/**
 * SHA-256 of a device's id, in lower case: always there. It names the very ids of `ifa`, under the same keys
 * (people/user-key.ts): who is known by the one is known by the other.
 */
export const IFA_HASH: Namespace = {
  name: 'ifa_sha256',
  number: LIMITS.numberMax - 3,
  kind: 'hash',
  owner: EXCHANGE_OWNER,
}

/** Those that are in no catalog, by name. Imports write to all but BROWSER. */
export const OWN_NAMESPACES: ReadonlyMap<string, Namespace> = new Map(
  [IFA, BROWSER, EMAIL_HASH, PHONE_HASH, IFA_HASH].map((namespace) => [namespace.name, namespace]),
)

/** Names no partner and no eid source may take. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  ...OWN_NAMESPACES.keys(),
  EXCHANGE_OWNER,
  // Names for what is hashed on its way in: see identity/contact-id.ts.
  ...['email', 'phone'],
])

/** Why a value is no id. */
export const IdFaults = {
  empty: 'The value is empty.',
  too_long: 'The value is longer than 512 bytes.',
  control_bytes: 'The value holds control bytes.',
  half_character: 'The value holds half a surrogate pair, which is no character.',
  zeros: 'The value is all zeros, which devices send instead of an advertising id.',
  not_hash: 'The value is no SHA-256: 64 hexadecimal digits, or 44 characters of base64.',
} as const
export type IdFault = keyof typeof IdFaults

/** What is wrong with a value in a namespace; undefined when it is an id. */
export function idFault(namespace: number, value: string): IdFault | undefined {
  if (value === '') return 'empty'
  const isPlain = /^[ -~]*$/.test(value)
  const bytes = isPlain ? value.length : Buffer.byteLength(value)
  if (bytes > LIMITS.idBytesMax) return 'too_long'
  if (!isPlain && /[\x00-\x1f\x7f]/.test(value)) return 'control_bytes'
  // Any such half is written as one and the same character: different values would be one id.
  if (!isPlain && /\p{Surrogate}/u.test(value)) return 'half_character'
  if (namespace === IFA.number && /^[0-]*$/.test(value)) return 'zeros'
  if (!isHashed(namespace) || HASH.test(value)) return undefined
  return isContactHash(namespace) && isPeppered(value) ? undefined : 'not_hash'
}

/** Ids of addresses and telephone numbers by their SHA-256. */
export function isContactHash(namespace: number): boolean {
  return namespace === EMAIL_HASH.number || namespace === PHONE_HASH.number
}

/** Begins the form in which such ids are kept: the version of the pepper (people/user-key.ts). */
export const PEPPERED = '1.'

/** Whether a value is such a hash in the form in which it is kept. */
export function isPeppered(value: string): boolean {
  return /^1\.[A-Za-z0-9_-]{43}$/.test(value)
}

const HASH = /^([0-9a-fA-F]{64}|[A-Za-z0-9+/_-]{43}=?)$/

function isHashed(namespace: number): boolean {
  return namespace <= EMAIL_HASH.number && namespace >= IFA_HASH.number
}

/**
 * A value as its namespace writes it: `ifa` in lower case (A to Z only), hashes in hexadecimal, others as they are.
 * What is kept is UserKeys.form of it.
 */
export function idForm(namespace: number, value: string): string {
  if (isContactHash(namespace) && isPeppered(value)) return value
  if (isHashed(namespace))
    return value.length === 64 ? value.toLowerCase() : Buffer.from(value, 'base64').toString('hex')
  if (namespace !== IFA.number) return value
  return value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
