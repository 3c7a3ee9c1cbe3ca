import type { InstanceState } from './instance.ts'
import type { DoorPorts } from './probe-doors.ts'

export interface BannerFacts extends DoorPorts {
  state: InstanceState
  /** As configured; a password in it is not shown. */
  store: string
  workers: number
  /** Undefined where the token was given. */
  adminTokenPath: string | undefined
  isDemo: boolean
}

/** What a start says to whoever sits in front of it, once every door listens. */
export function banner(facts: BannerFacts): string {
  const { state, host, gatewayPort, edgePort, consolePort, workers } = facts
  const served = (door: string) => state.bindings[door] ?? ''
  const token = facts.adminTokenPath ?? 'PASSERELLE_ADMIN_TOKEN'
  const lines = [
    'Passerelle is ready.',
    `  bid door   http://${at(host, gatewayPort)}   ${served('gateway')} × ${workers}`,
    `  gRPC       ${at(host, facts.grpcPort)}   IAB ARTF`,
    `  edge door  http://${at(host, edgePort)}   ${served('edge')}`,
    `  console    http://${at(facts.consoleHost, consolePort)}   ${served('console')}`,
    `  store      ${withoutPassword(facts.store)}`,
    `  operator   bearer token in ${token}`,
    ...state.degraded.map(({ finding, advice }) => `  degraded   ${finding}: ${advice}`),
  ]
  return `${[...lines, ...(facts.isDemo ? demoLines(gatewayPort) : [])].join('\n')}\n`
}

function demoLines(port: number): string[] {
  const body =
    '{"id":"1","imp":[{"id":"1","banner":{"w":300,"h":250}}],"user":{"buyeruid":"demo-user-1"}}'
  return [
    'The demo world is seeded. Try it:',
    `  curl -s localhost:${port}/openrtb2/enrich -H 'authorization: Bearer demo-dsp-key' \\`,
    `    -H 'content-type: application/json' -d '${body}'`,
  ]
}

function at(host: string, port: number): string {
  const shown = host === '0.0.0.0' || host === '127.0.0.1' ? 'localhost' : host
  return `${shown.includes(':') ? `[${shown}]` : shown}:${port}`
}

function withoutPassword(store: string): string {
  return store.replace(/\/\/[^@/]*@/, '//…@')
}
