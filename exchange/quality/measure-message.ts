import type { CollectedEvent } from '../../audience/events/collected-event.ts'
import { readMoment } from '../../audience/events/read-moment.ts'
import { Remembered } from '../../audience/remembered.ts'
import { QUALITY_LIMITS } from './limits.ts'

/** What the messages of one request add up to. */
export class MessageTally {
  received = 0
  denied = 0
  consented = 0
  valid = 0
  identified = 0
  late = 0
  stamped = 0
  skewed = 0
  agents = 0
  robots = 0
  planned = 0
  unplanned = 0
}

export interface MessageArrival {
  receivedMs: number
  /** When it was sent, as the request says it; counts where the message does not say. */
  sentMs: number | undefined
  /** Namespace number of the source's customers. */
  userId: number | undefined
}

/** Adds what a message that could be read says of its source. False of what a robot said, or what came late: that tells of no visit. */
export function measureMessage(
  tally: MessageTally,
  { message, event }: { message: unknown; event: CollectedEvent },
  { receivedMs, sentMs: ofRequestMs, userId }: MessageArrival,
): boolean {
  const { sentAt, context } = message as { sentAt?: unknown; context?: unknown }
  const sentMs = sentAt === undefined || sentAt === null ? ofRequestMs : readMoment(sentAt)
  tally.valid++
  if (event.about.namespace === userId) tally.identified++
  const isLate = event.atMs < receivedMs - QUALITY_LIMITS.lateMs
  if (isLate) tally.late++
  if (sentMs !== undefined) {
    tally.stamped++
    if (Math.abs(receivedMs - sentMs) > QUALITY_LIMITS.skewMs) tally.skewed++
  }
  const agent = (context as { userAgent?: unknown } | null | undefined)?.userAgent
  if (typeof agent !== 'string' || agent === '') return !isLate
  tally.agents++
  const isRobot = ROBOTS.of(agent)
  if (isRobot) tally.robots++
  return !isLate && !isRobot
}

/** Whether a message, or the request it came in, says anything of consent. */
export function saysConsent(message: unknown, isSaidByRequest: boolean): boolean {
  if (isSaidByRequest) return true
  const context = (message as { context?: unknown } | null)?.context
  const consent = (context as { consent?: unknown } | null | undefined)?.consent
  if (typeof consent !== 'object' || consent === null) return false
  return SIGNALS.some((name) => !isNothing((consent as Record<string, unknown>)[name]))
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

const SIGNALS = ['gdpr', 'gdprConsent', 'usPrivacy', 'gpp', 'gpc'] as const

/** What robots that say so call themselves. */
const ROBOT = /bot\b|bot\/|crawl|spider|slurp|headless|lighthouse|preview|monitor|curl\/|wget\//i
const { agentsMax, agentCharsMax } = QUALITY_LIMITS
const ROBOTS = new Remembered({ max: agentsMax, charsMax: agentCharsMax }, (agent) =>
  ROBOT.test(agent.slice(0, agentCharsMax)),
)
