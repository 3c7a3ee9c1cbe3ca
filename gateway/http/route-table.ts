import type { DoorRefusal, Route } from './door.ts'

/** Finds the route of a request. Exact paths come before subtrees, longer subtrees before shorter. */
export class RouteTable {
  private readonly exact = new Map<string, Route[]>()
  private readonly subtrees: { prefix: string; routes: Route[] }[] = []

  constructor(routes: readonly Route[]) {
    const trees = new Map<string, Route[]>()
    for (const route of routes) {
      const tree = route.path.endsWith('/*')
      const into = tree ? trees : this.exact
      const path = tree ? route.path.slice(0, -1) : route.path
      into.set(path, [...(into.get(path) ?? []), route])
    }
    for (const [prefix, of] of trees) this.subtrees.push({ prefix, routes: of })
    this.subtrees.sort((a, b) => b.prefix.length - a.prefix.length)
  }

  find(method: string, path: string): Route | undefined {
    const takes = (route: Route) => route.method === method || route.method === 'ANY'
    // Nearly every request is for an exact path: nothing is gathered for it.
    return this.exact.get(path)?.find(takes) ?? this.at(path).find(takes)
  }

  /** Why there is no route: the path is unknown, or known with other methods. */
  refusal(path: string): Extract<DoorRefusal, 'unknown_path' | 'wrong_method'> {
    return this.at(path).length ? 'wrong_method' : 'unknown_path'
  }

  /** Methods a path answers to, as an Allow header says it. */
  allowed(path: string): string {
    return [...new Set(this.at(path).map((route) => route.method))].join(', ')
  }

  private at(path: string): Route[] {
    const exact = this.exact.get(path)
    const trees = this.subtrees.filter(({ prefix }) => path.startsWith(prefix))
    return [...(exact ?? []), ...trees.flatMap((tree) => tree.routes)]
  }
}
