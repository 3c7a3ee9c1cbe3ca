import { looksPersonal } from '../identity/personal-value.ts'
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
    for (const field of SAID_OF_PEOPLE)
      if (field in traits) traits[field] = hashAll(traits[field], reading.hashKey)
    for (const kind of ['email', 'phone'] as const) {
      if (traits[kind] === undefined) continue
      const form = contactForm(kind, given.get(path)?.[kind], reading)
      if (form === undefined) delete traits[kind]
      else traits[kind] = form
    }
  }
  return masked
}

/** Traits of the Segment specification that say who somebody is, beside addresses and numbers: kept as keyed hashes. */
const SAID_OF_PEOPLE = [
  'name',
  'firstName',
  'lastName',
  'birthday',
  'gender',
  'address',
  'username',
]

function hashAll(value: unknown, hashKey: Buffer): unknown {
  if (typeof value === 'string') return hashed(value, hashKey)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one) => hashAll(one, hashKey))
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, hashAll(one, hashKey)]),
  )
}

function mask(value: unknown, hashKey: Buffer): unknown {
  if (typeof value === 'string') return looksPersonal(value) ? hashed(value, hashKey) : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one) => mask(one, hashKey))
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, mask(one, hashKey)]))
}
