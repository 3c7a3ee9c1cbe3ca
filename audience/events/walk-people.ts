import { unpackHistory } from '../../proto/history-blob.ts'
import type { Clock } from '../clock.ts'
import type { KeptHistory } from '../store/event-stores.ts'
import type { Store } from '../store/store.ts'
import type { PersonKnown } from './evaluate-person.ts'
import { gatherPeople } from './gather-people.ts'
import { heldBy } from './held-by.ts'
import { POSITIONS, positionOf, representativeOf } from './key-space.ts'
import { EVENT_LIMITS } from './limits.ts'
import type { OwnerRules } from './rule-book.ts'

export interface WalkDeps {
  store: Pick<Store, 'people' | 'histories'>
  clock: Clock
  /** Ids read in one step. Default EVENT_LIMITS.sliceIds. */
  sliceIds?: number
}

export interface WalkStep {
  people: PersonKnown[]
  /** Which share of everybody lies behind: 1 at the end. */
  share: number
}

/**
 * Everybody of whom an owner has collected anything, each person once, in the order of keys: these are keyed hashes, so
 * whoever stops has a uniform sample. A person of several ids is met at one of them. Leaves the turn between steps.
 */
export async function* walkPeople(deps: WalkDeps, rules: OwnerRules): AsyncGenerator<WalkStep> {
  const { store, sliceIds = EVENT_LIMITS.sliceIds } = deps
  for (let position = 0; position < POSITIONS; ) {
    const step = await store.histories.from(position, sliceIds)
    const end = step.next ?? POSITIONS
    const people = await peopleIn(deps, rules, { histories: step.histories, position, end })
    yield { people, share: end / POSITIONS }
    position = end
    await nextTurn()
  }
}

interface Slice {
  histories: readonly KeptHistory[]
  position: number
  end: number
}

async function peopleIn(
  deps: WalkDeps,
  rules: OwnerRules,
  { histories, position, end }: Slice,
): Promise<PersonKnown[]> {
  const own = histories.filter(({ history }) => rules.owns(unpackHistory(history)))
  const starts = own.map(({ key }) => ({ key, namespace: 0, value: '' }))
  if (starts.length === 0) return []
  const gathered = await gatherPeople(deps, starts, rules.number)
  return gathered.flatMap((person) => {
    const known = person.ids.filter(({ history }) => rules.owns(history))
    if (person.isSuppressed || known.length === 0) return []
    const at = positionOf(representativeOf(known.map(({ key }) => key)))
    if (at < position || at >= end) return []
    const held = heldBy(rules, person.ids, known)
    return [{ histories: known.map(({ history }) => history), held }]
  })
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
