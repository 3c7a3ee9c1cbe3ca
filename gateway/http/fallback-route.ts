import type { DoorRefusal, Route } from './door.ts'
import { RouteTable } from './route-table.ts'

export interface FallbackOptions {
  /** A body is read and thrown away up to here. */
  bodyBytesMax: number
  onRefused(reason: DoorRefusal): void
}

/** What no route took: 404, or 405 where the path exists. Its head is guarded like any other. */
export function fallbackRoute(routes: readonly Route[], options: FallbackOptions): Route {
  const table = new RouteTable(routes)
  return {
    method: 'ANY',
    path: '/*',
    wants: [],
    body: 'none',
    bodyBytesMax: options.bodyBytesMax,
    handle(ask, answer) {
      const reason = table.refusal(ask.path)
      options.onRefused(reason)
      if (reason === 'unknown_path') answer.send(404, ['x-passerelle-reason', reason])
      else answer.send(405, ['x-passerelle-reason', reason, 'allow', table.allowed(ask.path)])
    },
  }
}
