import { traitsOf } from '../events/contacts-of.ts'
import { normalizePii, type PiiKind } from '../identity/normalize-pii.ts'

/** Where the traits of a person say what, in the words of the Segment specification. */
const PLACES: Readonly<Record<PiiKind, readonly [string, ...string[]]>> = {
  email: ['email'],
  phone: ['phone'],
  firstName: ['firstName'],
  lastName: ['lastName'],
  gender: ['gender'],
  birthday: ['birthday'],
  street: ['address', 'street'],
  city: ['address', 'city'],
  postalCode: ['address', 'postalCode'],
  country: ['address', 'country'],
}
const CHARS_MAX = 320

/** What a message gives of its person, of the fields that its source keeps: as it was given, numbers in E.164. */
export function piiOf(
  message: Record<string, unknown>,
  fields: readonly PiiKind[],
  { country, isOpen }: { country: string | undefined; isOpen: (path: string) => boolean },
): Map<PiiKind, string> {
  const found = new Map<PiiKind, string>()
  for (const [at, traits] of traitsOf(message))
    for (const field of fields) {
      const path = PLACES[field]
      const value = isOpen([at, ...path].join('.')) ? valueAt(traits, path) : undefined
      const text = value && sound(field, value, country)
      if (text) found.set(field, text)
    }
  return found
}

function valueAt(traits: Record<string, unknown>, path: readonly string[]): string | undefined {
  let value: unknown = traits
  for (const name of path) value = (value as Record<string, unknown> | null | undefined)?.[name]
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value.length <= CHARS_MAX ? value.trim() : undefined
}

function sound(field: PiiKind, value: string, country: string | undefined): string | undefined {
  if (field === 'phone') return normalizePii('phone', value, { ruleset: 'plain', country })
  const isNone =
    field === 'email' && normalizePii('email', value, { ruleset: 'plain' }) === undefined
  return isNone ? undefined : value
}
