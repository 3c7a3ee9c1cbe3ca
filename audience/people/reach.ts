import type { PersonView } from './person-view.ts'

/**
 * Marks in `out` (1, else 0) the ids of a person that are connected with the one the request named
 * over edges whose owner is allowed: node 0 always, others as far as such edges lead. An edge counts
 * in both directions.
 */
export function reachable(
  view: PersonView,
  allowed: (edgeOwner: number) => boolean,
  out: Uint8Array,
): void {
  out.fill(0, 0, view.nodes)
  if (view.nodes > 0) out[0] = 1
  while (reachesFurther(view, allowed, out)) {}
}

/** One walk over all edges; true where it marked something. At most as many walks as there are nodes. */
function reachesFurther(
  view: PersonView,
  allowed: (edgeOwner: number) => boolean,
  out: Uint8Array,
): boolean {
  let marked = false
  for (let i = 0; i < view.edges; i++) {
    const from = view.edgeFrom[i]!
    const to = view.edgeTo[i]!
    if (out[from] === out[to] || !allowed(view.edgeOwner[i]!)) continue
    out[from] = 1
    out[to] = 1
    marked = true
  }
  return marked
}
