import type { ContractBody } from '../../contract.ts'
import type { DealBody } from '../../deal.ts'
import { type Bundled, dearest, dearestByCategory } from './bundle.ts'
import { chargedLeaves } from './charged-leaves.ts'
import type { Expression } from './expression.ts'
import { populationShares, WHOLE } from './population-shares.ts'

export type Attribution = NonNullable<ContractBody['attribution']>

/** One of several segments that were used for an impression together. */
export interface SetMember extends Bundled {
  segment: string
  /** People in it. */
  population: bigint
}

/**
 * How much of an impression each member is billed for, in parts of WHOLE; a member left out is billed
 * nothing. Without a deal the members are alternatives; with one, those of its `all` and `none` belong to
 * every impression, and the others are alternatives.
 */
export function attributeSet<T extends SetMember>(
  members: readonly T[],
  attribution: Attribution,
  audience?: DealBody['audience'],
): ReadonlyMap<T, bigint> {
  switch (attribution) {
    case 'used_all':
      return allOf(members)
    case 'used_highest':
      return allOf(dearest(members))
    case 'used_sum_by_category':
      return allOf(dearestByCategory(members))
    case 'used_lowest': {
      const absent = new Set(members.filter(({ segment }) => audience?.none?.includes(segment)))
      const holds = (member: T) => !absent.has(member)
      const priceMicros = (member: T) => member.priceMicros
      return allOf(chargedLeaves(expressionOf(members, audience), { holds, priceMicros }))
    }
    case 'by_population':
      return populationShares(expressionOf(members, audience), (one) =>
        'leaf' in one ? one.leaf.population : 0n,
      )
  }
}

/** What a deal asks for, of these members: all of `all`, one of `any`, none of `none`. */
function expressionOf<T extends SetMember>(
  members: readonly T[],
  audience: DealBody['audience'],
): Expression<T> {
  const isOf = (list: readonly string[] | undefined) => (member: T) =>
    list?.includes(member.segment) ?? false
  const isAll = isOf(audience?.all)
  const isNone = isOf(audience?.none)
  const any = members.filter((member) => !isAll(member) && !isNone(member))
  return {
    and: [
      ...members.filter(isAll).map((leaf) => ({ leaf })),
      ...(any.length > 0 ? [{ or: any.map((leaf) => ({ leaf })) }] : []),
      ...members.filter(isNone).map((leaf) => ({ not: { leaf } })),
    ],
  }
}

function allOf<T>(members: readonly T[]): ReadonlyMap<T, bigint> {
  return new Map(members.map((member) => [member, WHOLE]))
}
