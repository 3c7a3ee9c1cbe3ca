import { calendarIn } from '../../audience/calendar.ts'
import { alpha3Of, countryOf, EEA, REGIONS } from '../../audience/countries.ts'
import type { Segment } from '../../audience/segment.ts'
import type { CatalogSnapshot } from '../../audience/store/catalog-snapshot.ts'
import type { ContractRecord, ContractStatus, Use } from '../contract.ts'
import { countriesOf } from '../countries-of.ts'
import type { DataProtection, DpRole } from '../data-protection.ts'
import { LIMITS } from '../limits.ts'
import { dayText, momentOf } from '../moment.ts'
import type { PartnerRecord } from '../partner.ts'
import { contractTerms } from '../usage/contract-terms.ts'
import { type Actor, type DeskDeps, sees, snapshotOf } from './desk.ts'

/** A party as it stands in a record. */
export interface DpParty {
  id: string
  name: string
  domain: string
  /** As the partner says: a country, EU or EEA. */
  region: string
  /** Undefined: the contract does not say. */
  role: DpRole | undefined
}

/** What one contract means in data protection, whatever the language it is told in. */
export interface DpFacts {
  contract: string
  version: number
  status: ContractStatus
  /** First and last day in force, in the contract's time zone; undefined: never yet. */
  since: string | undefined
  until: string
  seller: DpParty
  buyer: DpParty
  /** Role of the exchange's own operator. */
  operator: DpRole | undefined
  uses: Use[]
  /** Names of segments: what is known of the people. `sensitive` ones apart, and how many more there are. */
  segments: string[]
  sensitive: string[]
  moreSegments: number
  /** As the contract says; empty: everywhere. */
  regions: string[]
  /** Whether people of the EEA are reached and the buyer is outside of it. */
  leavesEea: boolean
  terms: DataProtection
}

/**
 * Contracts that were ever in force, or are agreed, for whoever has a side in them: operators of the
 * exchange see all. In the order of their ids, at most LIMITS.dpRecordsMax.
 */
export function dataProtectionFacts(deps: DeskDeps, actor: Actor): DpFacts[] {
  const snapshot = snapshotOf(deps)
  return [...snapshot.kind('contract').values()]
    .map(({ id, value }) => ({ id, contract: value as ContractRecord }))
    .filter(({ contract }) => sees(actor, contract.seller, contract.buyer))
    .map(({ id, contract }) => factsOf(snapshot, id, contract))
    .filter(({ since, status }) => since !== undefined || status === 'signed')
    .sort((a, b) => (a.contract < b.contract ? -1 : 1))
    .slice(0, LIMITS.dpRecordsMax)
}

function factsOf(snapshot: CatalogSnapshot, id: string, contract: ContractRecord): DpFacts {
  const { version, status, uses, regions, dataProtection: terms = {} } = contract
  const segments = [...contract.segments].sort().map((one) => segmentOf(snapshot, one))
  const named = segments.slice(0, LIMITS.dpSegmentsNamed)
  const buyer = partyOf(snapshot, contract.buyer, terms.buyer)
  return {
    contract: id,
    version,
    status,
    since: firstDay(snapshot, id, contract),
    until: lastDay(contract),
    seller: partyOf(snapshot, contract.seller, terms.seller),
    buyer,
    operator: terms.operator,
    uses: [...uses].sort(),
    segments: named.filter(({ sensitive }) => !sensitive).map(({ name }) => name),
    sensitive: named.filter(({ sensitive }) => sensitive).map(({ name }) => name),
    moreSegments: segments.length - named.length,
    regions: [...regions].sort(),
    leavesEea: reachesEea(regions) && !isInEea(buyer.region),
    terms,
  }
}

/** When any version of it was first active, but not before it begins. */
function firstDay(
  snapshot: CatalogSnapshot,
  id: string,
  contract: ContractRecord,
): string | undefined {
  const { startsAt, timeZone } = contract
  const began = [...contract.keptVersions, contract.version].flatMap((version) => {
    const since = contractTerms(snapshot, id, version)?.activeSince
    return since === undefined ? [] : momentOf(since)
  })
  if (began.length === 0) return undefined
  return dayIn(Math.max(Math.min(...began), momentOf(startsAt, timeZone)), timeZone)
}

function lastDay({ overSince, endsAt, timeZone }: ContractRecord): string {
  const endsMs = momentOf(endsAt, timeZone)
  const overMs = overSince === undefined ? endsMs : Math.min(momentOf(overSince), endsMs)
  return dayIn(overMs - 1, timeZone)
}

/** The day a moment is in. */
function dayIn(ms: number, timeZone: string | undefined): string {
  return dayText(calendarIn(timeZone).dayOf(ms))
}

function partyOf(snapshot: CatalogSnapshot, id: string, role: DpRole | undefined): DpParty {
  const partner = snapshot.kind('partner').get(id)?.value as PartnerRecord | undefined
  const { name = id, domain = '', region = '' } = partner ?? {}
  return { id, name, domain, region: region.toUpperCase(), role }
}

function segmentOf(snapshot: CatalogSnapshot, id: string): { name: string; sensitive: boolean } {
  const segment = snapshot.kind('segment').get(id)?.value as Segment | undefined
  return { name: segment?.name ?? id, sensitive: segment?.sensitive ?? false }
}

function reachesEea(regions: readonly string[]): boolean {
  const reached = countriesOf(regions)
  for (const country of EEA) if (reached.has(country)) return true
  return false
}

/** True for the EEA's countries and groups; a country beyond it may be held adequate, and is a third country. */
function isInEea(region: string): boolean {
  return Object.hasOwn(REGIONS, region) || EEA.has(alpha3Of(countryOf(region)) ?? '')
}
