import type { CollectedEvent } from '../../audience/events/collected-event.ts'
import { momentOf } from '../../audience/events/read-message.ts'
import { QUALITY_LIMITS } from './limits.ts'

/** What the messages of one request add up to. */
export function newTally() {
  return {
    ...{ received: 0, denied: 0, consented: 0, valid: 0, identified: 0, late: 0 },
    ...{ stamped: 0, skewed: 0, agents: 0, robots: 0, planned: 0, unplanned: 0 },
  }
}
export type MessageTally = ReturnType<typeof newTally>

export interface MessageArrival {
  receivedMs: number
  /** What the request says where the message does not. */
  sentAt: unknown
  /** Namespace number of the source's customers. */
  userId: number | undefined
}

/** Adds what a message that could be read says of its source. False of what a robot said, or what came late: that tells of no visit. */
export function measureMessage(
  tally: MessageTally,
  { message, event }: { message: unknown; event: CollectedEvent },
  { receivedMs, sentAt, userId }: MessageArrival,
): boolean {
  const { sentAt: ownSentAt, context } = message as { sentAt?: unknown; context?: unknown }
  const sentMs = momentOf(ownSentAt ?? sentAt)
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
  const isRobot = ROBOT.test(agent.slice(0, AGENT_CHARS_MAX))
  if (isRobot) tally.robots++
  return !isLate && !isRobot
}

/** Whether a message, or the request it came in, says anything of consent. */
export function saysConsent(message: unknown, isSaidByRequest: boolean): boolean {
  if (isSaidByRequest) return true
  const context = (message as { context?: unknown } | null)?.context
  const consent = (context as { consent?: unknown } | null | undefined)?.consent
  if (typeof consent !== 'object' || consent === null) return false
  return SIGNALS.some((name) => ![undefined, null, ''].includes((consent as never)[name]))
}

const SIGNALS = ['gdpr', 'gdprConsent', 'usPrivacy', 'gpp', 'gpc'] as const

/** What robots that say so call themselves. */
const ROBOT = /bot\b|bot\/|crawl|spider|slurp|headless|lighthouse|preview|monitor|curl\/|wget\//i
const AGENT_CHARS_MAX = 512
