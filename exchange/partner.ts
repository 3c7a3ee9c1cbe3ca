import { isGdprRegion } from '../audience/countries.ts'
import { type Static, Type } from '../audience/schema.ts'
import { closed, Domain, listOf, Name, OperatorId } from './fields.ts'
import { SyncSettings } from './sync/sync-settings.ts'

/**
 * A partner: a company that buys, sells or carries. It is a tenant: every object has one as its
 * owner. Its id is also the name of the namespace its own ids live in.
 */
export const PARTNER_ROLES = [
  'dsp',
  'dmp',
  'publisher',
  'advertiser',
  'ssp',
  'data_provider',
] as const

/** Ids of a request by which a person may be looked up, in the house's order. */
export const ID_ORDER = ['buyeruid', 'user_id', 'eids', 'ifa'] as const
export type IdSource = (typeof ID_ORDER)[number]

/** Macros a sync URL may carry; anything else in braces is refused. */
export const SYNC_MACROS = [
  'gdpr',
  'gdpr_consent',
  'us_privacy',
  'gpp',
  'gpp_sid',
  'uid',
  'ts',
  'sig',
  'redirect',
] as const

const SyncUrl = closed({
  url: Type.String({ maxLength: 2048, pattern: '^https?://[!-~]+$' }),
  /** What the partner replaces with its id; absent where it appends the id to the address. */
  userMacro: Type.Optional(Type.String({ maxLength: 64, pattern: '^[!-~]*$' })),
})

/** How cookie sync reaches the partner (Prebid Server's terms); kept here, acted on by the sync room. */
const Sync = closed({
  redirect: Type.Optional(SyncUrl),
  iframe: Type.Optional(SyncUrl),
  syncerKey: Type.Optional(OperatorId),
  ttlDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 395 })),
  skipWhen: Type.Optional(
    closed({
      gdpr: Type.Optional(Type.Boolean()),
      gppSid: Type.Optional(listOf(Type.Integer({ minimum: 1, maximum: 4095 }), 64)),
    }),
  ),
  enabled: Type.Optional(Type.Boolean()),
  allowedRedirectHosts: Type.Optional(listOf(Domain, 64)),
  unsignedMatch: Type.Optional(Type.Boolean()),
  route: Type.Optional(listOf(OperatorId, 64)),
  /** What a match with the partner is worth beside others', when a page may sync only some. Default 1. */
  value: Type.Optional(Type.Number({ minimum: 0.001, maximum: 1000 })),
  /** Its ids are shared by many browsers on purpose: none is put into quarantine for that. */
  sharedIds: Type.Optional(Type.Boolean()),
  /** Version of the ids we give it: a new one gives it new ids. Default 1. */
  idVersion: Type.Optional(Type.Integer({ minimum: 1, maximum: 255 })),
})
export type SyncConfig = Static<typeof Sync>

/** A number for our own in the extensions of a message of OpenRTB (`ext`, 99): 500 to 999 are for agreements. */
const ExtensionField = Type.Integer({ minimum: 500, maximum: 999 })

/** How answers to the partner are written, where the wire leaves that open. */
const Wires = closed({
  /** Segment ids in ARTF mutations stand alone, and not behind `<provider id>:`. */
  plainSegmentIds: Type.Optional(Type.Boolean()),
  /** In protobuf: fields inside of `ext` of Data, EID and Deal. What has no number is not written. */
  protobuf: Type.Optional(
    closed({
      /** segtax (int32); `legacy`: where the IAB's older schema has it, segtax (1) in extension 207 of Data. */
      segtax: Type.Optional(Type.Union([ExtensionField, Type.Literal('legacy')])),
      /** The token that notices name (string): without it nothing is given that is billed on notice. */
      token: Type.Optional(ExtensionField),
      /** Contract seats (repeated string). */
      seats: Type.Optional(ExtensionField),
    }),
  ),
})
export type WireSettings = Static<typeof Wires>

/** Body of `PUT /api/partners/{id}`. */
export const PartnerBody = closed({
  name: Name,
  domain: Domain,
  roles: listOf(Type.Enum([...PARTNER_ROLES]), PARTNER_ROLES.length, 1),
  gvlId: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
  gdprDefault: Type.Optional(Type.Enum([0, 1])),
  /** A country (ISO 3166-1, or UK) or a group: EU, EEA. Decides the default of `gdprDefault`. */
  region: Type.String({ pattern: '^[A-Za-z]{2,3}$' }),
  /** The exchange this partner's requests come from where neither `?x=` nor the key says. */
  exchange: Type.Optional(OperatorId),
  status: Type.Optional(Type.Enum(['active', 'paused'])),
  /** Whom buyers ask about its data; stands in its data labels, as the next does. */
  contactEmail: Type.Optional(Type.String({ maxLength: 254, pattern: '^[!-~]+@[!-~]+[.][!-~]+$' })),
  privacyPolicyUrl: Type.Optional(Type.String({ maxLength: 2048, pattern: '^https?://[!-~]+$' })),
  sync: Type.Optional(Sync),
  settings: Type.Optional(
    closed({
      /** In which order ids are tried; those left out are not used. */
      idOrder: Type.Optional(listOf(Type.Enum([...ID_ORDER]), ID_ORDER.length, 1)),
      /** IANA name of the zone whose days its rules count, e.g. `Europe/Paris`. Default UTC. */
      timeZone: Type.Optional(Type.String({ maxLength: 64, pattern: '^[A-Za-z0-9_+/-]+$' })),
      /**
       * Where what says who its people are may be kept: countries, EU, EEA. Default: its own region, or all of the EEA where
       * that is in it.
       */
      piiRegions: Type.Optional(listOf(Type.String({ pattern: '^[A-Za-z]{2,3}$' }), 64, 1)),
      /** How its pages sync, where it is an account of /cookie_sync. */
      cookieSync: Type.Optional(SyncSettings),
      wires: Type.Optional(Wires),
    }),
  ),
})
export type PartnerBody = Static<typeof PartnerBody>

/** A partner as kept in the catalog, under kind `partner` and its id. */
export interface PartnerRecord extends PartnerBody {
  status: 'active' | 'paused'
  /** Never reused; 0 stands for the exchange itself. */
  number: number
  /** Number of the namespace of the same name. */
  namespace: number
}

/** Whether a request without any GDPR signal counts as under the GDPR. */
export function gdprDefaultOf(partner: Pick<PartnerBody, 'gdprDefault' | 'region'>): 0 | 1 {
  return (partner.gdprDefault as 0 | 1 | undefined) ?? (isGdprRegion(partner.region) ? 1 : 0)
}

/** What is wrong with a sync address: macros that nobody would fill, e.g. `{gdprr}`, and a signature for nobody. */
export function syncUrlFaults(url: string): string[] {
  const known = new Set<string>(SYNC_MACROS)
  const macros = [...url.matchAll(/\{([^{}]*)\}/g)].map((m) => m[1]!)
  const faults = macros
    .filter((macro) => !known.has(macro))
    .map((macro) => `{${macro}} is not a known macro`)
  if (macros.includes('sig') && !/[?&]p=[^&#{}]+/.test(url))
    faults.push('{sig} signs p|uid|ts, and the address has no parameter p')
  return faults
}
