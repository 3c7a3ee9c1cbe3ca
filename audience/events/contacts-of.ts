import { CONTACTS, type ContactKind, contactId } from '../identity/contact-id.ts'
import { isPeppered } from '../namespace.ts'
import type { EndRequest } from '../people/link.ts'
import type { UserKeys } from '../people/user-key.ts'

/** Addresses that stand for nobody, as forms and tests have them. */
const NOBODY = /^(?:test|none|null|na|n\/a|noemail|unknown|anonymous|no-?reply)@/i
const HASHED = /^[0-9a-fA-F]{64}$/

export interface ContactReading {
  keys: UserKeys
  /** ISO 3166-1 alpha-2; undefined: numbers come with their country code, or are none. */
  country: string | undefined
  /** Whether the source lets this path be used. */
  isOpen: (path: string) => boolean
}

/**
 * The ids of the addresses and numbers that a message gives of its person (`traits` of an identify, `context.traits` of
 * any), in the form in which they are kept: the values themselves go no further. What is none is passed over.
 */
export function contactsOf(
  message: Record<string, unknown>,
  reading: ContactReading,
): EndRequest[] {
  const places = traitsOf(message)
  if (places.length === 0) return []
  const { isOpen } = reading
  const found = new Map<string, EndRequest>()
  for (const [path, traits] of places)
    for (const kind of ['email', 'phone'] as const) {
      const value = isOpen(`${path}.${kind}`) ? contactForm(kind, traits[kind], reading) : undefined
      if (value !== undefined) found.set(value, { namespace: CONTACTS[kind].number, value })
    }
  return [...found.values()]
}

/** The id of an address or number in the form in which it is kept, or of its SHA-256; undefined where it is none. */
export function contactForm(
  kind: ContactKind,
  given: unknown,
  { keys, country }: Pick<ContactReading, 'keys' | 'country'>,
): string | undefined {
  const raw = typeof given === 'number' ? String(given) : given
  if (typeof raw !== 'string' || (kind === 'email' && NOBODY.test(raw))) return undefined
  const isHash = HASHED.test(raw) || isPeppered(raw)
  const value = isHash ? raw : contactId(kind, raw, country)?.value
  return value && keys.form(CONTACTS[kind].number, value)
}

/** What a message says of its person, by where it says so. */
export function traitsOf(message: Record<string, unknown>): [string, Record<string, unknown>][] {
  const places: [string, Record<string, unknown>][] = []
  const context = message['context'] as Record<string, unknown> | null | undefined
  const ofContext = context?.['traits']
  if (isFields(ofContext)) places.push(['context.traits', ofContext])
  const own = message['type'] === 'identify' ? message['traits'] : undefined
  if (isFields(own)) places.push(['traits', own])
  return places
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
