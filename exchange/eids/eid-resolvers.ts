import type { Audience } from '../../audience/audience.ts'
import type { Clock } from '../../audience/clock.ts'
import type { Namespace } from '../../audience/namespace.ts'
import type { CatalogRecord } from '../../audience/store/store.ts'
import { type EidResolver, NOBODY } from '../../audience/tokens/eid-resolver.ts'
import { KeyRing } from '../../audience/tokens/key-ring.ts'
import { TokenResolver } from '../../audience/tokens/token-resolver.ts'
import { openTokenKeys, type TokenKeysRecord } from './token-keys-record.ts'

/** An eid source that is not `raw`, as the catalog has it. */
export interface ResolvedSource {
  readonly namespace: number
  readonly resolver: 'uid2' | 'euid' | 'none'
  /** Undefined: nobody gave any, and no token gives an id. */
  readonly keys: CatalogRecord | undefined
}

export function compileResolved(
  namespaces: ReadonlyMap<string, CatalogRecord>,
  keys: ReadonlyMap<string, CatalogRecord>,
): readonly ResolvedSource[] {
  const sources: ResolvedSource[] = []
  for (const [name, { value }] of namespaces) {
    const { number: namespace, resolver = 'raw' } = value as Namespace
    if (resolver !== 'raw') sources.push({ namespace, resolver, keys: keys.get(name) })
  }
  return sources
}

export type EidResolverMap = ReadonlyMap<number, EidResolver>

export interface ResolverDeps {
  audience: Audience
  clock: Clock
}

const ALL_RAW: EidResolverMap = new Map()

interface Made {
  source: ResolvedSource
  resolver: EidResolver
}

/** What this process has made of the sources of the catalog: what tokens gave is remembered as long as their keys stay. */
class EidResolverSet {
  #of: readonly ResolvedSource[] | undefined
  #map: EidResolverMap = ALL_RAW
  #made = new Map<number, Made>()

  mapFor(sources: readonly ResolvedSource[], deps: ResolverDeps): EidResolverMap {
    if (sources === this.#of) return this.#map
    // Keys cannot be opened yet: asked again the next time.
    if (!deps.audience.ready()) return new Map(sources.map(({ namespace }) => [namespace, NOBODY]))
    const made = new Map(
      sources.map((source) => [source.namespace, this.#resolverOf(source, deps)]),
    )
    this.#made = made
    this.#map = new Map([...made].map(([namespace, { resolver }]) => [namespace, resolver]))
    this.#of = sources
    return this.#map
  }

  #resolverOf(source: ResolvedSource, deps: ResolverDeps): Made {
    const known = this.#made.get(source.namespace)
    const isSame = known?.source.keys === source.keys && known?.source.resolver === source.resolver
    return known !== undefined && isSame ? known : { source, resolver: makeResolver(source, deps) }
  }
}

/** `max`: tokens it remembers; absent: as many as a process does. */
function makeResolver(
  { namespace, resolver, keys }: ResolvedSource,
  { audience, clock, max }: ResolverDeps & { max?: number },
): EidResolver {
  if (resolver === 'none' || keys === undefined) return NOBODY
  const derive = (label: string, bytes: number) => audience.deriveKey(label, bytes)!
  const opened = openTokenKeys(derive, keys.value as TokenKeysRecord)
  if (opened === undefined) return NOBODY
  const ring = new KeyRing(opened)
  return new TokenResolver({
    ...{ ring, scope: resolver, clock, namespace },
    ...(max === undefined ? {} : { max }),
  })
}

/** The id in one token, for an operator who asks about it; undefined where it gives none. */
export function openEid(
  source: ResolvedSource,
  text: string,
  deps: ResolverDeps,
): string | undefined {
  return makeResolver(source, { ...deps, max: 1 }).open(text)
}

/** One set a process. */
const sets = new WeakMap<Audience, EidResolverSet>()

/** By namespace number: how its ids are read, where they are not taken as they are sent. */
export function eidResolversOf(
  sources: readonly ResolvedSource[],
  deps: ResolverDeps,
): EidResolverMap {
  if (sources.length === 0) return ALL_RAW
  let set = sets.get(deps.audience)
  if (!set) sets.set(deps.audience, (set = new EidResolverSet()))
  return set.mapFor(sources, deps)
}
