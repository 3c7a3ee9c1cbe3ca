import { LIMITS as AUDIENCE_LIMITS } from '../../audience/limits.ts'
import { refuse } from '../../audience/refusal.ts'
import type { Assignment, PeopleStore } from '../../audience/store/store.ts'
import { LIMITS } from '../limits.ts'
import type { KeySpool } from './key-spool.ts'

export interface Replacement {
  people: PeopleStore
  /** Segment number. */
  segment: number
  /** Who shall be in it, each with the day on which that ends. */
  next: KeySpool
  /** Empty; filled with who is in it now. */
  now: KeySpool
  /** Bad lines: where there are no good ones beside them, nobody meant that the segment be empty. */
  rejected: number
  /** The caller knows that it may shrink to less than half. */
  isConfirmed: boolean
}

/** How many were in the segment, and are. */
export interface Replaced {
  before: number
  after: number
}

/**
 * Makes the members of a segment exactly those of `next`: first everybody is found who is in it, then
 * part by part the new are put in and the others taken out. Until the count stands nothing changes;
 * broken off after that, running it again has the same outcome. Refuses (`conflict`) to shrink a
 * segment to less than half unless confirmed, and to empty it because no line was good.
 */
export async function replaceSegment(replacement: Replacement): Promise<Replaced> {
  const { people, segment, next, now, isConfirmed, rejected } = replacement
  for await (const keys of people.holders(segment)) for (const key of keys) await now.add(key, 0)
  const replaced = { before: await countOf(now), after: await countOf(next) }
  if (replaced.after === 0 && rejected > 0) throw refuseBad(rejected)
  if (!isConfirmed && replaced.after * 2 < replaced.before) throw refuseShrinking(replaced)
  for (let part = 0; part < LIMITS.spoolPartitions; part++)
    await assignInParts(people, [...(await changesOf(replacement, part))])
  return replaced
}

async function countOf(spool: KeySpool): Promise<number> {
  let count = 0
  for (let part = 0; part < LIMITS.spoolPartitions; part++) count += (await spool.part(part)).size
  return count
}

function refuseBad(rejected: number) {
  return refuse('unprocessable', '', `none of ${rejected} lines is good: nothing was changed`)
}

function refuseShrinking({ before, after }: Replaced) {
  const reason = `the segment would shrink from ${before} to ${after} people: nothing was changed; send it again with confirm=true if that is meant`
  return refuse('conflict', 'confirm', reason)
}

async function changesOf(
  { segment, next, now }: Replacement,
  part: number,
): Promise<Iterable<Assignment>> {
  const members = await next.part(part)
  const before = await now.part(part)
  return changes(segment, members, before)
}

function* changes(
  segment: number,
  members: ReadonlyMap<string, number>,
  before: ReadonlyMap<string, number>,
): Iterable<Assignment> {
  for (const [key, expiryDay] of members)
    yield { key: keyOf(key), add: [{ segment, expiryDay }], remove: [] }
  for (const key of before.keys())
    if (!members.has(key)) yield { key: keyOf(key), add: [], remove: [segment] }
}

function keyOf(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

async function assignInParts(people: PeopleStore, all: readonly Assignment[]): Promise<void> {
  const size = AUDIENCE_LIMITS.writeBatchMax
  for (let from = 0; from < all.length; from += size)
    await people.assign(all.slice(from, from + size))
}
