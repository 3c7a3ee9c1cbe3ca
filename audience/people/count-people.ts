import { unpackEdges } from '../../proto/edge-blob.ts'
import { unpackProfile } from '../../proto/profile-blob.ts'
import { LIMITS } from '../limits.ts'
import type { PeopleStore, PersonRecord, UserKey } from '../store/store.ts'

/**
 * How many people are in a segment (by its number) on a day, counted no further than `enough`. Ids that a
 * live match joins directly count once. It reads every profile where there are fewer than `enough`.
 */
export async function countPeople(
  people: Pick<PeopleStore, 'holders' | 'recall'>,
  segment: number,
  { enough, today }: { enough: number; today: number },
): Promise<number> {
  const met = new Set<string>()
  let count = 0
  for await (const keys of people.holders(segment))
    for (let from = 0; from < keys.length; from += LIMITS.recallKeysMax) {
      const some = keys.slice(from, from + LIMITS.recallKeysMax)
      const records = await people.recall(some)
      for (const [i, key] of some.entries()) {
        const record = records[i]
        if (!record || !isIn(record, segment, today)) continue
        if (!met.has(nameOf(key))) count++
        if (count >= enough) return count
        meet(met, key, { record, today })
      }
    }
  return count
}

function isIn({ profile }: PersonRecord, segment: number, today: number): boolean {
  return unpackProfile(profile).some((one) => one.segment === segment && one.expiryDay > today)
}

/** Notes an id and those matched with it, so that none of them is counted as somebody else. */
function meet(
  met: Set<string>,
  key: UserKey,
  { record, today }: { record: PersonRecord; today: number },
): void {
  met.add(nameOf(key))
  for (const edge of unpackEdges(record.edges))
    if (edge.expiryDay > today) met.add(nameOf(edge.key))
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1')
}
