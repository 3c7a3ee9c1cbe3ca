import type { Clock } from '../../audience/clock.ts'
import type { DoorLimits } from '../limits.ts'
import type { DoorRefusal } from './door.ts'
import type { HeadReader } from './head-reader.ts'
import type { InFlight } from './in-flight.ts'
import type { UwsExchange } from './uws-exchange.ts'

/** What all exchanges of one uWebSockets.js door share. */
export interface UwsDoorState {
  readonly clock: Clock
  readonly limits: DoorLimits
  readonly head: HeadReader
  readonly inFlight: InFlight
  /** True once the door closes: every answer ends its connection. */
  draining: boolean
  onRefused(reason: DoorRefusal): void
  onFailed(error: unknown): void
  /** Takes back an exchange that nobody holds any more. */
  recycle(exchange: UwsExchange): void
}
