import {
  normalizePii,
  type PiiKind,
  PiiKinds,
  type PiiRuleset,
  PiiRulesets,
  sha256Of,
} from '../../audience/identity/normalize-pii.ts'
import { refuse } from '../../audience/refusal.ts'
import { checker, type Static, Type } from '../../audience/schema.ts'
import { type Actor, isExchange, snapshotOf } from '../desk/desk.ts'
import { checkedBody } from '../desk/write-record.ts'
import { closed } from '../fields.ts'
import type { PartnerRecord } from '../partner.ts'
import { type AskedPerson, askedBy, type PeopleDeskDeps, PersonBody } from './people-desk.ts'

/** What a value is read for. */
export const RevealPurposes = {
  sms: 'To send a message to a telephone.',
  email: 'To send an e-mail.',
  mail: 'To send a letter.',
  call: 'To call, or to answer a call.',
  audience: 'To give its hash to a platform that knows people by it.',
  access: 'Because the person asks for it.',
} as const
export type RevealPurpose = keyof typeof RevealPurposes

/** Body of `POST /api/people/reveal`. */
export const RevealBody = closed({
  source: PersonBody.properties.source,
  uid: PersonBody.properties.uid,
  fields: Type.Array(Type.Enum(Object.keys(PiiKinds) as PiiKind[]), {
    minItems: 1,
    uniqueItems: true,
  }),
  purpose: Type.Enum(Object.keys(RevealPurposes) as RevealPurpose[]),
  reason: Type.String({
    minLength: 8,
    maxLength: 255,
    pattern: '^[^\\x00-\\x1f\\x7f]+$',
    description: 'Why, in a sentence: it is audited.',
  }),
  /** Answers the SHA-256 of the value as this ruleset writes it, in place of the value. */
  as: Type.Optional(Type.Enum(Object.keys(PiiRulesets) as PiiRuleset[])),
})
export type RevealBody = Static<typeof RevealBody>

const checkBody = checker(RevealBody)

/** A value of a person, or its hash. */
export interface RevealedValue {
  owner: string
  field: PiiKind
  value?: string
  sha256?: string
  /** When it was said. */
  at: string
}

export interface Reveal {
  asked: AskedPerson
  given: RevealBody
}

/** Reads what is asked. Refuses `forbidden` where the caller is neither an operator of the exchange nor has a key of scope `pii`. */
export function askedReveal(
  deps: PeopleDeskDeps,
  { actor, scopes }: { actor: Actor; scopes: ReadonlySet<string> },
  body: unknown,
): Reveal {
  const given = checkedBody<RevealBody>(body, checkBody, [])
  if (!isExchange(actor) && !scopes.has('pii'))
    throw refuse('forbidden', '', 'reading what the vault holds takes a key of scope pii')
  if (!deps.audience.vault.isOpen)
    throw refuse('conflict', '', 'this instance has no vault: see PASSERELLE_VAULT_KEYS')
  const { source, uid, reason } = given
  return { asked: askedBy(deps, actor, { source, uid, reason }), given }
}

/**
 * The values the vault holds of a person, of each tenant and field the one said last: of an operator's all, of a partner's
 * its own. Refuses `conflict` where one was sealed under a key that is not here.
 */
export async function revealPerson(
  { deskDeps, audience }: PeopleDeskDeps,
  { asked, given }: Reveal,
): Promise<RevealedValue[]> {
  const known = await audience.known([asked.start], asked.enters)
  if (known.ids.some(({ suppression }) => suppression)) return []
  const names = ownersIn(deskDeps)
  const opened = await audience.vault.open(
    known.ids.map(({ key }) => key),
    ({ owner, field }) => given.fields.includes(field) && asked.sees(names.get(owner) ?? ''),
  )
  const latest = new Map<string, RevealedValue>()
  for (const { entry, value } of opened.toSorted((a, b) => a.entry.atMs - b.entry.atMs)) {
    if (value === undefined)
      throw refuse('conflict', '', `a value is sealed under key ${entry.keyId}, which is not here`)
    const shown = shownAs(entry.field, value, given.as)
    const owner = names.get(entry.owner) ?? `#${entry.owner}`
    if (shown)
      latest.set(`${owner} ${entry.field}`, {
        ...{ owner, field: entry.field, ...shown },
        at: new Date(entry.atMs).toISOString(),
      })
  }
  return [...latest.values()]
}

/** Undefined where the ruleset knows no such field. */
function shownAs(field: PiiKind, value: string, ruleset: PiiRuleset | undefined) {
  if (ruleset === undefined) return { value }
  const normalized = normalizePii(field, value, { ruleset })
  return normalized === undefined ? undefined : { sha256: sha256Of(normalized) }
}

function ownersIn(deskDeps: PeopleDeskDeps['deskDeps']): Map<number, string> {
  const partners = [...snapshotOf(deskDeps).kind('partner').values()]
  return new Map(partners.map(({ id, value }) => [(value as PartnerRecord).number, id]))
}
