/** The door of re2js: patterns of users run in linear time, whatever they are matched with. */
import { RE2JS } from 're2js'
import { LIMITS } from './limits.ts'

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

/**
 * Whether a pattern is found anywhere in a text; one that cannot be compiled is found nowhere, nor is any in a text that
 * is too long for one of its size: time is linear in either.
 */
export function isFoundIn(pattern: string, text: string): boolean {
  const compiled = compilePattern(pattern)
  if (typeof compiled === 'string') return false
  return compiled.programSize() * text.length <= LIMITS.patternWorkMax && compiled.test(text)
}

function compile(pattern: string): RE2JS | string {
  try {
    const compiled = RE2JS.compile(pattern)
    const steps = compiled.programSize()
    if (steps <= LIMITS.patternStepsMax) return compiled
    return `it comes to ${steps} steps, at most ${LIMITS.patternStepsMax} are allowed`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
