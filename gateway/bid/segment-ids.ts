import type { Bid } from './bid.ts'

/** Ids of the segments in a bid's plan, each once, as its buyer knows them: alone, or behind `<provider id>:`. */
export function segmentIds({ plan }: Bid, { isPlain }: { isPlain: boolean }): string[] {
  const ids = (plan.fragment?.objects ?? []).flatMap((object) =>
    [...object.ids].map((id) => (isPlain ? id : `${object.group.provider.id}:${id}`)),
  )
  return [...new Set(ids)]
}
