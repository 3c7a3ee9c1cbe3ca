import { PLAN_LIMITS } from './plan-limits.ts'

/** What stands for names that are not shown. */
export const OTHER_NAME = '(other)'

/** A telephone number, an account, a date: no name has so many. */
const DIGITS_OF_VALUES = 6

/**
 * A name that a sender chose, as it may be shown and kept: senders put addresses, numbers and whole texts into
 * names, and those are values.
 */
export function safeName(name: string): string {
  if (name.length > PLAN_LIMITS.nameCharsMax) return OTHER_NAME
  const isValue = /[@\p{Cc}]/u.test(name) || name.replaceAll(/\D/g, '').length >= DIGITS_OF_VALUES
  return isValue ? OTHER_NAME : name
}
