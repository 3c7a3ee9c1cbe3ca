import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Route } from '../http/door.ts'

const WANTS = ['if-none-match', 'accept-encoding'] as const
const [IF_NONE_MATCH, ACCEPTED] = [0, 1] as const
/** A new one is in every page an hour after it is served; a page is never held up for one. */
const CACHED = 'public, max-age=3600, stale-while-revalidate=86400'

/** GET of a script, the same for everybody. */
export function scriptRoute(path: string, script: string): Route {
  const zipped = gzipSync(script, { level: 9 })
  const etag = `"${createHash('sha256').update(script).digest('base64url').slice(0, 22)}"`
  const headers = [
    ...['content-type', 'text/javascript; charset=utf-8', 'cache-control', CACHED, 'etag', etag],
    ...['vary', 'accept-encoding', 'x-content-type-options', 'nosniff'],
    ...['cross-origin-resource-policy', 'cross-origin', 'access-control-allow-origin', '*'],
  ]
  return {
    method: 'GET',
    path,
    wants: WANTS,
    body: 'none',
    bodyBytesMax: 0,
    handle(ask, answer) {
      if (ask.headers[IF_NONE_MATCH]!.includes(etag)) answer.send(304, headers)
      else if (/\bgzip\b/.test(ask.headers[ACCEPTED]!))
        answer.send(200, [...headers, 'content-encoding', 'gzip'], zipped)
      else answer.send(200, headers, script)
    },
  }
}
