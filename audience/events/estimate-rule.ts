import { unpackHistory } from '../../proto/history-blob.ts'
import type { Clock } from '../clock.ts'
import type { KeptHistory } from '../store/event-stores.ts'
import type { Store } from '../store/store.ts'
import { evaluatePerson } from './evaluate-person.ts'
import { type GatheredPerson, gatherPeople } from './gather-people.ts'
import { POSITIONS, positionOf, representativeOf } from './key-space.ts'
import { EVENT_LIMITS } from './limits.ts'
import type { OwnerRules } from './rule-book.ts'

export interface EstimateDeps {
  store: Pick<Store, 'people' | 'histories'>
  clock: Clock
}

/** How many people a rule would hold for now. */
export interface Estimate {
  /** Nobody was left out: the counts are those there are. */
  isExact: boolean
  people: Interval
  /** Of whom the owner has collected anything. */
  base: Interval
  /** People looked at, and of those how many the rule holds for. */
  sampled: number
  matched: number
}

/** A count; with 95 % confidence the true one is within. */
export interface Interval {
  count: number
  low: number
  high: number
}

/**
 * Estimates how many people are in a segment of an owner by its rule. Reads histories in the order of their keys, which are
 * keyed hashes, until enough people of the owner were seen, time is up, or there are no more: a uniform sample. A person
 * of several ids is in it by one of them. How many there are is Wilson's interval of a count in a known share of everybody.
 */
export async function estimateRule(
  deps: EstimateDeps,
  rules: OwnerRules,
  segment: number,
): Promise<Estimate> {
  const { clock, store } = deps
  const untilMs = clock.elapsed() + EVENT_LIMITS.estimateMs
  const counts = { sampled: 0, matched: 0 }
  let position = 0
  while (position < POSITIONS && counts.sampled < EVENT_LIMITS.estimatePeople) {
    const step = await store.histories.from(position, EVENT_LIMITS.sliceIds)
    const end = step.next ?? POSITIONS
    await count(deps, rules, { histories: step.histories, position, end, segment, counts })
    position = end
    if (clock.elapsed() >= untilMs) break
    await nextTurn()
  }
  const share = position / POSITIONS
  return {
    ...counts,
    isExact: share === 1,
    people: countIn(counts.matched, share),
    base: countIn(counts.sampled, share),
  }
}

/**
 * How many there are of whom `seen` are in a share of everybody into which each came by chance, and by itself: Wilson's
 * score interval (1927), solved for the number of trials. Of everybody it is what was seen.
 */
export function countIn(seen: number, share: number): Interval {
  if (share === 0) return { count: 0, low: 0, high: 0 }
  const z2 = Z ** 2 * (1 - share)
  const spread = Math.sqrt(z2 * (z2 + 4 * seen))
  const bound = (sign: number) => (2 * seen + z2 + sign * spread) / (2 * share)
  return {
    count: Math.round(seen / share),
    low: Math.max(seen, Math.floor(bound(-1))),
    high: Math.ceil(bound(1)),
  }
}

/** Of the normal distribution, for 95 %. */
const Z = 1.959964

interface Slice {
  histories: readonly KeptHistory[]
  position: number
  end: number
  segment: number
  counts: { sampled: number; matched: number }
}

async function count(deps: EstimateDeps, rules: OwnerRules, slice: Slice): Promise<void> {
  const { position, end, segment, counts } = slice
  const own = slice.histories.filter(({ history }) => rules.owns(unpackHistory(history)))
  const starts = own.map(({ key }) => ({ key, namespace: 0, value: '' }))
  if (starts.length === 0) return
  for (const person of await gatherPeople(deps, starts, rules.number)) {
    const known = person.ids.filter(({ history }) => rules.owns(history))
    if (person.isSuppressed || known.length === 0) continue
    const at = positionOf(representativeOf(known.map(({ key }) => key)))
    if (at < position || at >= end) continue
    counts.sampled++
    if (isIn(person, known, { rules, segment, nowMs: deps.clock.now() })) counts.matched++
  }
}

function isIn(
  { ids }: GatheredPerson,
  known: GatheredPerson['ids'],
  { rules, segment, nowMs }: { rules: OwnerRules; segment: number; nowMs: number },
): boolean {
  const held = new Map(
    ids.flatMap(({ memberships }) => memberships.map((one) => [one.segment, one.expiryDay])),
  )
  const histories = known.map(({ history }) => history)
  return evaluatePerson(rules, { histories, held }, nowMs).members.has(segment)
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
