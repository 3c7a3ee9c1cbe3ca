import type { Clock } from '../../audience/clock.ts'
import type { DoorLimits } from '../limits.ts'
import type { AnswerHead } from './answer-head.ts'
import type { DoorRefusal } from './door.ts'
import type { HeadReader } from './head-reader.ts'
import type { InFlight } from './in-flight.ts'

/** What all exchanges of one node:http door share. */
export interface NodeDoorState {
  readonly clock: Clock
  readonly limits: DoorLimits
  readonly head: HeadReader
  readonly answerHead: AnswerHead
  readonly inFlight: InFlight
  /** True once the door closes: every answer ends its connection. */
  draining: boolean
  onRefused(reason: DoorRefusal): void
  onFailed(error: unknown): void
}
