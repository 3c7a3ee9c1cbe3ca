import { replacePersonal } from '../identity/personal-value.ts'
import { type ContactReading, contactForm, traitsOf } from './contacts-of.ts'
import { hashed } from './switch-message.ts'

/**
 * A copy of a message in which no address or number can be read: those of its person are their ids as they are kept, so that
 * reading it again comes to the same; whatever else looks like one, and who its person is said to be, are keyed hashes.
 *
 * `whole` is the message before its source's switches, of which some hash what would be an address.
 */
export function maskPersonal(
  message: Record<string, unknown>,
  whole: Record<string, unknown>,
  reading: Pick<ContactReading, 'keys' | 'country'> & { hashKey: Buffer },
): Record<string, unknown> {
  const masked = mask(message, reading.hashKey) as Record<string, unknown>
  const given = new Map(traitsOf(whole))
  for (const [path, traits] of traitsOf(masked)) {
    for (const [field, value] of Object.entries(traits))
      if (saysOfPeople(field)) traits[field] = hashAll(value, reading.hashKey)
    for (const kind of ['email', 'phone'] as const) {
      if (traits[kind] === undefined) continue
      const form = contactForm(kind, given.get(path)?.[kind], reading)
      if (form === undefined) delete traits[kind]
      else traits[kind] = form
    }
  }
  return masked
}

/**
 * Traits of the Segment specification that say who somebody is or how to reach them, and other names senders have for
 * them, in small letters alone: kept as keyed hashes. `email` and `phone` themselves are the ids of their person.
 */
const SAID_OF_PEOPLE = new Set([
  ...['name', 'firstname', 'lastname', 'fullname', 'givenname', 'familyname', 'middlename'],
  ...['surname', 'maidenname', 'nickname', 'username', 'gender', 'address', 'street'],
  ...['birthday', 'birthdate', 'dateofbirth', 'dob'],
])
const CONTACTS = /e?mail(?:address)?$|phone(?:number)?$|mobile(?:number)?$|^tel$|msisdn/

function saysOfPeople(field: string): boolean {
  if (field === 'email' || field === 'phone') return false
  const plain = field.toLowerCase().replaceAll(/[^a-z]/g, '')
  return SAID_OF_PEOPLE.has(plain) || CONTACTS.test(plain)
}

function hashAll(value: unknown, hashKey: Buffer): unknown {
  if (typeof value === 'string' || typeof value === 'number') return hashed(value, hashKey)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one) => hashAll(one, hashKey))
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, hashAll(one, hashKey)]),
  )
}

/** Names of properties are masked as values are: senders use addresses for both. */
function mask(value: unknown, hashKey: Buffer): unknown {
  const masked = (text: string) => replacePersonal(text, (one) => hashed(one, hashKey))
  if (typeof value === 'string') return masked(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one) => mask(one, hashKey))
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [masked(name), mask(one, hashKey)]),
  )
}
