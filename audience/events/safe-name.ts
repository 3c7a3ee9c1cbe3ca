import { PLAN_LIMITS } from './plan-limits.ts'

/** What stands for names that are not shown. */
export const OTHER_NAME = '(other)'

/**
 * A name that a sender chose, as it may be shown and kept: senders put addresses, numbers and whole texts into
 * names, and those are values.
 */
export function safeName(name: string): string {
  if (name.length > PLAN_LIMITS.nameCharsMax) return OTHER_NAME
  return /[@\p{Cc}]|\d{6}/u.test(name) ? OTHER_NAME : name
}
