import { mergeEgress, unpackEgress, withoutSegments } from '../../../proto/egress-blob.ts'
import { isSuppressed } from '../../../proto/suppression-mark.ts'
import { LIMITS as STORE_LIMITS } from '../limits.ts'
import type { EgressEntry, EgressNote, UserKey } from '../store.ts'
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

export async function egressOf(place: Place, keys: readonly UserKey[]): Promise<EgressEntry[][]> {
  const blobs = await readRecords(
    place,
    keys.map((key) => ({ key, part: 'egress' })),
  )
  return blobs.map(unpackEgress)
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
  const isOld = (bytes: Uint8Array) =>
    unpackEgress(bytes).some(({ lastDay }) => lastDay < oldestDay)
  return kept.filter(({ bytes }) => isOld(bytes)).map(({ key }) => key)
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
