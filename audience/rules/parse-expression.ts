import type {
  CountOperator,
  Expression,
  FrequencyTest,
  PropertyOperator,
  Scalar,
  ScoreTest,
  SegmentTest,
  SequenceStep,
  Window,
} from './expression.ts'
import { RuleSyntaxError, type Token, tokensOf } from './lexer.ts'
import { LIMITS } from './limits.ts'
import { DURATION_PATTERN, ID_PATTERN, isKeyword, type Keyword, WORD_OPERATORS } from './words.ts'

/**
 * Reads the text of a rule. Binding from loose to tight: OR, AND, NOT, conditions.
 *
 *     rule      := and (OR and)*              and  := not (AND not)*          not := NOT not | one
 *     one       := ( rule ) | frequency | sequence | score | segment | property | trait window?
 *     frequency := FREQUENCY( [trait, …] window? ) count number              count := >= <= == > <
 *     window    := (<= | >=) duration          duration := 5D | 24H | 30M
 *     sequence  := SEQUENCE( step (THEN step)+ )    step := NOT? (WITHIN duration)? trait
 *     score     := SCORE( trait (* number)?, … HALFLIFE duration ) count number
 *     segment   := SEGMENT( id ) (SINCE window)?
 *     property  := path (== != > < >= <= contains startswith endswith matchesregex) value
 *                | path in [value, …] | path between [number, number] | path exists
 *
 * Throws RuleSyntaxError. What is well written but makes no sense is found by `check-expression.ts`.
 */
export function parseExpression(text: string): Expression {
  if (text.length > LIMITS.textCharsMax)
    throw new RuleSyntaxError(0, `a rule has at most ${LIMITS.textCharsMax} characters`)
  return new Parser(tokensOf(text)).rule()
}

class Parser {
  readonly #tokens: readonly Token[]
  #next = 0
  #last!: Token
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  rule(): Expression {
    const tree = this.#or()
    if (this.#peek.kind !== 'end') throw this.#expected('AND, OR or the end')
    return tree
  }

  #or(): Expression {
    const parts = this.#chain('OR', () => this.#and())
    return parts.length === 1 ? parts[0]! : { or: parts }
  }

  #and(): Expression {
    const parts = this.#chain('AND', () => this.#not())
    return parts.length === 1 ? parts[0]! : { and: parts }
  }

  #chain(word: Keyword, one: () => Expression): Expression[] {
    const parts = [one()]
    while (this.#takeIf('word', word)) parts.push(one())
    return parts
  }

  /** The only place where the parser calls itself: what is nested too deeply is refused here. */
  #not(): Expression {
    if (++this.#depth > 4 * LIMITS.depthMax)
      throw new RuleSyntaxError(this.#peek.at, 'nested too deeply')
    const tree = this.#takeIf('word', 'NOT') ? { not: this.#not() } : this.#one()
    this.#depth--
    return tree
  }

  #one(): Expression {
    if (this.#takeIf('mark', '(')) {
      const tree = this.#or()
      this.#take('mark', ')')
      return tree
    }
    if (this.#takeIf('word', 'FREQUENCY')) return this.#frequency()
    if (this.#takeIf('word', 'SEQUENCE')) return this.#sequence()
    if (this.#takeIf('word', 'SCORE')) return this.#score()
    if (this.#takeIf('word', 'SEGMENT')) return this.#segment()
    return this.#propertyOrTrait()
  }

  #frequency(): FrequencyTest {
    this.#take('mark', '(')
    const frequency = this.#traits()
    const window = this.#windowIfAny()
    this.#take('mark', ')')
    const is = this.#countOperator()
    return { frequency, ...(window && { window }), is, times: this.#number() }
  }

  #traits(): string[] {
    if (!this.#takeIf('mark', '[')) return [this.#id('a trait')]
    const traits = [this.#id('a trait')]
    while (this.#takeIf('mark', ',')) traits.push(this.#id('a trait'))
    this.#take('mark', ']')
    return traits
  }

  #windowIfAny(): Window | undefined {
    const { kind, value } = this.#peek
    return kind === 'operator' && (value === '<=' || value === '>=') ? this.#window() : undefined
  }

  #window(): Window {
    const is = this.#take('operator').value
    if (is !== '<=' && is !== '>=') throw this.#expected('<= or >=', 1)
    return { is, for: this.#duration() }
  }

  #sequence(): Expression {
    this.#take('mark', '(')
    const sequence = [this.#step()]
    while (this.#takeIf('word', 'THEN')) sequence.push(this.#step())
    this.#take('mark', ')')
    return { sequence }
  }

  #step(): SequenceStep {
    const not = this.#takeIf('word', 'NOT')
    const within = this.#takeIf('word', 'WITHIN') ? this.#duration() : undefined
    const trait = this.#id('a trait')
    return { trait, ...(within !== undefined && { within }), ...(not && { not: true as const }) }
  }

  #score(): ScoreTest {
    this.#take('mark', '(')
    const score = [this.#weighted()]
    while (this.#takeIf('mark', ',')) score.push(this.#weighted())
    this.#take('word', 'HALFLIFE')
    const halfLife = this.#duration()
    this.#take('mark', ')')
    const is = this.#countOperator()
    return { score, halfLife, is, value: this.#number() }
  }

  #weighted(): { trait: string; weight: number } {
    const trait = this.#id('a trait')
    return { trait, weight: this.#takeIf('mark', '*') ? this.#number() : 1 }
  }

  #segment(): SegmentTest {
    this.#take('mark', '(')
    const segment = this.#id('a segment')
    this.#take('mark', ')')
    return this.#takeIf('word', 'SINCE') ? { segment, since: this.#window() } : { segment }
  }

  /** A path has an operator after it; what has none, or one before a duration, is a trait. */
  #propertyOrTrait(): Expression {
    const operator = this.#operatorAhead()
    if (operator === undefined || this.#isDuration(this.#tokens[this.#next + 2]!)) {
      const frequency = [this.#id('a condition')]
      const window = this.#windowIfAny()
      return { frequency, ...(window && { window }), is: '>=', times: 1 }
    }
    const token = this.#advance()
    if (token.kind !== 'quoted' && (token.kind !== 'word' || isKeyword(token.value)))
      throw this.#expected('a property', 1)
    this.#advance()
    return { property: token.value, is: operator, ...this.#operand(operator) }
  }

  #operatorAhead(): PropertyOperator | undefined {
    const after = this.#tokens[this.#next + 1]
    if (after?.kind === 'operator') return after.value as PropertyOperator
    const isWord =
      after?.kind === 'word' && (WORD_OPERATORS as readonly string[]).includes(after.value)
    return isWord ? (after.value as PropertyOperator) : undefined
  }

  #operand(operator: PropertyOperator): { value?: Scalar | Scalar[] } {
    if (operator === 'exists') return {}
    if (operator !== 'in' && operator !== 'between') return { value: this.#scalar() }
    this.#take('mark', '[')
    const value = [this.#scalar()]
    while (this.#takeIf('mark', ',')) value.push(this.#scalar())
    this.#take('mark', ']')
    return { value }
  }

  #scalar(): Scalar {
    const token = this.#advance()
    if (token.kind === 'text') return token.value
    if (token.kind === 'number') return this.#numberIn(token)
    if (token.kind === 'word' && /^(true|false)$/.test(token.value)) return token.value === 'true'
    throw this.#expected('"text", a number, true or false', 1)
  }

  #countOperator(): CountOperator {
    const { value } = this.#take('operator')
    if (value === '!=') throw this.#expected('>=, <=, ==, > or <', 1)
    return value as CountOperator
  }

  #number(): number {
    return this.#numberIn(this.#take('number'))
  }

  #numberIn({ value }: Token): number {
    const number = Number(value)
    if (!Number.isFinite(number)) throw this.#expected('a number that can be reckoned with', 1)
    return number
  }

  #duration(): string {
    const token = this.#advance()
    if (!this.#isDuration(token)) throw this.#expected('a duration such as 5D, 24H or 30M', 1)
    return token.value
  }

  #isDuration({ kind, value }: Token): boolean {
    return kind !== 'text' && DURATION_PATTERN.test(value)
  }

  #id(what: string): string {
    const token = this.#advance()
    const isId = (token.kind === 'word' || token.kind === 'number') && ID_PATTERN.test(token.value)
    if (!isId) throw this.#expected(what, 1)
    return token.value
  }

  get #peek(): Token {
    return this.#tokens[this.#next]!
  }

  #advance(): Token {
    this.#last = this.#peek
    if (this.#last.kind !== 'end') this.#next++
    return this.#last
  }

  #take(kind: Token['kind'], value?: string): Token {
    const token = this.#peek
    if (token.kind !== kind || (value !== undefined && token.value !== value))
      throw this.#expected(value ?? `${kind === 'operator' ? 'an' : 'a'} ${kind}`)
    return this.#advance()
  }

  #takeIf(kind: Token['kind'], value: string): boolean {
    const { kind: met, value: text } = this.#peek
    if (met !== kind || text !== value) return false
    this.#next++
    return true
  }

  /** `1`: the token that was just taken, instead of the next. */
  #expected(what: string, back: 0 | 1 = 0): RuleSyntaxError {
    const token = back === 1 ? this.#last : this.#peek
    return new RuleSyntaxError(token.at, `expected ${what}, met ${token.value}`)
  }
}
