import type { Bid } from './bid.ts'
import type { DataFragment } from './make-fragment.ts'

const NONE: readonly string[] = []
/** What a fragment comes to is the same for each of its answers. */
const made = {
  plain: new WeakMap<DataFragment, string[]>(),
  named: new WeakMap<DataFragment, string[]>(),
}

/** Ids of the segments in a bid's plan, each once, as its buyer knows them: alone, or behind `<provider id>:`. */
export function segmentIds({ plan }: Bid, { isPlain }: { isPlain: boolean }): readonly string[] {
  const { fragment } = plan
  if (fragment === undefined) return NONE
  const known = isPlain ? made.plain : made.named
  let ids = known.get(fragment)
  if (ids === undefined) known.set(fragment, (ids = idsIn(fragment, isPlain)))
  return ids
}

function idsIn({ objects }: DataFragment, isPlain: boolean): string[] {
  const ids = objects.flatMap((object) =>
    [...object.ids].map((id) => (isPlain ? id : `${object.group.provider.id}:${id}`)),
  )
  return [...new Set(ids)]
}
