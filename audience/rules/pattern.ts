/** The door of re2js: patterns of users run in linear time, whatever they are matched with. */
import { RE2JS } from 're2js'

const PATTERNS_KEPT_MAX = 10_000
const kept = new Map<string, RE2JS | string>()

/** A pattern in RE2 syntax, compiled once; or what is wrong with it. */
export function compilePattern(pattern: string): RE2JS | string {
  let compiled = kept.get(pattern)
  if (compiled === undefined) {
    compiled = compile(pattern)
    if (kept.size >= PATTERNS_KEPT_MAX) kept.clear()
    kept.set(pattern, compiled)
  }
  return compiled
}

/** Whether a pattern is found anywhere in a text; one that cannot be compiled is found nowhere. */
export function isFoundIn(pattern: string, text: string): boolean {
  const compiled = compilePattern(pattern)
  return typeof compiled !== 'string' && compiled.test(text)
}

function compile(pattern: string): RE2JS | string {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
