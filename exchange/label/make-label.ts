import { DATA_SOURCES, type DataSource, type IdType } from '../../audience/label-declaration.ts'
import { LIMITS } from '../../audience/limits.ts'
import type { Namespace } from '../../audience/namespace.ts'
import type { Segment } from '../../audience/segment.ts'
import type { PartnerRecord } from '../partner.ts'
import { AUDIENCE_SEGTAX } from '../taxonomy/category-taxonomies.ts'

/** Fields of a data label in the order of the Data Transparency Standard 1.2. */
export const LABEL_FIELDS = [
  'provider_name',
  'provider_domain',
  'provider_email',
  'audience_name',
  'audience_id',
  'taxonomy_id_list',
  'audience_criteria',
  'audience_precision_levels',
  'audience_scope',
  'originating_domain',
  'audience_size',
  'id_types',
  'geocode_list',
  'privacy_compliance_mechanisms',
  'privacy_policy_url',
  'iab_techlab_compliant',
  'data_sources',
  'audience_inclusion_methodology',
  'audience_expansion',
  'device_expansion',
  'audience_refresh',
  'lookback_window',
  'onboarder_match_keys',
  'onboarder_audience_expansion',
  'onboarder_device_expansion',
  'onboarder_audience_precision_level',
] as const
export type LabelField = (typeof LABEL_FIELDS)[number]

/** How a value came to be known. */
export const LabelOrigins = {
  partner: 'The owner, as the exchange knows it.',
  segment: 'The segment itself.',
  taxonomy: 'The node the segment stands for.',
  declared: 'What the owner says in the segment’s label.',
  rule: 'The rule of the segment.',
  counted: 'Ids in the segment, counted in the store and told in steps.',
  imports: 'The namespaces of the ids that were imported.',
  offers: 'The regions of its public offers.',
  follows: 'Another field of the label.',
} as const
export type LabelOrigin = keyof typeof LabelOrigins

export type LabelValue = string | number | string[]

/** What is known of a segment, whoever asks. */
export interface LabelFacts {
  id: string
  segment: Segment
  provider: PartnerRecord
  /** Undefined: still being counted. */
  size: number | undefined
  /** Alpha-3, of public offers that are open. */
  offeredIn: string[]
  namespaces: readonly Namespace[]
}

export interface MadeLabel {
  label: Partial<Record<LabelField, LabelValue>>
  from: Partial<Record<LabelField, LabelOrigin>>
  /** Fields that nothing is known for, and where to say it. */
  missing: { field: LabelField; says: string }[]
}

/** A label out of what is known: a field that nothing is known for is missing, and never made up. */
export function makeLabel(facts: LabelFacts): MadeLabel {
  const made: MadeLabel = { label: {}, from: {}, missing: [] }
  for (const field of LABEL_FIELDS) {
    const found = FINDERS[field](facts)
    if ('missing' in found) made.missing.push({ field, says: found.missing })
    else {
      made.label[field] = found.value
      made.from[field] = found.from
    }
  }
  return made
}

type Found = { value: LabelValue; from: LabelOrigin } | { missing: string }
type Finder = (facts: LabelFacts) => Found

const known = (value: LabelValue, from: LabelOrigin): Found => ({ value, from })
const orMissing = (
  value: LabelValue | undefined,
  { from, missing }: { from: LabelOrigin; missing: string },
): Found => (value === undefined ? { missing } : { value, from })

/** A field the owner declares; booleans read Yes and No. */
const declared =
  (name: keyof NonNullable<Segment['label']>): Finder =>
  ({ segment: { label } }) => {
    const value = label?.[name] as LabelValue | boolean | undefined
    const text = typeof value === 'boolean' ? yesNo(value) : value
    return orMissing(text, { from: 'declared', missing: `say it in the segment: label.${name}` })
  }

/** A field that only offline sources need. */
const onboarder =
  (name: keyof NonNullable<NonNullable<Segment['label']>['onboarder']>): Finder =>
  ({ segment: { label } }) => {
    if (label?.dataSources === undefined)
      return {
        missing: 'follows from the data sources: say them in the segment: label.dataSources',
      }
    if (!label.dataSources.some((source) => DATA_SOURCES[source as DataSource] === 'offline'))
      return known('N/A', 'follows')
    const value = label.onboarder?.[name]
    const missing = `an offline source needs it: say it in the segment: label.onboarder.${name}`
    return orMissing(typeof value === 'boolean' ? yesNo(value) : value, {
      from: 'declared',
      missing,
    })
  }

const FINDERS: Readonly<Record<LabelField, Finder>> = {
  provider_name: ({ provider }) => known(provider.name, 'partner'),
  provider_domain: ({ provider }) => known(provider.domain, 'partner'),
  provider_email: ({ provider: { contactEmail }, segment: { owner } }) =>
    orMissing(contactEmail, {
      from: 'partner',
      missing: `say it in partner ${owner}: contactEmail`,
    }),
  audience_name: ({ segment }) => known(segment.name, 'segment'),
  audience_id: ({ id }) => known(id, 'segment'),
  taxonomy_id_list: nodes,
  audience_criteria: criteria,
  audience_precision_levels: declared('precision'),
  audience_scope: declared('scope'),
  originating_domain: originatingDomain,
  audience_size: ({ size }) =>
    orMissing(size, { from: 'counted', missing: 'is still being counted: ask again in a moment' }),
  id_types: idTypes,
  geocode_list: countries,
  privacy_compliance_mechanisms: declared('privacyMechanisms'),
  privacy_policy_url: ({ provider: { privacyPolicyUrl }, segment: { owner } }) =>
    orMissing(privacyPolicyUrl, {
      from: 'partner',
      missing: `say it in partner ${owner}: privacyPolicyUrl`,
    }),
  iab_techlab_compliant: declared('techLabCompliant'),
  data_sources: declared('dataSources'),
  audience_inclusion_methodology: declared('methodology'),
  audience_expansion: declared('audienceExpansion'),
  device_expansion: declared('deviceExpansion'),
  audience_refresh: refresh,
  lookback_window: (facts) =>
    facts.segment.label?.refresh === 'Static' && facts.segment.label.lookback === undefined
      ? known('N/A', 'follows')
      : declared('lookback')(facts),
  onboarder_match_keys: onboarder('matchKeys'),
  onboarder_audience_expansion: onboarder('audienceExpansion'),
  onboarder_device_expansion: onboarder('deviceExpansion'),
  onboarder_audience_precision_level: onboarder('precision'),
}

function nodes({ segment: { taxonomy, label } }: LabelFacts): Found {
  const own = taxonomy?.segtax === AUDIENCE_SEGTAX ? [taxonomy.id] : []
  const more = (label?.nodes ?? []).filter((node) => !own.includes(node))
  if (own.length + more.length > 0)
    return known([...own, ...more], own.length > 0 ? 'taxonomy' : 'declared')
  return {
    missing: `no node of segtax ${AUDIENCE_SEGTAX}: say it in the segment: taxonomy, or label.nodes`,
  }
}

/** A rule that is text says who is in the segment as well as words could. */
function criteria(facts: LabelFacts): Found {
  const { label, rule } = facts.segment
  const isShort = typeof rule === 'string' && rule.length <= LIMITS.labelCriteriaCharsMax
  if (label?.criteria === undefined && isShort) return known(rule, 'rule')
  return declared('criteria')(facts)
}

function originatingDomain(facts: LabelFacts): Found {
  const { originatingDomain: domain, scope } = facts.segment.label ?? {}
  if (domain === undefined && scope === 'N/A (Offline)') return known(scope, 'follows')
  if (domain === undefined && scope?.startsWith('Cross-domain'))
    return known('N/A (Cross-domain)', 'follows')
  return declared('originatingDomain')(facts)
}

function idTypes(facts: LabelFacts): Found {
  const types = new Set(facts.namespaces.flatMap(({ kind }) => ID_TYPE_OF[kind] ?? []))
  if (facts.segment.label?.idTypes === undefined && types.size > 0)
    return known([...types].sort(), 'imports')
  return declared('idTypes')(facts)
}

/** Customer ids and hashes of contact points are matched, and activate nothing themselves. */
const ID_TYPE_OF: Readonly<Partial<Record<Namespace['kind'], IdType>>> = {
  partner: 'platform_id',
  eid: 'user_enabled',
  device: 'mobile_id',
  source: 'cookie',
  browser: 'cookie',
}

function countries(facts: LabelFacts): Found {
  if (facts.segment.label?.countries === undefined && facts.offeredIn.length > 0)
    return known(facts.offeredIn, 'offers')
  return declared('countries')(facts)
}

/** Who a rule holds for is decided as events come. */
function refresh(facts: LabelFacts): Found {
  const { label, rule } = facts.segment
  if (label?.refresh === undefined && rule !== undefined) return known('Intra-day', 'rule')
  return declared('refresh')(facts)
}

function yesNo(is: boolean): string {
  return is ? 'Yes' : 'No'
}
