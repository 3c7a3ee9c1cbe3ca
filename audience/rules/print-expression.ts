import type { Expression, PropertyTest, Scalar, SequenceStep, Window } from './expression.ts'
import { isKeyword, PLAIN_PATH } from './words.ts'

/** The text of a rule: parsing it gives the same tree. */
export function printExpression(tree: Expression): string {
  return print(tree, Bound.or)
}

/** How tightly the place binds in which a part stands: looser parts are put in parentheses. */
const Bound = { or: 0, and: 1, not: 2 } as const
type Bound = (typeof Bound)[keyof typeof Bound]

function print(tree: Expression, place: Bound): string {
  if ('or' in tree)
    return grouped(tree.or.map((part) => print(part, Bound.and)).join(' OR '), place > Bound.or)
  if ('and' in tree)
    return grouped(tree.and.map((part) => print(part, Bound.not)).join(' AND '), place > Bound.and)
  if ('not' in tree) return `NOT ${print(tree.not, Bound.not)}`
  if ('property' in tree) return printProperty(tree)
  if ('frequency' in tree) {
    const { frequency, window, is, times } = tree
    const [only] = frequency
    if (frequency.length === 1 && !window && is === '>=' && times === 1) return only!
    return `FREQUENCY([${frequency.join(', ')}]${printWindow(window)}) ${is} ${times}`
  }
  if ('sequence' in tree) return `SEQUENCE(${tree.sequence.map(printStep).join(' THEN ')})`
  if ('score' in tree) {
    const terms = tree.score.map(({ trait, weight }) => `${trait} * ${weight}`).join(', ')
    return `SCORE(${terms} HALFLIFE ${tree.halfLife}) ${tree.is} ${tree.value}`
  }
  const since = tree.since ? ` SINCE${printWindow(tree.since)}` : ''
  return `SEGMENT(${tree.segment})${since}`
}

function grouped(text: string, isGroup: boolean): string {
  return isGroup ? `(${text})` : text
}

function printWindow(window: Window | undefined): string {
  return window ? ` ${window.is} ${window.for}` : ''
}

function printStep({ trait, within, not }: SequenceStep): string {
  return `${not ? 'NOT ' : ''}${within === undefined ? '' : `WITHIN ${within} `}${trait}`
}

function printProperty({ property, is, value }: PropertyTest): string {
  const isPlain = PLAIN_PATH.test(property) && !isKeyword(property)
  const path = isPlain ? property : `\`${property}\``
  if (value === undefined) return `${path} ${is}`
  return `${path} ${is} ${Array.isArray(value) ? `[${value.map(printScalar).join(', ')}]` : printScalar(value)}`
}

function printScalar(value: Scalar): string {
  return JSON.stringify(value)
}
