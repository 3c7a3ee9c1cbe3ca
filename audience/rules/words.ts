/** Words of the language: upper case, so that no id of a trait or segment is one. */
export const KEYWORDS = [
  'AND',
  'OR',
  'NOT',
  'FREQUENCY',
  'SEQUENCE',
  'THEN',
  'WITHIN',
  'SCORE',
  'HALFLIFE',
  'SEGMENT',
  'SINCE',
] as const
export type Keyword = (typeof KEYWORDS)[number]

/** Operators that are written as words. */
export const WORD_OPERATORS = [
  'contains',
  'startswith',
  'endswith',
  'matchesregex',
  'in',
  'between',
  'exists',
] as const

/** What operators name: a trait or a segment. */
export const ID_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/
export const DURATION_PATTERN = /^[1-9]\d{0,5}[DHM]$|^0D$/
/** A path that is written without quotes. */
export const PLAIN_PATH = /^[A-Za-z_$][A-Za-z0-9_.$-]*$/

const keywords: ReadonlySet<string> = new Set(KEYWORDS)

export function isKeyword(word: string): boolean {
  return keywords.has(word)
}
