import type { Route } from '../http/door.ts'

/**
 * That we keep to Global Privacy Control, as of the meaning it had on that day (W3C GPC, "GPC support
 * resource"): the day changes only when somebody has read the standard anew and held this door against it.
 */
const SUPPORT = JSON.stringify({ gpc: true, lastUpdate: '2026-11-26' })

/** The same for everybody, and for anybody to read. */
const HEADERS = [
  ...['content-type', 'application/json', 'cache-control', 'public, max-age=86400'],
  ...['x-content-type-options', 'nosniff', 'access-control-allow-origin', '*'],
]

/** GET /.well-known/gpc.json. */
export const gpcRoute: Route = {
  method: 'GET',
  path: '/.well-known/gpc.json',
  wants: [],
  body: 'none',
  bodyBytesMax: 0,
  handle: (_ask, answer) => answer.send(200, HEADERS, SUPPORT),
}
