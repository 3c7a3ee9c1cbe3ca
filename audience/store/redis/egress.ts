import {
  isOlderThan,
  mergeEgress,
  mergePastMatches,
  unpackEgress,
  unpackPastMatches,
  withoutSegments,
} from '../../../proto/egress-blob.ts'
import { isSuppressed } from '../../../proto/suppression-mark.ts'
import { LIMITS as STORE_LIMITS } from '../limits.ts'
import { pastMatchesIn } from '../past-matches-in.ts'
import type { EgressEntry, EgressNote, PastMatch, UserKey } from '../store.ts'
import { LIMITS } from './limits.ts'
import { type Place, readRecords, rewriteAll } from './swap.ts'
import { partsIn } from './walk.ts'
import type { Writer } from './writer.ts'

/** Adds what was given to what is kept of it; of who is to be left alone only to whom, and when. */
export async function noteEgress(
  place: Place,
  notes: readonly EgressNote[],
  today: number,
): Promise<void> {
  const bounds = {
    oldestDay: today - STORE_LIMITS.egressDays,
    entriesMax: STORE_LIMITS.egressEntriesMax,
  }
  const grouped = byKey(notes)
  const marks = await readRecords(
    place,
    grouped.map(({ key }) => ({ key, part: 'profile' })),
  )
  await rewriteAll(
    place,
    grouped.map(({ key, entries }, i) => ({
      key,
      part: 'egress',
      next: (held) => {
        const merged = mergeEgress(held, entries, bounds)
        const blob = isSuppressed(marks[i]!, 0, marks[i]!.length) ? withoutSegments(merged) : merged
        return Buffer.compare(held, blob) === 0 ? undefined : { blob }
      },
    })),
  )
}

/** Of people who are to be left alone, what was given goes: to whom, and when, stays. */
export function stripEgress(place: Place, keys: readonly UserKey[]): Promise<void> {
  return rewriteAll(
    place,
    keys.map((key) => ({
      key,
      part: 'egress',
      next: (held) => {
        const blob = withoutSegments(held)
        return Buffer.compare(held, blob) === 0 ? undefined : { blob }
      },
    })),
  )
}

/** Of the live edges of some keys, which are about to go, both ends keep whose key was at the other. */
export async function keepPastMatches(
  place: Place,
  keys: readonly UserKey[],
  { edges, today }: { edges: readonly Uint8Array[]; today: number },
): Promise<void> {
  const near = new Set(keys.map(nameOf))
  const notes = keys.map((key, i) => ({ key, matches: pastMatchesIn(edges[i]!, today) }))
  const reached = new Set(notes.flatMap(({ matches }) => matches.map(({ key }) => nameOf(key))))
  const far = [...reached]
    .filter((name) => !near.has(name))
    .map((name) => Buffer.from(name, 'latin1'))
  const back = far.length > 0 ? await blobsOf(place, far, 'edges') : []
  for (const [i, key] of far.entries())
    notes.push({ key, matches: pastMatchesIn(back[i]!, today, (one) => near.has(nameOf(one))) })
  const bounds = {
    oldestDay: today - STORE_LIMITS.egressDays,
    matchesMax: STORE_LIMITS.pastMatchesMax,
  }
  await rewriteAll(
    place,
    notes
      .filter(({ matches }) => matches.length > 0)
      .map(({ key, matches }) => ({
        key,
        part: 'egress',
        next: (held) => {
          const blob = mergePastMatches(held, matches, bounds)
          return Buffer.compare(held, blob) === 0 ? undefined : { blob }
        },
      })),
  )
}

export async function egressOf(place: Place, keys: readonly UserKey[]): Promise<EgressEntry[][]> {
  return (await blobsOf(place, keys, 'egress')).map(unpackEgress)
}

export async function pastMatchesOf(
  place: Place,
  keys: readonly UserKey[],
): Promise<PastMatch[][]> {
  return (await blobsOf(place, keys, 'egress')).map(unpackPastMatches)
}

function blobsOf(
  place: Place,
  keys: readonly UserKey[],
  part: 'edges' | 'egress',
): Promise<Uint8Array[]> {
  return readRecords(
    place,
    keys.map((key) => ({ key, part })),
  )
}

/** Drops what was last given before a day; visits every bucket, some at a time. */
export async function sweepEgress(writer: Writer, oldestDay: number): Promise<void> {
  const bounds = { oldestDay, entriesMax: STORE_LIMITS.egressEntriesMax }
  for (let bucket = 0, end = 1; bucket < end; bucket += LIMITS.visitChunk) {
    await writer.write(async (place) => {
      end = place.layout.buckets
      const keys = await oldIn(place, { bucket, oldestDay })
      await rewriteAll(
        place,
        keys.map((key) => ({
          key,
          part: 'egress',
          next: (held) => ({ blob: mergeEgress(held, [], bounds) }),
        })),
      )
    })
  }
}

async function oldIn(
  place: Place,
  { bucket, oldestDay }: { bucket: number; oldestDay: number },
): Promise<UserKey[]> {
  const kept = await partsIn(place, { bucket, part: 'egress' })
  return kept.filter(({ bytes }) => isOlderThan(bytes, oldestDay)).map(({ key }) => key)
}

function byKey(notes: readonly EgressNote[]): { key: UserKey; entries: EgressEntry[] }[] {
  const groups = new Map<string, { key: UserKey; entries: EgressEntry[] }>()
  for (const { key, entries } of notes) {
    const name = key.toString('latin1')
    const group = groups.get(name) ?? { key, entries: [] }
    group.entries.push(...entries)
    groups.set(name, group)
  }
  return [...groups.values()]
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1')
}
