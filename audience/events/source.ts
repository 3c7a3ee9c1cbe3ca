import { type PiiKind, PiiKinds } from '../identity/normalize-pii.ts'
import { PROVENANCE_NAMES } from '../provenance.ts'
import { checker, NAME_PATTERN, type Static, Type } from '../schema.ts'
import { EVENT_LIMITS } from './limits.ts'

/** Catalog kind under which sources are kept; a record's id is the source's. */
export const SOURCE_KIND = 'source'

/** What may become of one property of a source's events, before anything else sees it. */
export const PropertySwitches = {
  keep: 'Traits ask of it as it came; nothing of it is stored.',
  hash: 'Traits ask of its keyed hash (SHA-256, hexadecimal); its value is gone.',
  drop: 'It is removed before anything is asked of it.',
} as const
export type PropertySwitch = keyof typeof PropertySwitches

const NamespaceName = Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,126}$' })

/** Body of PUT /api/sources/{id}. */
export const SourceBodySchema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 255, pattern: NAME_PATTERN }),
    kind: Type.Enum(['web', 'server', 'app', 'crm', 'wifi', 'pos', 'file']),
    /** Partner id: the tenant whose traits see its events. Fixed when it is made. */
    owner: Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' }),
    /** Where the ids of its messages belong; made with it. Several sources of one owner may share them. */
    namespaces: Type.Object(
      { anonymousId: Type.Optional(NamespaceName), userId: Type.Optional(NamespaceName) },
      { additionalProperties: false, minProperties: 1 },
    ),
    /** How the owner comes by its events; default first_party. Fixed when it is made. */
    provenance: Type.Optional(Type.Enum(PROVENANCE_NAMES)),
    /** Contract under which a third party's events are collected: nothing is while it is not live. */
    contract: Type.Optional(Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' })),
    /** Whether an event that says nothing of the GDPR counts as under it. Default 0. */
    gdprDefault: Type.Optional(Type.Enum([0, 1])),
    /**
     * Property by its dotted path, e.g. `properties.email` or `context.ip`: what becomes of it, and of all
     * below it. What is not named is kept.
     */
    properties: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[^\\u0000-\\u001f]{1,256}$' }),
        Type.Enum(Object.keys(PropertySwitches) as PropertySwitch[]),
        { maxProperties: EVENT_LIMITS.switchesMax },
      ),
    ),
    /**
     * What of its people's is kept so that it can be read again, sealed, in the vault: fields of `traits`. Absent: nothing.
     */
    vault: Type.Optional(
      Type.Array(Type.Enum(Object.keys(PiiKinds) as PiiKind[]), { uniqueItems: true, minItems: 1 }),
    ),
  },
  { additionalProperties: false },
)
export type Source = Static<typeof SourceBodySchema>

/** Names every field at fault of what should be a body of PUT /api/sources/{id}. */
export const checkSource = checker(SourceBodySchema)

/**
 * Under which name it is kept what a source's messages hold, and which of them are held back. An id may be another
 * owner's one day; an owner's number never is.
 */
export function shelfOf({ owner, id }: { owner: number; id: string }): string {
  return `${owner}.${id}`
}
