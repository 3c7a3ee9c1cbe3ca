import type { Expression, PropertyTest } from './expression.ts'

/** A test of a property, or its opposite. */
export interface Literal {
  test: PropertyTest
  isNot: boolean
}

export interface Conjunctions {
  /** A rule over an event holds where all literals of one of these hold. */
  any: readonly (readonly Literal[])[]
  /** False where only the other direction is true: where the rule holds, so does one of these. */
  isExact: boolean
}

/**
 * Turns a rule over an event into conjunctions, at most `max`. A rule that would come to more keeps as
 * many of its conditions as fit: what is then found has still to be asked whether it holds.
 */
export function conjunctionsOf(tree: Expression, max: number): Conjunctions {
  return expand(tree, false, max)
}

const ANYTHING: Conjunctions = { any: [[]], isExact: false }

function expand(tree: Expression, isNot: boolean, max: number): Conjunctions {
  if ('not' in tree) return expand(tree.not, !isNot, max)
  // NOT (a AND b) is NOT a OR NOT b, and the other way round.
  if ('and' in tree) {
    const parts = tree.and.map((part) => expand(part, isNot, max))
    return isNot ? either(parts, max) : both(parts, max)
  }
  if ('or' in tree) {
    const parts = tree.or.map((part) => expand(part, isNot, max))
    return isNot ? both(parts, max) : either(parts, max)
  }
  return 'property' in tree ? { any: [[{ test: tree, isNot }]], isExact: true } : ANYTHING
}

function either(parts: readonly Conjunctions[], max: number): Conjunctions {
  const any = parts.flatMap((part) => part.any)
  if (any.length > max) return ANYTHING
  return { any, isExact: parts.every((part) => part.isExact) }
}

/** The smallest parts first, so that what does not fit is what selects least. */
function both(parts: readonly Conjunctions[], max: number): Conjunctions {
  let any: readonly (readonly Literal[])[] = [[]]
  let isExact = true
  for (const part of parts.toSorted((a, b) => a.any.length - b.any.length)) {
    isExact &&= part.isExact
    if (any.length * part.any.length > max) isExact = false
    else any = any.flatMap((left) => part.any.map((right) => [...left, ...right]))
  }
  return { any, isExact }
}
