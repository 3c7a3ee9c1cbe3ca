import { DAY_MS } from '../../audience/clock.ts'
import { refuse } from '../../audience/refusal.ts'
import { dayIn, momentOf } from '../moment.ts'
import { COUNT_LIMITS } from './limits.ts'

export interface DaysAsked {
  /** UTC days, both included. */
  from?: string
  to?: string
}

/** The days a question is about: the last ones where it does not say. Refuses what is no stretch of days. */
export function daysAsked({ from, to }: DaysAsked, nowMs: number): { from: string; to: string } {
  for (const [field, day] of Object.entries({ from, to }))
    if (day !== undefined && Number.isNaN(momentOf(day)))
      throw refuse('invalid', field, 'is no day')
  const last = to ?? dayIn(nowMs)
  const first = from ?? dayIn(momentOf(last) - (COUNT_LIMITS.daysDefault - 1) * DAY_MS)
  const days = (momentOf(last) - momentOf(first)) / DAY_MS + 1
  if (days < 1) throw refuse('invalid', 'from', 'must not be after to')
  if (days > COUNT_LIMITS.daysMax)
    throw refuse('invalid', 'from', `must be within ${COUNT_LIMITS.daysMax} days of to`)
  return { from: first, to: last }
}
