import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dearest, dearestByCategory } from '../../../../exchange/usage/attribution/bundle.ts'
import { chargedLeaves } from '../../../../exchange/usage/attribution/charged-leaves.ts'
import type { Expression } from '../../../../exchange/usage/attribution/expression.ts'
import {
  populationShares,
  WHOLE,
} from '../../../../exchange/usage/attribution/population-shares.ts'

type Targeted = string | { and?: Targeted[]; or?: Targeted[]; not?: Targeted; people?: number }

interface Case {
  says: string
  rule: 'xandr' | 'aam' | 'highest' | 'category'
  targeted: Targeted
  person: string[]
  cpm: Record<string, number>
  charged: string[]
  people: Record<string, number>
  impressions: number
  billed: Record<string, number>
  used: { segment: string; category: string; cpm: number }[]
  costs: number
}

const root = join(import.meta.dirname, '../../../cases/attribution')
const cases = ['exemplary', 'supplemental'].flatMap((part) =>
  readdirSync(join(root, part)).map((file) => [`${part}/${file}`, join(root, part, file)]),
)

test.each(cases)('%s', (_name, path) => {
  const golden = JSON.parse(readFileSync(path!, 'utf8')) as Case
  if (golden.rule === 'xandr') expect(charged(golden)).toEqual(golden.charged)
  else if (golden.rule === 'aam') expect(billed(golden)).toEqual(golden.billed)
  else expect(cost(golden)).toBe(golden.costs * 1e6)
})

function charged({ targeted, person, cpm }: Case): string[] {
  return chargedLeaves(expressionOf(targeted), {
    holds: (segment) => person.includes(segment),
    priceMicros: (segment) => cpm[segment]! * 1e6,
  })
}

function billed({ targeted, people, impressions }: Case): Record<string, number> {
  const sizes = new Map<Expression, number>()
  const expression = expressionOf(targeted, sizes)
  const population = (one: Expression) =>
    BigInt('leaf' in one ? people[one.leaf]! : (sizes.get(one) ?? 0))
  const shares = [...populationShares(expression, population)]
  // Shares are cut to 2^-64: half a unit more makes of them what they are meant to be.
  const units = (share: bigint) => (BigInt(impressions) * share + WHOLE / 2n) / WHOLE
  return Object.fromEntries(shares.map(([segment, share]) => [segment, Number(units(share))]))
}

function cost({ rule, used }: Case): number {
  const members = used.map(({ category, cpm }) => ({ category, priceMicros: cpm * 1e6 }))
  const paid = rule === 'highest' ? dearest(members) : dearestByCategory(members)
  return paid.reduce((sum, { priceMicros }) => sum + priceMicros, 0)
}

function expressionOf(targeted: Targeted, sizes = new Map<Expression, number>()): Expression {
  if (typeof targeted === 'string') return { leaf: targeted }
  const { and, or, not, people } = targeted
  const each = (list: Targeted[]) => list.map((one) => expressionOf(one, sizes))
  const expression: Expression = not
    ? { not: expressionOf(not, sizes) }
    : and
      ? { and: each(and) }
      : { or: each(or!) }
  if (people !== undefined) sizes.set(expression, people)
  return expression
}
