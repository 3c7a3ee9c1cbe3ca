import fc from 'fast-check'
import type { PersonHistory, Shown } from '../../../audience/rules/history.ts'
import { SEGMENTS, TRAITS } from './arbitrary-rule.ts'

const DAY_MS = 86_400_000
/** Nine days before the clocks of Europe are set forward. */
export const START_MS = Date.parse('2026-03-20T09:17:00Z')

const shown = fc
  .array(
    fc.record({
      atMs: fc.integer({ min: 0, max: 20 * 24 * 60 }).map((minute) => START_MS + minute * 60_000),
      count: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 5 },
  )
  .map((events) => events.sort((a, b) => a.atMs - b.atMs))

/** Of whom nothing is known. */
export const nobody: PersonHistory = {
  shown: () => [],
  property: () => [],
  memberSinceMs: () => undefined,
}

/** Somebody who showed some traits within 20 days, and came into some segments. */
export const anyHistory = fc
  .tuple(
    fc.tuple(...TRAITS.map(() => shown)),
    fc.tuple(
      ...SEGMENTS.map(() =>
        fc.option(fc.integer({ min: 0, max: 20 * DAY_MS }), { nil: undefined }),
      ),
    ),
  )
  .map(
    ([events, since]): PersonHistory => ({
      shown: (trait) => events[TRAITS.indexOf(trait)] as readonly Shown[],
      property: () => [],
      memberSinceMs(segment) {
        const after = since[SEGMENTS.indexOf(segment)]
        return after === undefined ? undefined : START_MS + after
      },
    }),
  )
