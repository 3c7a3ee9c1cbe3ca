import { EMAIL_HASH, type Namespace, PHONE_HASH } from '../namespace.ts'
import type { EndRequest } from '../people/link.ts'
import { normalizePii, sha256Of } from './normalize-pii.ts'

/** What a person is known by in the field: as itself in what comes in, as the keyed hash of its hash in what is kept. */
export const CONTACTS = { email: EMAIL_HASH, phone: PHONE_HASH } as const
export type ContactKind = keyof typeof CONTACTS

/** Whether ids under this name are addresses or numbers as people write them, and are to be hashed on the way in. */
export function isContactName(name: string): name is ContactKind {
  return Object.hasOwn(CONTACTS, name)
}

/** Why a value is none. Says nothing of the value. */
export const ContactFaults: Readonly<Record<ContactKind, string>> = {
  email: 'is no e-mail address',
  phone: 'is no telephone number: write it with its country code, as in +33 1 99 00 12 34',
}

/** The namespace that a name given for ids stands for; undefined where it is no contact's. */
export function contactNamespace(name: string): Namespace | undefined {
  return isContactName(name) ? CONTACTS[name] : undefined
}

/**
 * The id of an address or a number: its SHA-256 under the plain ruleset. `country` (ISO 3166-1 alpha-2) is whose numbers
 * they are that come without a country code. Undefined where it is none.
 */
export function contactId(
  kind: ContactKind,
  raw: string,
  country?: string,
): EndRequest | undefined {
  const normalized = normalizePii(kind, raw, { ruleset: 'plain', country })
  if (normalized === undefined) return undefined
  return { namespace: CONTACTS[kind].number, value: sha256Of(normalized) }
}
