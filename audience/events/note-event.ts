import type { History, Moment } from '../../proto/history-blob.ts'
import type { Calendar } from '../calendar.ts'
import { EVENT_LIMITS } from './limits.ts'
import type { OwnerRules } from './rule-book.ts'

/** Counts an event that showed a trait, by when it happened, however late it came. */
export function noteShown(
  { traits }: History,
  { trait, atMs, calendar }: { trait: number; atMs: number; calendar: Calendar },
): void {
  const moments = traits.get(trait) ?? []
  traits.set(trait, moments)
  let place = moments.length
  while (place > 0 && moments[place - 1]!.atMs > atMs) place--
  const before = moments[place - 1]
  if (before?.atMs === atMs) before.count++
  else moments.splice(place, 0, { atMs, count: 1 })
  if (moments.length > EVENT_LIMITS.momentsMax) condense(moments, calendar)
  if (traits.size > EVENT_LIMITS.traitsPerIdMax) dropStalest(traits)
}

/** Drops what its trait no longer remembers, and traits that are no more. */
export function dropForgotten(history: History, rules: OwnerRules, nowMs: number): void {
  const { calendar } = rules
  const today = calendar.dayOf(nowMs)
  for (const [number, moments] of history.traits) {
    const trait = rules.traitByNumber.get(number)
    const live = trait
      ? moments.filter(({ atMs }) => calendar.dayOf(atMs) >= today - trait.ttlDays)
      : []
    if (live.length === 0) history.traits.delete(number)
    else if (live.length < moments.length) history.traits.set(number, live)
  }
}

/** The oldest two of one day become one, so that counts by day stay what they are; else the oldest goes. */
function condense(moments: Moment[], calendar: Calendar): void {
  for (let i = 0; i + 1 < moments.length; i++) {
    const [one, next] = [moments[i]!, moments[i + 1]!]
    if (calendar.dayOf(one.atMs) !== calendar.dayOf(next.atMs)) continue
    one.count += next.count
    moments.splice(i + 1, 1)
    return
  }
  moments.shift()
}

function dropStalest(traits: Map<number, Moment[]>): void {
  const lastOf = (moments: readonly Moment[]) => moments.at(-1)?.atMs ?? 0
  const [stalest] = [...traits].sort(([, a], [, b]) => lastOf(a) - lastOf(b))
  if (stalest) traits.delete(stalest[0])
}
