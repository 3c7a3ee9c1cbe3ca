import type { PersonView } from './person-view.ts'

/** AdCOM 1.0 list "ID Match Methods", as far as the house tells them apart. */
export const MatchMethod = {
  unknown: 0,
  /** The id itself: a cookie, a device's advertising id. */
  none: 1,
  cookieSync: 2,
} as const

/** No way leads to the id. */
export const NO_WAY = -1

/**
 * By which method the ids of a person are known from the one the request named, over matches of allowed owners:
 * that of the weakest match on the strongest way. `start` is the method by which the first id was known, which
 * every other inherits unless a weaker match follows (OpenRTB 2.6 implementation notes, §7.12.1). NO_WAY
 * where no way leads; node 0 has `start`.
 */
export function methodsTo(
  view: PersonView,
  start: number,
  { allows, out }: { allows: (edgeOwner: number) => boolean; out: Int32Array },
): void {
  out.fill(NO_WAY, 0, view.nodes)
  out[0] = start
  while (leadsFurther(view, allows, out)) {}
}

/** One walk over all matches; true where it found a first or a stronger way. */
function leadsFurther(
  view: PersonView,
  allows: (edgeOwner: number) => boolean,
  out: Int32Array,
): boolean {
  let found = false
  for (let i = 0; i < view.edges; i++) {
    if (!allows(view.edgeOwner[i]!)) continue
    const [from, to] = [view.edgeFrom[i]!, view.edgeTo[i]!]
    const method = view.names.method[i]!
    const isThere = leads(out, from, to, method)
    const isBack = leads(out, to, from, method)
    found ||= isThere || isBack
  }
  return found
}

function leads(out: Int32Array, from: number, to: number, method: number): boolean {
  if (out[from] === NO_WAY) return false
  const over = weaker(out[from]!, method)
  if (out[to] !== NO_WAY && weaknessOf(over) >= weaknessOf(out[to]!)) return false
  out[to] = over
  return true
}

/** The one of two methods that says less. */
export function weaker(a: number, b: number): number {
  return weaknessOf(a) > weaknessOf(b) ? a : b
}

/** None, a sync, not known, authenticated, observed, inferred, and a vendor's own. */
function weaknessOf(method: number): number {
  if (method === MatchMethod.unknown) return UNKNOWN
  return method <= MatchMethod.cookieSync ? method - 1 : method
}

const UNKNOWN = 2
