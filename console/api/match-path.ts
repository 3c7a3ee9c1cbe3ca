import type { ApiRoute } from './route.ts'

/** The routes of one path, by method, and what its segments are called. */
export interface PathMatch<R> {
  byMethod: ReadonlyMap<string, R>
  params: Readonly<Record<string, string>>
}

interface PathEntry<R> {
  /** A literal segment, or the name of one in braces. */
  segments: readonly { literal?: string; name?: string }[]
  byMethod: Map<string, R>
}

/**
 * Finds routes by path and method: among paths of as many segments the first that fits and has the
 * method, in the order of the table; so a deal may be called `import`.
 */
export class PathTable<R extends Pick<ApiRoute, 'path' | 'method'>> {
  readonly #byLength = new Map<number, PathEntry<R>[]>()

  constructor(routes: readonly R[]) {
    const entries = new Map<string, PathEntry<R>>()
    for (const route of routes) {
      const entry = entries.get(route.path) ?? this.#addPath(route.path)
      entries.set(route.path, entry)
      entry.byMethod.set(route.method, route)
    }
  }

  find(path: string, method: string): PathMatch<R> | undefined {
    const parts = path.split('/')
    let first: PathMatch<R> | undefined
    for (const { segments, byMethod } of this.#byLength.get(parts.length) ?? []) {
      const params = paramsOf(segments, parts)
      if (!params) continue
      if (byMethod.has(method)) return { byMethod, params }
      first ??= { byMethod, params }
    }
    return first
  }

  #addPath(path: string): PathEntry<R> {
    const segments = path
      .split('/')
      .map((part) => (part.startsWith('{') ? { name: part.slice(1, -1) } : { literal: part }))
    const entry = { segments, byMethod: new Map() }
    const alike = this.#byLength.get(segments.length) ?? []
    alike.push(entry)
    this.#byLength.set(segments.length, alike)
    return entry
  }
}

function paramsOf(segments: PathEntry<unknown>['segments'], parts: readonly string[]) {
  const params: Record<string, string> = {}
  for (const [i, { literal, name }] of segments.entries()) {
    if (name === undefined) {
      if (parts[i] !== literal) return undefined
      continue
    }
    const value = decoded(parts[i]!)
    if (!value) return undefined
    params[name] = value
  }
  return params
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}
