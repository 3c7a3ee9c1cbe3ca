import { COUNTRIES } from './countries.ts'
import { LIMITS } from './limits.ts'
import { NAME_PATTERN, type Static, type TSchema, Type } from './schema.ts'

// The words of the IAB Tech Lab's Data Transparency Standard 1.2, as its data labels have them.

export const PRECISION_LEVELS = [
  'Individual',
  'Household',
  'Business',
  'Device',
  'Browser',
  'Geography',
] as const

export const AUDIENCE_SCOPES = [
  'Single domain/App',
  'Cross-domain within O&O',
  'Cross-domain outside O&O',
  'N/A (Offline)',
] as const

export const ID_TYPES = ['cookie', 'mobile_id', 'platform_id', 'user_enabled'] as const
export type IdType = (typeof ID_TYPES)[number]

export const PRIVACY_MECHANISMS = [
  'TCF (Europe)',
  'GPP',
  'MSPA',
  'USPrivacy',
  'NAI Opt Out',
  'DAA',
  'EDAA',
  'DAAC',
  'GPC',
  'Other',
  'None',
] as const

/** Where data comes from, and whether people are met offline there: then an onboarder brings them online. */
export const DATA_SOURCES = {
  app_behavior: 'online',
  app_usage: 'online',
  web_usage: 'online',
  geo_location: 'online',
  email: 'online',
  tvott_sbtdev: 'online',
  online_ecomm: 'online',
  credit_data: 'offline',
  loyalty_trans: 'offline',
  online_survey: 'online',
  offline_survey: 'offline',
  pub_census: 'offline',
  pub_voter: 'offline',
  pub_other: 'offline',
  offline_trans: 'offline',
} as const
export type DataSource = keyof typeof DATA_SOURCES

export const METHODOLOGIES = [
  'Observed/Known',
  'Declared',
  'Inferred',
  'Derived',
  'Modeled',
] as const

/** How often, and in whole days how long after a refresh the next one is overdue; null: never. */
export const CADENCE_DAYS = {
  'Intra-day': 1,
  Daily: 1,
  Weekly: 7,
  Monthly: 31,
  'Bi-Monthly': 62,
  Quarterly: 92,
  'Bi-Annually': 184,
  Annually: 366,
  Static: null,
} as const
export type Cadence = keyof typeof CADENCE_DAYS

const Text = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: NAME_PATTERN })

const some = <T extends TSchema>(items: T, maxItems: number = LIMITS.labelListMax) =>
  Type.Optional(Type.Array(items, { minItems: 1, maxItems, uniqueItems: true }))

const CadenceWord = Type.Optional(Type.Enum(Object.keys(CADENCE_DAYS) as Cadence[]))

/** What a segment's owner says for its data label. Nothing is required: the label tells what it lacks. */
export const LabelDeclaration = Type.Object(
  {
    /** Who is in the segment, and why. */
    criteria: Type.Optional(Text(LIMITS.labelCriteriaCharsMax)),
    precision: some(Type.Enum([...PRECISION_LEVELS])),
    scope: Type.Optional(Type.Enum([...AUDIENCE_SCOPES])),
    /** Where the data was collected, for a scope of a single domain or app. */
    originatingDomain: Type.Optional(Text(253)),
    /** Ids of Audience Taxonomy 1.1 beside the segment's own node; modifiers of purchase intent after bars. */
    nodes: some(Type.String({ maxLength: 255, pattern: '^[0-9A-Za-z]{1,16}([|][^|;]{1,64})*$' })),
    idTypes: some(Type.Enum([...ID_TYPES])),
    /** Where the people are: ISO 3166-1 alpha-3. */
    countries: some(Type.Enum([...COUNTRIES]), COUNTRIES.size),
    privacyMechanisms: some(Type.Enum([...PRIVACY_MECHANISMS])),
    dataSources: some(Type.Enum(Object.keys(DATA_SOURCES) as DataSource[])),
    methodology: Type.Optional(Type.Enum([...METHODOLOGIES])),
    /** Whether people who are like its members were added, and other devices of members. */
    audienceExpansion: Type.Optional(Type.Boolean()),
    deviceExpansion: Type.Optional(Type.Boolean()),
    /** How often its members are brought in anew. The label is stale once that is overdue. */
    refresh: CadenceWord,
    /** How far back what people did counts. */
    lookback: CadenceWord,
    /** Whether the provider has been through the Tech Lab's compliance programme. */
    techLabCompliant: Type.Optional(Type.Boolean()),
    /** How people met offline became ids online; for offline sources only. */
    onboarder: Type.Optional(
      Type.Object(
        {
          matchKeys: Type.Array(Text(64), { minItems: 1, maxItems: LIMITS.labelListMax }),
          audienceExpansion: Type.Boolean(),
          deviceExpansion: Type.Boolean(),
          precision: Type.Enum([...PRECISION_LEVELS]),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
export type LabelDeclaration = Static<typeof LabelDeclaration>
