import { unpackEdges } from '../../proto/edge-blob.ts'
import { unpackHistory } from '../../proto/history-blob.ts'
import { DAY_MS } from '../clock.ts'
import { Bitmap } from '../reach/bitmap.ts'
import type { ReachIndex } from '../reach/reach-index.ts'
import type { HistoryStep, KeptHistory } from '../store/event-stores.ts'
import type { Store } from '../store/store.ts'
import { LOOKALIKE_LIMITS } from './limits.ts'
import { LookalikePeople, type Steps } from './lookalike-people.ts'
import type { Pace } from './pace.ts'

export interface GatherOptions {
  /** As of now; held on to while a model is made, whatever takes its place. */
  index: ReachIndex
  store: Pick<Store, 'people' | 'histories'>
  /** Trait number → days for which it counts. */
  traits: ReadonlyMap<number, number>
  nowMs: number
  /** Whose matches may join ids (partner numbers; 0 is the exchange). */
  owners: ReadonlySet<number>
  pace: Pace
}

/** Reads what events have shown of whom, and which ids are one person over matches that may be used. */
export async function gatherLookalikePeople(options: GatherOptions): Promise<LookalikePeople> {
  const traits = await readTraits(options)
  const person = await readPersons(options)
  const { index, pace } = options
  const mark = new Uint32Array(person.length)
  await pace.through(settle(index, { person, mark }))
  return new LookalikePeople(index, traits, { person, mark })
}

async function readTraits(options: GatherOptions): Promise<Map<number, Bitmap>> {
  const { store, traits, pace } = options
  const shown = new Map<number, Bitmap>([...traits.keys()].map((trait) => [trait, new Bitmap()]))
  if (traits.size === 0) return shown
  for (let position: number | undefined = 0; position !== undefined; ) {
    const part: HistoryStep = await store.histories.from(position, LOOKALIKE_LIMITS.batch)
    for (const kept of part.histories) noteTraits(options, shown, kept)
    position = part.next
    await pace.rest()
  }
  return shown
}

function noteTraits(
  { index, traits, nowMs }: GatherOptions,
  shown: Map<number, Bitmap>,
  { key, history }: KeptHistory,
): void {
  for (const [trait, moments] of unpackHistory(history).traits) {
    const ttlDays = traits.get(trait)
    if (ttlDays === undefined || moments.at(-1)!.atMs < nowMs - ttlDays * DAY_MS) continue
    shown.get(trait)!.add(index.numberOf(key))
  }
}

/** Of each id one it is joined with, in the end the same for all of a person: union by the lower number. */
async function readPersons({ index, store, owners, pace }: GatherOptions): Promise<Int32Array> {
  const person = Int32Array.from({ length: index.ids }, (_, id) => id)
  for await (const batch of store.people.walk('edges')) {
    for (const { key, bytes } of batch) {
      const id = index.find(key)
      for (const edge of id < 0 ? [] : unpackEdges(bytes)) {
        if (edge.expiryDay <= index.day || !owners.has(edge.owner)) continue
        const other = index.find(edge.key)
        if (other >= 0 && Math.max(id, other) < person.length) join(person, id, other)
      }
    }
    await pace.rest()
  }
  return person
}

function join(person: Int32Array, a: number, b: number): void {
  const [one, other] = [rootOf(person, a), rootOf(person, b)]
  person[Math.max(one, other)] = Math.min(one, other)
}

function rootOf(person: Int32Array, id: number): number {
  let root = id
  while (person[root] !== root) root = person[root]!
  for (let at = id; person[at] !== root; ) {
    const next = person[at]!
    person[at] = root
    at = next
  }
  return root
}

/** Names each id's person outright, and marks each person by what its ids' keys are, in whatever order they came. */
function* settle(
  index: ReachIndex,
  { person, mark }: { person: Int32Array; mark: Uint32Array },
): Steps<void> {
  for (let id = 0; id < person.length; id++) {
    const root = rootOf(person, id)
    person[id] = root
    mark[root]! ^= index.keyAt(id).readUInt32LE(4)
    if (id % STEP_IDS === 0) yield
  }
}

const STEP_IDS = 16_384
