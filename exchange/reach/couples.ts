import type { PeopleSet } from '../../audience/reach/people-set.ts'
import type { ReachIndex } from '../../audience/reach/reach-index.ts'
import type { Rate } from '../matchrates/rate.ts'
import type { PartnerRecord } from '../partner.ts'
import type { ToldTo } from './told-to.ts'
import type { WonUnits } from './won-units.ts'

/** How far a segment's people reach one partner: the couple of whoever knows them and whoever buys. */
export interface Couple {
  /** Null: the audience asked for. */
  segment: string | null
  partner: string
  total: number
  /** Who has an id of the partner's, over a live match. */
  synced: Rate
  /** Of whom the partner was given the segment (one of the audience's), on any channel. */
  delivered: Rate
  /** Of whom the partner was given something in a bid request, within REACH_LIMITS.seenDays. */
  seen: Rate
  /** Impressions with the segment that notices told won; null for an audience. See won-units.ts. */
  won: number | null
}

/** Some people, and the segments they are asked for by. */
export interface Counted {
  segment: string | null
  numbers: readonly number[]
  people: PeopleSet
}

/** Every one of these people with every one of the partners. */
export function couplesOf(
  index: ReachIndex,
  counted: readonly Counted[],
  { partners, told, won }: { partners: readonly PartnerNamed[]; told: ToldTo; won: WonUnits },
): Couple[] {
  return partners.flatMap(({ id, number, namespace }) => {
    const synced = index.withIdIn(namespace)
    const seen = index.seen(number)
    return counted.map(({ segment, numbers, people }) => {
      const total = people.count()
      const of = (some: PeopleSet) => told.rate(people.countWith(some), total)
      return {
        segment,
        partner: id,
        total: told.people(total),
        synced: of(synced),
        delivered: of(index.given(number, numbers)),
        seen: of(seen),
        won: segment === null ? null : won.of(segment, id),
      }
    })
  })
}

export interface PartnerNamed extends Pick<PartnerRecord, 'number' | 'namespace'> {
  id: string
}
