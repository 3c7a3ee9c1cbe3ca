import type { Config } from '../config.ts'
import { openGateway } from '../gateway/gateway.ts'
import { readTls } from '../gateway/grpc/tls-files.ts'
import { healthRoutes } from '../gateway/http/health-routes.ts'
import { DRAIN_MS_MAX } from '../gateway/supervisor/limits.ts'
import { openBidPath } from './open-bid-path.ts'
import { openProcess } from './open-process.ts'

/** The bid path: one process per core, all on one port. */
export async function bid(config: Config): Promise<void> {
  const me = openProcess(`bid ${process.env['PASSERELLE_WORKER']}`)
  const { log, instance, closeFirst } = me
  const rooms = await openBidPath(me, config)
  const gateway = await openGateway({
    host: config.host ?? '127.0.0.1',
    port: config.gatewayPort,
    ...rooms,
    healthRoutes: healthRoutes(instance),
    grpc: {
      port: config.grpcPort,
      tls: config.tls && readTls(config.tls),
      isReady: () => instance.state.ready,
    },
    artfDataSegments: config.artfDataSegments,
    warn: (message, details) => log.warn(details ?? {}, message),
  })
  closeFirst(() => gateway.close(DRAIN_MS_MAX))
  instance.report({ isListening: true, binding: gateway.binding })
}
