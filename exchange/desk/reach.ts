import type { Provenance } from '../../audience/provenance.ts'
import type { PeopleSet } from '../../audience/reach/people-set.ts'
import type { ReachIndex } from '../../audience/reach/reach-index.ts'
import { type Problem, refuse } from '../../audience/refusal.ts'
import { LIMITS } from '../limits.ts'
import type { Rate } from '../matchrates/rate.ts'
import type { PartnerRecord } from '../partner.ts'
import { basisRecords } from '../provenance/basis-of.ts'
import { segmentProvenance } from '../provenance/provenance-of.ts'
import { type Counted, type Couple, couplesOf, type PartnerNamed } from '../reach/couples.ts'
import { ToldTo } from '../reach/told-to.ts'
import { wonUnits } from '../reach/won-units.ts'
import { countedSoon } from './counted-soon.ts'
import { type Actor, snapshotOf } from './desk.ts'
import type { UsageDeps } from './usage-deps.ts'
import { refuseAll } from './write-record.ts'

/** Lists of ids: segments to be told one by one, an audience as deals have it, partners to pair them with. */
export type ReachQuery = Partial<Record<'segments' | 'any' | 'all' | 'none' | 'partner', string[]>>

export interface ReachShown {
  /** The moment all that was written by then is counted. */
  asOf: string
  /** Counts of people are rounded down to a multiple of it; 1: to the unit. */
  step: number
  segments: { segment: string; people: number; provenance: Provenance }[]
  /** Every two of the segments: who is in both. */
  overlaps: { segments: [string, string]; people: number; ofFirst: Rate; ofSecond: Rate }[]
  /** People in the audience; null where none was asked for. */
  audience: number | null
  couples: Couple[]
  /** Days in which impressions of couples were won; null where there are no couples. */
  won: { from: string; to: string } | null
}

/**
 * How many people there are in segments, in two of them, and in an audience; and how far they reach partners.
 * Refuses (`unprocessable`) what is not there or not the caller's to know, and (`conflict`) while people are
 * still being counted.
 */
export async function getReach(
  deps: UsageDeps,
  actor: Actor,
  query: ReachQuery,
): Promise<ReachShown> {
  const told = new ToldTo(actor, snapshotOf(deps), deps.clock.now())
  const asked = askedOf(query, told)
  const partners = partnersOf(deps, told, query.partner ?? [])
  const won =
    partners.length > 0
      ? await wonUnits(deps, {
          segments: new Set(query.segments),
          buyers: new Set(partners.map(({ id }) => id)),
        })
      : undefined
  const index = await countedIn(deps)
  const basis = basisRecords(snapshotOf(deps))
  const segments = (query.segments ?? []).map((segment) => {
    const numbers = [asked.numberOf(segment)]
    return { segment, numbers, people: index.people({ any: numbers }) }
  })
  const audience = audienceIn(index, asked, query)
  const couples = won
    ? couplesOf(index, [...segments, ...(audience ? [audience] : [])], { partners, told, won })
    : []
  return {
    asOf: new Date(deps.clock.now()).toISOString(),
    step: told.step,
    segments: segments.map(({ segment, people }) => ({
      segment,
      people: told.people(people.count()),
      provenance: segmentProvenance(basis, segment),
    })),
    overlaps: overlapsOf(segments, told),
    audience: audience ? told.people(audience.people.count()) : null,
    couples,
    won: won ? { from: won.from, to: won.to } : null,
  }
}

/** Reach as it is now, at a desk that knows it. */
export function countedIn({ reach }: UsageDeps): Promise<ReachIndex> {
  if (!reach) throw new Error('reach is known at the desk only')
  return countedSoon(reach)
}

interface Asked {
  numberOf(segment: string): number
}

const LISTS = ['segments', 'any', 'all', 'none'] as const

function askedOf(query: ReachQuery, told: ToldTo): Asked {
  const numbers = new Map<string, number>()
  const problems: Problem[] = []
  for (const list of LISTS)
    for (const id of query[list] ?? []) {
      const segment = told.segment(id)
      if (segment) numbers.set(id, segment.number)
      else problems.push({ field: list, reason: `there is no segment ${id}` })
    }
  refuseAll('unprocessable', problems)
  const isAudience = query.any?.length || query.all?.length
  if (query.none?.length && !isAudience)
    throw refuse('unprocessable', 'none', 'alone names nearly everybody: any or all is needed')
  if (!query.segments?.length && !isAudience)
    throw refuse('invalid', 'segments', 'is required, or any or all')
  if (numbers.size > LIMITS.reachSegmentsMax)
    throw refuse('invalid', 'segments', `at most ${LIMITS.reachSegmentsMax} segments at once`)
  return { numberOf: (id) => numbers.get(id)! }
}

function partnersOf(deps: UsageDeps, told: ToldTo, ids: readonly string[]): PartnerNamed[] {
  if (ids.length > LIMITS.reachPartnersMax)
    throw refuse('invalid', 'partner', `at most ${LIMITS.reachPartnersMax} partners at once`)
  const partners = snapshotOf(deps).kind('partner')
  return ids.map((id) => {
    const record = partners.get(id)?.value as PartnerRecord | undefined
    if (!record || !told.knowsCouple(id))
      throw refuse('unprocessable', 'partner', `there is no partner ${id}`)
    return { id, number: record.number, namespace: record.namespace }
  })
}

function audienceIn(
  index: ReachIndex,
  { numberOf }: Asked,
  { any = [], all = [], none = [] }: ReachQuery,
): Counted | undefined {
  if (any.length + all.length === 0) return undefined
  const asked = { any: any.map(numberOf), all: all.map(numberOf), none: none.map(numberOf) }
  const numbers = [...asked.any, ...asked.all]
  return { segment: null, numbers, people: index.people(asked) }
}

function overlapsOf(
  segments: readonly { segment: string; people: PeopleSet }[],
  told: ToldTo,
): ReachShown['overlaps'] {
  return segments.flatMap((first, i) =>
    segments.slice(i + 1).map((second) => {
      const both = first.people.countWith(second.people)
      return {
        segments: [first.segment, second.segment] as [string, string],
        people: told.people(both),
        ofFirst: told.rate(both, first.people.count()),
        ofSecond: told.rate(both, second.people.count()),
      }
    }),
  )
}
