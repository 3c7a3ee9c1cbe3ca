import type { InstanceState } from '../supervisor/instance.ts'
import type { Answer, Route } from './door.ts'

const JSON_TYPE = ['content-type', 'application/json', 'cache-control', 'no-store']

/**
 * GET /health/live and /health/ready, the same on every door: live is this process, ready is the whole
 * instance. 503 names what is missing; trouble with the store is `degraded`, and still 200.
 */
export function healthRoutes(instance: { readonly state: InstanceState }): Route[] {
  return [
    healthRoute('/health/live', (answer) => answer.send(200, JSON_TYPE, '{"live":true}')),
    healthRoute('/health/ready', (answer) => {
      const { ready, missing, degraded, bindings } = instance.state
      const body = JSON.stringify({ ready, missing, degraded, bindings })
      const reason = ready ? [] : ['x-passerelle-reason', 'not_ready']
      answer.send(ready ? 200 : 503, [...JSON_TYPE, ...reason], body)
    }),
  ]
}

function healthRoute(path: string, say: (answer: Answer) => void): Route {
  const handle: Route['handle'] = (_ask, answer) => say(answer)
  return { method: 'GET', path, wants: [], body: 'none', bodyBytesMax: 0, handle }
}
