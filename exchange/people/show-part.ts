import type { ExplainedPart } from '../../audience/rules/explain-rule.ts'
import { LIMITS } from '../limits.ts'

/** A part of an explained rule as it is shown; what it does not have is absent. */
export interface PartShown {
  rule: string
  holds: boolean
  is: ExplainedPart['is']
  parts?: PartShown[]
  value?: number
  window?: { from: string | null; to: string }
  /** The latest of them. */
  moments?: MomentShown[]
  /** Moments before those. */
  earlier?: number
  since?: string
  changesAt?: string
}

export interface MomentShown {
  trait: string
  at: string
  /** Events at this moment. */
  count: number
  /** Those of them that are remembered. */
  messages?: { source: string; messageId: string }[]
}

export type MessagesAt = (trait: string, atMs: number) => { source: string; messageId: string }[]

export function showPart(part: ExplainedPart, messagesAt: MessagesAt): PartShown {
  const { rule, holds, is, parts, value, window, moments, sinceMs, changesAtMs } = part
  const shown = moments.slice(-LIMITS.explainedMomentsMax)
  return {
    ...{ rule, holds, is },
    ...(parts.length > 0 ? { parts: parts.map((one) => showPart(one, messagesAt)) } : {}),
    ...(value === undefined ? {} : { value }),
    ...(window ? { window: { from: timeOf(window.fromMs), to: timeOf(window.toMs)! } } : {}),
    ...(shown.length > 0 ? { moments: shown.map((one) => momentOf(one, messagesAt)) } : {}),
    ...(moments.length > shown.length ? { earlier: moments.length - shown.length } : {}),
    ...(sinceMs === undefined ? {} : { since: timeOf(sinceMs)! }),
    ...(Number.isFinite(changesAtMs) ? { changesAt: timeOf(changesAtMs)! } : {}),
  }
}

function momentOf(
  { trait, atMs, count }: ExplainedPart['moments'][number],
  messagesAt: MessagesAt,
): MomentShown {
  const messages = messagesAt(trait, atMs)
  return { trait, at: timeOf(atMs)!, count, ...(messages.length > 0 ? { messages } : {}) }
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}
