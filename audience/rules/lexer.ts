/** One word of a rule's text. */
export interface Token {
  kind: 'word' | 'quoted' | 'text' | 'number' | 'operator' | 'mark' | 'end'
  /** As written; of `text` and `quoted` what it stands for. */
  value: string
  /** Where it begins, counted from 0. */
  at: number
}

/** Thrown where a text is no rule: what was met, where, and what was expected. */
export class RuleSyntaxError extends Error {
  readonly at: number
  constructor(at: number, says: string) {
    super(`at character ${at + 1}: ${says}`)
    this.at = at
  }
}

const PATTERNS: readonly [Token['kind'], RegExp][] = [
  ['text', /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y],
  ['quoted', /`[^`\u0000-\u001f]+`/y],
  ['number', /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![A-Za-z0-9_.$-])/y],
  ['operator', /==|!=|>=|<=|>|</y],
  ['mark', /[()[\],*]/y],
  ['word', /[A-Za-z0-9_$][A-Za-z0-9_.$-]*/y],
]
const SPACE = /\s*/y

/** Cuts a rule's text into words; the last token is the end. Throws RuleSyntaxError. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  for (;;) {
    at = skipSpace(text, at)
    if (at === text.length) break
    const token = tokenAt(text, at)
    tokens.push(token.token)
    at = token.end
  }
  tokens.push({ kind: 'end', value: 'the end', at })
  return tokens
}

function skipSpace(text: string, at: number): number {
  SPACE.lastIndex = at
  SPACE.exec(text)
  return SPACE.lastIndex
}

function tokenAt(text: string, at: number): { token: Token; end: number } {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at
    const [found] = pattern.exec(text) ?? []
    if (found !== undefined)
      return { token: { kind, value: meant(kind, found), at }, end: at + found.length }
  }
  const [first] = text.slice(at)
  const says =
    first === '"' || first === '`' ? `${first} is never closed` : `${first} means nothing here`
  throw new RuleSyntaxError(at, says)
}

function meant(kind: Token['kind'], found: string): string {
  if (kind === 'text') return JSON.parse(found) as string
  return kind === 'quoted' ? found.slice(1, -1) : found
}
