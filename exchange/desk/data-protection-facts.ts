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
import { grouped } from '../usage/price/price-lines.ts'
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
 * exchange see all. In the order of their ids, at most LIMITS.dpRecordsMax. One that had other sides before
 * stands there for those, too: who received people's data did, whoever the contract is with now.
 */
export function dataProtectionFacts(deps: DeskDeps, actor: Actor): DpFacts[] {
  const snapshot = snapshotOf(deps)
  return [...snapshot.kind('contract').values()]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .flatMap(({ id, value }) => dealings(snapshot, id, value as ContractRecord))
    .filter(({ contract }) => sees(actor, contract.seller, contract.buyer))
    .map((one) => factsOf(snapshot, one))
    .filter(({ since, status }) => since !== undefined || status === 'signed')
    .slice(0, LIMITS.dpRecordsMax)
}

/** What there is, or was, under a contract between the same two sides. */
interface Dealing {
  id: string
  /** Its terms: those of now, or the last that were in force between the two. */
  contract: ContractRecord
  status: ContractStatus
  /** When terms between them were first active; undefined: never. */
  activeMs: number | undefined
  /** When it was over before its time; undefined: it was not. */
  overMs: number | undefined
}

function dealings(snapshot: CatalogSnapshot, id: string, now: ContractRecord): Dealing[] {
  const versions = [...now.keptVersions, now.version].flatMap(
    (version) => contractTerms(snapshot, id, version) ?? [],
  )
  const replacedAt = (contract: ContractRecord) => versions[versions.indexOf(contract) + 1]?.termsAt
  return [...grouped(versions, ({ seller, buyer }) => `${seller} ${buyer}`).values()].flatMap(
    (between): Dealing[] => {
      const active = between.filter(({ activeSince }) => activeSince !== undefined)
      const isNow = between.at(-1) === now
      const contract = isNow ? now : active.at(-1)
      if (contract === undefined) return []
      const { overSince, status } = contract
      return [
        {
          ...{ id, contract },
          status: isNow || overSince !== undefined ? status : 'ended',
          activeMs: active[0] && momentOf(active[0].activeSince!),
          overMs: msOf(overSince ?? replacedAt(contract)),
        },
      ]
    },
  )
}

function msOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : momentOf(text)
}

function factsOf(snapshot: CatalogSnapshot, dealing: Dealing): DpFacts {
  const { id, contract, status } = dealing
  const { version, uses, regions, dataProtection: terms = {} } = contract
  const segments = [...contract.segments].sort().map((one) => segmentOf(snapshot, one))
  const named = segments.slice(0, LIMITS.dpSegmentsNamed)
  const buyer = partyOf(snapshot, contract.buyer, terms.buyer)
  return {
    contract: id,
    version,
    status,
    since: firstDay(dealing),
    until: lastDay(dealing),
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

/** When it was first active, but not before it begins. */
function firstDay({ contract: { startsAt, timeZone }, activeMs }: Dealing): string | undefined {
  if (activeMs === undefined) return undefined
  return dayIn(Math.max(activeMs, momentOf(startsAt, timeZone)), timeZone)
}

function lastDay({ contract: { endsAt, timeZone }, overMs }: Dealing): string {
  const endsMs = momentOf(endsAt, timeZone)
  return dayIn(Math.min(overMs ?? endsMs, endsMs) - 1, timeZone)
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
