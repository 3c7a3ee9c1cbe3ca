import type { Person } from '../workload.ts'

/** People as the peers keep them: buyeruid → JSON text of segment ids and the days they end. */
export function profileTexts(people: readonly Person[]): Map<string, string> {
  const lastDay = Math.floor(Date.now() / 86_400_000) + 30
  return new Map(
    people.map(({ uid, segments, unsold }) => [
      uid,
      JSON.stringify({
        segments: Object.fromEntries([...segments, ...unsold].map((id) => [id, lastDay])),
      }),
    ]),
  )
}
