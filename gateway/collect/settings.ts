import { PRIVATE } from '../edge/answers.ts'
import type { Route } from '../http/door.ts'
import type { CollectRoom } from './collect-room.ts'

const PREFIX = '/v1/projects/'
const SUFFIX = '/settings'

/** GET /v1/projects/<write key>/settings: what analytics.js asks before it sends anything. */
export function settingsRoute({ collector }: CollectRoom, edgeUrl: string): Route {
  const { host, protocol } = new URL(edgeUrl)
  const apiHost = `${host}/v1`
  return {
    method: 'GET',
    path: `${PREFIX}*`,
    wants: ['origin'],
    body: 'none',
    bodyBytesMax: 0,
    handle(ask, answer) {
      const cors = ['access-control-allow-origin', '*', 'content-type', 'application/json']
      const key = ask.path.endsWith(SUFFIX) ? ask.path.slice(PREFIX.length, -SUFFIX.length) : ''
      const headers = [...PRIVATE, ...cors]
      if (collector.source(key) === undefined) {
        const reason = collector.isReady ? 'unknown_write_key' : 'starting'
        answer.send(
          collector.isReady ? 404 : 503,
          [...headers, 'x-passerelle-reason', reason],
          '{}',
        )
        return
      }
      const sender = { apiKey: key, apiHost, protocol: protocol.slice(0, -1) }
      const plan = { track: { __default: { enabled: true, integrations: {} } } }
      const settings = { integrations: { 'Segment.io': sender }, plan, edgeFunction: {} }
      answer.send(200, headers, JSON.stringify(settings))
    },
  }
}
