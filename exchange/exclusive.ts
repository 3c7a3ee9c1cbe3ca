import { type Static, Type } from '../audience/schema.ts'
import type { ContractRecord } from './contract.ts'
import { countriesOf } from './countries-of.ts'
import { ContractRegion, closed, listOf, MomentText, OperatorId } from './fields.ts'
import { LIMITS } from './limits.ts'
import { momentOf } from './moment.ts'

const scope = {
  /** The line of business it is exclusive in; absent: in any. */
  category: Type.Optional(OperatorId),
  /** Where it is exclusive; empty or absent: everywhere. */
  regions: Type.Optional(listOf(ContractRegion, LIMITS.regionsMax)),
  /** First moment at which it no longer is. */
  until: MomentText,
}

/** What a contract promises its buyer: meanwhile nobody else gets its segments there. */
export const ContractExclusive = closed(scope)
export type ContractExclusive = Static<typeof ContractExclusive>

/** What an offer promises: to the buyer it names, else to the first one that takes it. */
export const OfferExclusive = closed({ buyer: Type.Optional(OperatorId), ...scope })
export type OfferExclusive = Static<typeof OfferExclusive>

/** Segments at a place, in a line of business, for a time: what may be sold once or many times over. */
export interface Scope {
  segments: ReadonlySet<string>
  countries: ReadonlySet<string>
  category: string | undefined
  /** [fromMs, untilMs), wall time. */
  fromMs: number
  untilMs: number
}

/** True where something is in both. */
export function overlaps(a: Scope, b: Scope): boolean {
  if (a.fromMs >= b.untilMs || b.fromMs >= a.untilMs) return false
  const isSameBusiness = !a.category || !b.category || a.category === b.category
  return isSameBusiness && share(a.countries, b.countries) && share(a.segments, b.segments)
}

/** All that a contract sells. */
export function contractScope(contract: ContractRecord): Scope {
  const { segments, regions, category, startsAt, endsAt, timeZone } = contract
  return {
    segments: new Set(segments),
    countries: countriesOf(regions),
    category,
    fromMs: momentOf(startsAt, timeZone),
    untilMs: momentOf(endsAt, timeZone),
  }
}

/** What of a scope is exclusive, by what was promised. */
export function exclusiveScope(
  whole: Scope,
  { category, regions, until }: ContractExclusive,
  timeZone: string | undefined,
): Scope {
  return {
    ...whole,
    category,
    countries: countriesOf(regions ?? []),
    untilMs: Math.min(whole.untilMs, momentOf(until, timeZone)),
  }
}

function share(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const [small, large] = a.size < b.size ? [a, b] : [b, a]
  for (const one of small) if (large.has(one)) return true
  return false
}
