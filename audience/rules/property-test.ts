import type { PropertyTest, Scalar } from './expression.ts'
import { isFoundIn } from './pattern.ts'

/**
 * Whether a property's values satisfy a test: one of several is enough, for `!=` too. An absent property
 * satisfies nothing. Numbers and texts that spell the same number are equal, since senders differ in it;
 * texts are compared as they are.
 */
export function propertyHolds({ is, value }: PropertyTest, values: readonly Scalar[]): boolean {
  if (is === 'exists') return values.length > 0
  for (const one of values) if (holdsOf(one, is, value!)) return true
  return false
}

function holdsOf(one: Scalar, is: PropertyTest['is'], value: Scalar | Scalar[]): boolean {
  if (Array.isArray(value)) {
    if (is === 'in') return value.some((wanted) => isSame(one, wanted))
    const number = numberOf(one)
    return number >= numberOf(value[0]!) && number <= numberOf(value[1]!)
  }
  switch (is) {
    case '==':
      return isSame(one, value)
    case '!=':
      return !isSame(one, value)
    case '>':
      return numberOf(one) > numberOf(value)
    case '<':
      return numberOf(one) < numberOf(value)
    case '>=':
      return numberOf(one) >= numberOf(value)
    case '<=':
      return numberOf(one) <= numberOf(value)
    case 'contains':
      return String(one).includes(String(value))
    case 'startswith':
      return String(one).startsWith(String(value))
    case 'endswith':
      return String(one).endsWith(String(value))
    default:
      return isFoundIn(String(value), String(one))
  }
}

/**
 * Equal values have one key, by SameValueZero: what `==` compares, and what an index of values is keyed by. A text that
 * spells a number is that number.
 */
export function sameKey(value: Scalar): Scalar {
  if (typeof value !== 'string' || !mayBeNumber(value)) return value
  const number = Number(value)
  return String(number) === value ? number : value
}

/** By how it begins: most texts are none, and to ask properly costs more than all else that is done with them. */
function mayBeNumber(text: string): boolean {
  const first = text.charCodeAt(0)
  return (first >= 0x30 && first <= 0x39) || first === 0x2d || first === 0x49 || first === 0x4e
}

/** NaN where it is none: every comparison with it is false. */
export function numberOf(value: Scalar): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
}

function isSame(a: Scalar, b: Scalar): boolean {
  if (a === b) return true
  const [one, other] = [sameKey(a), sameKey(b)]
  return one === other || (Number.isNaN(one) && Number.isNaN(other))
}
