import { isDeepStrictEqual } from 'node:util'
import { CONTRACT_LIFE, type ContractRecord, type Use } from './contract.ts'
import { countriesOf } from './countries-of.ts'
import { momentOf } from './moment.ts'

/** What a contract entitles its buyer to, with nothing left to look up: see compile-rights.ts for what is live. */
export interface EntitlementTerms {
  seller: string
  buyer: string
  segments: string[]
  uses: Use[]
  /** Alpha-3, groups spelled out; empty: everywhere. */
  countries: string[]
  /** First moment at which it holds, and first at which it no longer does: UTC. */
  startsAt: string
  endsAt: string
  caps: NonNullable<ContractRecord['caps']>
  writeAs: ContractRecord['writeAs']
  billOn: ContractRecord['billOn']
  seats: string[]
  externalIds: Record<string, string>
}

/** What is in one and not in the other. */
export interface EntitlementPart {
  segments: string[]
  uses: Use[]
  countries: string[]
  /** Stretches of time, [from, until). */
  periods: { from: string; until: string }[]
}

export interface EntitlementDiff {
  gained: EntitlementPart
  lost: EntitlementPart
  /** Other terms that differ, as they were and as they are. */
  changed: { field: string; before: unknown; after: unknown }[]
}

export function entitlementTerms(contract: ContractRecord): EntitlementTerms {
  const { seller, buyer, segments, uses, regions, timeZone } = contract
  return {
    seller,
    buyer,
    segments: [...segments].sort(),
    uses: [...uses].sort(),
    countries: regions.length === 0 ? [] : [...countriesOf(regions)].sort(),
    startsAt: utc(momentOf(contract.startsAt, timeZone)),
    endsAt: utc(momentOf(contract.endsAt, timeZone)),
    caps: contract.caps ?? [],
    writeAs: contract.writeAs,
    billOn: contract.billOn,
    seats: contract.seats ?? [],
    externalIds: contract.externalIds ?? {},
  }
}

/** What the buyer gained and lost between two versions of the terms. */
export function entitlementDiff(before: ContractRecord, after: ContractRecord): EntitlementDiff {
  const was = entitlementTerms(before)
  const is = entitlementTerms(after)
  return { gained: part(is, was), lost: part(was, is), changed: changed(before, after) }
}

function part(one: EntitlementTerms, other: EntitlementTerms): EntitlementPart {
  return {
    segments: missing(one.segments, other.segments),
    uses: missing(one.uses, other.uses),
    countries: missing([...countriesOf(one.countries)], [...countriesOf(other.countries)]).sort(),
    periods: missingPeriods(one, other),
  }
}

function missing<T>(of: readonly T[], from: readonly T[]): T[] {
  const there = new Set(from)
  return of.filter((item) => !there.has(item))
}

/** What of [startsAt, endsAt) lies outside the other: before it, after it, or all. ISO texts sort by time. */
function missingPeriods(one: EntitlementTerms, other: EntitlementTerms) {
  const before = { from: one.startsAt, until: earlier(one.endsAt, other.startsAt) }
  const after = { from: later(one.startsAt, other.endsAt), until: one.endsAt }
  return [before, after].filter(({ from, until }) => from < until)
}

const earlier = (a: string, b: string) => (a < b ? a : b)
const later = (a: string, b: string) => (a < b ? b : a)

/** Fields told as gained and lost, and those that are no terms. */
const TOLD = ['segments', 'uses', 'regions', 'startsAt', 'endsAt']
const NOT_CHANGED = new Set<string>([...TOLD, ...CONTRACT_LIFE])

function changed(before: ContractRecord, after: ContractRecord): EntitlementDiff['changed'] {
  const was = before as unknown as Record<string, unknown>
  const is = after as unknown as Record<string, unknown>
  const fields = new Set([...Object.keys(was), ...Object.keys(is)])
  return [...fields]
    .filter((field) => !NOT_CHANGED.has(field) && !isDeepStrictEqual(was[field], is[field]))
    .sort()
    .map((field) => ({ field, before: was[field] ?? null, after: is[field] ?? null }))
}

function utc(ms: number): string {
  return new Date(ms).toISOString()
}
