import type { Clock } from '../../audience/clock.ts'
import { SUPERVISOR_LIMITS } from './limits.ts'
import { probePort } from './probe-port.ts'

export interface DoorPorts {
  host: string
  consoleHost: string
  gatewayPort: number
  edgePort: number
  consolePort: number
  grpcPort: number
}

/** Names the setting of a door that somebody else serves. */
export async function probeDoors(ports: DoorPorts, clock: Clock): Promise<void> {
  const { host, consoleHost } = ports
  const probes = [
    { host, port: ports.gatewayPort, variable: 'PASSERELLE_GATEWAY_PORT' },
    { host, port: ports.edgePort, variable: 'PASSERELLE_EDGE_PORT' },
    { host: consoleHost, port: ports.consolePort, variable: 'PASSERELLE_CONSOLE_PORT' },
    { host, port: ports.grpcPort, variable: 'PASSERELLE_GRPC_PORT' },
  ]
  await Promise.all(probes.map((one) => probePort(one, clock, SUPERVISOR_LIMITS.portWaitMsMax)))
}
