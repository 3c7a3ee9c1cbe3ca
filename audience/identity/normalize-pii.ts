import { createHash } from 'node:crypto'
import { e164Of } from './phone-numbers.ts'

/** What is said of a person and says who it is. */
export const PiiKinds = {
  email: 'An e-mail address.',
  phone: 'A telephone number.',
  firstName: 'A first name.',
  lastName: 'A family name.',
  gender: 'A gender.',
  birthday: 'A day of birth.',
  street: 'Street and house number.',
  city: 'A town.',
  postalCode: 'A postal code.',
  country: 'A country.',
} as const
export type PiiKind = keyof typeof PiiKinds

/**
 * How a value is written before it is hashed; hashes of different rulesets do not meet. `plain` is how ids of
 * `email_sha256` and `phone_sha256` are made here.
 */
export const PiiRulesets = {
  plain: 'Addresses trimmed and in lower case, numbers in E.164 with the plus.',
  uid2: 'As plain; of gmail.com without dots and without what follows a plus (UID2, EUID, The Trade Desk).',
  google: 'As plain; of gmail.com and googlemail.com without dots (Google Customer Match, CM360).',
  meta: 'As plain; numbers and other fields as bare letters and digits (Meta Custom Audiences).',
} as const
export type PiiRuleset = keyof typeof PiiRulesets

export interface NormalizeOptions {
  ruleset: PiiRuleset
  /** ISO 3166-1 alpha-2: whose numbers they are that come without a country code. */
  country?: string | undefined
}

/** A value as a ruleset writes it; undefined where it is none of its kind, or the ruleset knows no such kind. */
export function normalizePii(
  kind: PiiKind,
  raw: string,
  { ruleset, country }: NormalizeOptions,
): string | undefined {
  if (raw.length > PII_CHARS_MAX) return undefined
  if (kind === 'email') return email(raw, ruleset)
  if (kind === 'phone') return phone(raw, ruleset, country)
  const text = OTHERS[ruleset]?.(kind, raw.trim().toLowerCase())
  return text === '' ? undefined : text
}

/** SHA-256 of what normalizePii gives, in hexadecimal. */
export function sha256Of(normalized: string): string {
  return createHash('sha256').update(normalized).digest('hex')
}

/** Longer values are none. */
const PII_CHARS_MAX = 320

const ADDRESS = /^[^\s@"(),:;<>[\]\\]+@[^\s@"(),:;<>[\]\\]+\.[^\s@"(),:;<>[\]\\.]{2,}$/

/** Whatever mail is sent to: one @, something before it, a domain behind it. */
function email(raw: string, ruleset: PiiRuleset): string | undefined {
  const text = raw.trim().toLowerCase()
  if (!ADDRESS.test(text)) return undefined
  const at = text.lastIndexOf('@')
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)]
  const own = LOCAL_PARTS[ruleset]?.(local, domain) ?? local
  return own === '' ? undefined : `${own}@${domain}`
}

const LOCAL_PARTS: Partial<Record<PiiRuleset, (local: string, domain: string) => string>> = {
  uid2: (local, domain) =>
    domain === 'gmail.com' ? local.replace(/\+.*$/, '').replaceAll('.', '') : local,
  google: (local, domain) =>
    domain === 'gmail.com' || domain === 'googlemail.com' ? local.replaceAll('.', '') : local,
}

/** A country may stand behind the number in brackets, as in `0491 570 006 (AU)`. */
function phone(raw: string, ruleset: PiiRuleset, country?: string): string | undefined {
  const [, number = raw, own] = /^(.*)\(([A-Za-z]{2})\)\s*$/.exec(raw) ?? []
  const e164 = e164Of(number, own ?? country)
  return ruleset === 'meta' ? e164?.slice(1) : e164
}

type Writer = (kind: PiiKind, text: string) => string | undefined

const OTHERS: Partial<Record<PiiRuleset, Writer>> = {
  google: (kind, text) => (kind === 'firstName' || kind === 'lastName' ? text : undefined),
  meta(kind, text) {
    if (kind === 'gender') return /^[mf]/.test(text) ? text[0] : undefined
    if (kind === 'birthday') return text.replaceAll(/\D/g, '')
    return text.replaceAll(/[^\p{L}\p{M}\p{N}]/gu, '')
  },
}
